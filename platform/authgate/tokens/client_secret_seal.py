"""The secrets that clients sign with (OpenID Connect Core section 9, ``client_secret_jwt``).

To check such a signature takes the secret itself. It is kept for clients that are registered so,
sealed under the tenant's key; of every other client's secret there is a hash and nothing else.
"""

from datetime import datetime

from authgate.storage.clients.rows import Client
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption

_KIND = "client-secret"


class ClientSecretSeal:
    """Seals and opens them."""

    def __init__(self, encryption: TenantEncryption) -> None:
        self._encryption = encryption

    async def sealed(self, client_id: str, secret: str) -> bytes:
        """What is stored."""
        cipher = await self._encryption.cipher(current_tenant().id)
        return cipher.seal(kind=_KIND, object_id=client_id, plaintext=secret.encode())

    async def opened(self, client: Client, *, now: datetime) -> list[bytes]:
        """Of the client's secrets those that were kept and have not ended. Raises
        ``SealBroken``."""
        cipher = await self._encryption.cipher(current_tenant().id)
        return [
            cipher.open(kind=_KIND, object_id=client.client_id, sealed=sealed)
            for sealed in client.secrets.sealed_now(now)
        ]
