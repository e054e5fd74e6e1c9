"""What a connection must keep to itself: sealed for its tenant and its own id, and nowhere else."""

from collections.abc import Mapping
from uuid import UUID

import orjson

from authgate.storage.sign_in.connections import Connection
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption

_SEAL = "connection"


class ConnectionSecrets:
    """Seals and opens the secrets of the connections of whichever tenant is in scope."""

    def __init__(self, encryption: TenantEncryption) -> None:
        self._encryption = encryption

    async def open(self, connection: Connection) -> dict[str, object]:
        """The secret settings by their names. Raises ``SealBroken``."""
        cipher = await self._encryption.cipher(current_tenant().id)
        opened: dict[str, object] = orjson.loads(
            cipher.open(kind=_SEAL, object_id=str(connection.id), sealed=connection.sealed_secrets)
        )
        return opened

    async def seal(self, connection_id: UUID, secrets: Mapping[str, object]) -> bytes:
        """The secret settings as they are stored."""
        cipher = await self._encryption.cipher(current_tenant().id)
        return cipher.seal(
            kind=_SEAL, object_id=str(connection_id), plaintext=orjson.dumps(dict(secrets))
        )
