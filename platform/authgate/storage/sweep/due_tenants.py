"""Tenants that have something to be done, found across all of them."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Any
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.batches.append_log import encoded
from authgate.storage.sweep.line import sweep_line


async def found(
    statement: str, settings: DatabaseSettings, *, now: datetime, limit: int
) -> list[UUID]:
    """The tenants that a statement finds, as ``rows`` has it."""
    return [tenant_id for tenant_id, *_ in await rows(statement, settings, now=now, limit=limit)]


async def rows(
    statement: str, settings: DatabaseSettings, *, now: datetime, limit: int
) -> list[Sequence[Any]]:
    """What a statement finds, in which ``{now}`` and ``{limit}`` stand for its parameters: a tenant
    first, and then whatever the driver returns; on PostgreSQL as the sweep role."""
    if settings.is_sqlite:
        path = database.sqlite_path(settings)
        return await asyncio.to_thread(_on_sqlite, statement, path, now, limit)
    async with sweep_line(settings) as connection:
        records = await connection.fetch(statement.format(now="$1", limit="$2"), now, limit)
    return [tuple(each) for each in records]


def _on_sqlite(statement: str, path: str, now: datetime, limit: int) -> list[Sequence[Any]]:
    with closing(sqlite3.connect(path)) as connection:
        values = encoded((now, limit), "sqlite")
        found = connection.execute(statement.format(now="?1", limit="?2"), values).fetchall()
    return [(UUID(tenant_id), *rest) for tenant_id, *rest in found]
