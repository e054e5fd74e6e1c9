"""The data keys of all tenants, sealed anew when the key-encryption key was replaced.

A page of tenants at a time: one statement reads what the former key has sealed, one transaction
stores it as the present key seals it. Whatever breaks off, a data key is sealed by one of the two,
and whoever comes next goes on with those that the former still seals.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple
from uuid import UUID

import asyncpg

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.postgres.line import PostgresLine
from authgate.storage.sqlite.line import connected
from authgate_tenants.encryption import TenantEncryption

PAGE = 500
"""Tenants of one transaction."""

_PAGE_SECONDS = 60.0

_TENANTS = "SELECT id FROM tenants WHERE id > {after} ORDER BY id LIMIT {page}"
# PostgreSQL leaves subqueries with an OFFSET as they are: it is inside of a tenant's walls before
# it reads there, one tenant after the other.
_STALE_ON_POSTGRES = (
    "SELECT found.* FROM unnest($1::uuid[]) AS tenant (id) CROSS JOIN LATERAL"
    " (SELECT set_config('app.tenant', tenant.id::text, true)::uuid AS id OFFSET 0) AS inside"
    " CROSS JOIN LATERAL (SELECT id, tenant_id, version, kek_id, wrapped FROM tenant_data_keys"
    " WHERE tenant_id = inside.id AND kek_id <> $2 OFFSET 0 FOR UPDATE) AS found"
)
_STALE_ON_SQLITE = (
    "SELECT id, tenant_id, version, kek_id, wrapped FROM tenant_data_keys"
    " WHERE tenant_id > ? AND tenant_id <= ? AND kek_id <> ?"
)
_STORE_ON_SQLITE = "UPDATE tenant_data_keys SET kek_id = ?, wrapped = ? WHERE id = ?"


class DataKey(NamedTuple):
    """A data key as it is stored."""

    id: UUID
    tenant_id: UUID
    version: int
    kek_id: str
    wrapped: bytes


async def rewrap(settings: DatabaseSettings, encryption: TenantEncryption) -> int:
    """Have the first key-encryption key wrap every data key; the count of those changed.

    Safe to repeat, to break off, and to do twice at once. Raises ``SealBroken`` and
    ``UnknownKeyEncryptionKey``; the pages before are done then.
    """
    if settings.is_sqlite:
        return await asyncio.to_thread(_on_sqlite, database.sqlite_path(settings), encryption)
    line = PostgresLine(
        settings.url.get_secret_value(), pgbouncer=settings.pgbouncer, seconds=_PAGE_SECONDS
    )
    after, changed = UUID(int=0), 0
    try:
        while True:
            async with line.transaction() as connection:
                page = await connection.fetch(_TENANTS.format(after="$1", page="$2"), after, PAGE)
                if not page:
                    return changed
                tenants = [row["id"] for row in page]
                changed += await _page_on_postgres(connection, tenants, encryption)
            after = tenants[-1]
    finally:
        await line.close()


async def _page_on_postgres(
    connection: asyncpg.Connection, tenants: Sequence[UUID], encryption: TenantEncryption
) -> int:
    rows = await connection.fetch(_STALE_ON_POSTGRES, tenants, encryption.wrapping_id)
    stale = [DataKey(*row) for row in rows]
    if stale:
        # Statements of several tenants in one message, of ids and bytes and nothing that could be
        # read as anything else: a round trip for each of them would take most of the time.
        await connection.execute("".join(_stored(each, encryption) for each in stale))
    return len(stale)


def _stored(key: DataKey, encryption: TenantEncryption) -> str:
    kek_id, wrapped = encryption.wrapping_id, _rewrapped(key, encryption).hex()
    return (
        f"SELECT set_config('app.tenant', '{key.tenant_id}', true);"  # noqa: S608 - ids and hex
        f" UPDATE tenant_data_keys SET kek_id = '{kek_id}', wrapped = '\\x{wrapped}'"
        f" WHERE tenant_id = '{key.tenant_id}' AND id = '{key.id}';"
    )


def _rewrapped(key: DataKey, encryption: TenantEncryption) -> bytes:
    return encryption.rewrapped(key.wrapped, tenant_id=key.tenant_id, version=key.version)


def _on_sqlite(path: str, encryption: TenantEncryption) -> int:
    with closing(connected(path)) as connection:
        after, changed = "", 0
        while page := connection.execute(
            _TENANTS.format(after="?", page="?"), (after, PAGE)
        ).fetchall():
            last = page[-1][0]
            changed += _page_on_sqlite(connection, (after, last), encryption)
            after = last
        return changed


def _page_on_sqlite(
    connection: sqlite3.Connection, between: tuple[str, str], encryption: TenantEncryption
) -> int:
    connection.execute("BEGIN IMMEDIATE")
    rows = connection.execute(_STALE_ON_SQLITE, (*between, encryption.wrapping_id)).fetchall()
    stale = [DataKey(UUID(row[0]), UUID(row[1]), *row[2:]) for row in rows]
    connection.executemany(
        _STORE_ON_SQLITE,
        [(encryption.wrapping_id, _rewrapped(each, encryption), str(each.id)) for each in stale],
    )
    connection.execute("COMMIT")
    return len(stale)
