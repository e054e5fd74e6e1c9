"""Which tenants have clients to be told of a logout, whoever's they are.

Looks across tenants: on PostgreSQL as the sweep role, to which the database shows the deliveries
that wait, and which can change none of them. Those of tenants that are not served wait on.
"""

import asyncio
import sqlite3
from contextlib import closing
from datetime import datetime
from uuid import UUID

import asyncpg

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.batches.append_log import encoded

_DUE = (
    "SELECT tenant_id FROM logout_deliveries JOIN tenants ON tenants.id = tenant_id"
    " WHERE logout_deliveries.status = 'pending' AND next_attempt_at <= {now}"
    " AND tenants.status = 'active'"
    " GROUP BY tenant_id ORDER BY MIN(next_attempt_at) LIMIT {limit}"
)


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants whose deliveries are due, the longest waiting first."""
    if settings.is_sqlite:
        path = database.sqlite_path(settings)
        return await asyncio.to_thread(_on_sqlite, path, now, limit)
    connection = await asyncpg.connect(
        database.dsn(database.sweep_url(settings)),
        timeout=3,
        statement_cache_size=0 if settings.pgbouncer else 100,
    )
    try:
        rows = await connection.fetch(_DUE.format(now="$1", limit="$2"), now, limit)
        return [row["tenant_id"] for row in rows]
    finally:
        await connection.close(timeout=3)


def _on_sqlite(path: str, now: datetime, limit: int) -> list[UUID]:
    with closing(sqlite3.connect(path)) as connection:
        values = encoded((now, limit), "sqlite")
        rows = connection.execute(_DUE.format(now="?1", limit="?2"), values).fetchall()
    return [UUID(row[0]) for row in rows]
