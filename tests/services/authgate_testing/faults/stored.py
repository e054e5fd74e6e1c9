"""What the database holds after all, read past every wall."""

import hashlib
from dataclasses import dataclass

import asyncpg


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A row of ``tokens``."""

    jti: str
    tenant_id: str
    token_hash: bytes
    client_id: str
    grant_type: str


@dataclass(frozen=True, slots=True)
class StoredCode:
    """A row of ``device_codes``."""

    code_id: str
    tenant_id: str
    code_hash: bytes
    client_id: str
    status: str


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A row of ``audit_events``."""

    tenant_id: str
    kind: str
    resource_id: str


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows of every tenant."""

    tokens: list[StoredToken]
    codes: list[StoredCode]
    events: list[StoredEvent]


def hashed(secret: str) -> bytes:
    """How a token or a device code is kept."""
    return hashlib.sha256(secret.encode()).digest()


async def read(superuser_dsn: str) -> Stored:
    """Read all of it."""
    connection = await asyncpg.connect(superuser_dsn)
    try:
        return Stored(
            tokens=[
                StoredToken(*row)
                for row in await connection.fetch(
                    "SELECT id::text, tenant_id::text, token_hash, client_id, grant_type"
                    " FROM tokens"
                )
            ],
            codes=[
                StoredCode(*row)
                for row in await connection.fetch(
                    "SELECT id::text, tenant_id::text, device_code_hash, client_id, status"
                    " FROM device_codes"
                )
            ],
            events=[
                StoredEvent(*row)
                for row in await connection.fetch(
                    "SELECT tenant_id::text, event_type, resource_id FROM audit_events"
                )
            ],
        )
    finally:
        await connection.close()
