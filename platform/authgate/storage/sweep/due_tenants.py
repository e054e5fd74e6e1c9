"""Tenants that have something to be done, found across all of them."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import datetime
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.batches.append_log import encoded
from authgate.storage.sweep.line import sweep_line


async def found(
    statement: str, settings: DatabaseSettings, *, now: datetime, limit: int
) -> list[UUID]:
    """What a statement finds, in which ``{now}`` and ``{limit}`` stand for its parameters; on
    PostgreSQL as the sweep role."""
    if settings.is_sqlite:
        path = database.sqlite_path(settings)
        return await asyncio.to_thread(_on_sqlite, statement, path, now, limit)
    async with sweep_line(settings) as connection:
        rows = await connection.fetch(statement.format(now="$1", limit="$2"), now, limit)
    return [row["tenant_id"] for row in rows]


def _on_sqlite(statement: str, path: str, now: datetime, limit: int) -> list[UUID]:
    with closing(sqlite3.connect(path)) as connection:
        values = encoded((now, limit), "sqlite")
        rows = connection.execute(statement.format(now="?1", limit="?2"), values).fetchall()
    return [UUID(row[0]) for row in rows]
