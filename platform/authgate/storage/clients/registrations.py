"""What a client that registered itself holds: the token that manages it, and an end where nobody
uses it (RFC 7592)."""

from datetime import datetime

from authgate.storage.clients.rows import ClientRow
from authgate.storage.random_secrets import hashed, new_secret

_PREFIX = "agcfg_"  # lets a secret scanner recognise one


async def grant(client_id: str) -> str:
    """A first registration access token for a client (256 random bits)."""
    token = _new_token()
    await ClientRow.filter(client_id=client_id).update(registration_token_hash=hashed(token))
    return token


async def is_held(client_id: str, token: str) -> bool:
    """Whether this is the token that manages the client."""
    return await ClientRow.filter(
        client_id=client_id, registration_token_hash=hashed(token)
    ).exists()


async def rotate(client_id: str, former: str) -> str | None:
    """Another token for whoever holds the former one, which ends; of those who come together with
    it one gets one."""
    token = _new_token()
    held = ClientRow.filter(client_id=client_id, registration_token_hash=hashed(former))
    return token if await held.update(registration_token_hash=hashed(token)) == 1 else None


async def keep(client_id: str, *, until: datetime) -> None:
    """Let a client that is used stay until then, at least."""
    await ClientRow.filter(client_id=client_id, expires_at__lt=until).update(expires_at=until)


def _new_token() -> str:
    return new_secret(_PREFIX)
