"""Tenants that have something to be done, found across all of them."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime
from typing import Any
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.batches.append_log import encoded
from authgate.storage.sweep.line import sweep_line


async def found(
    statement: str,
    settings: DatabaseSettings,
    *,
    now: datetime,
    limit: int,
    month: date | None = None,
) -> list[UUID]:
    """The tenants that a statement finds, as ``rows`` has it."""
    told = await rows(statement, settings, now=now, limit=limit, month=month)
    return [tenant_id for tenant_id, *_ in told]


async def rows(
    statement: str,
    settings: DatabaseSettings,
    *,
    now: datetime,
    limit: int,
    month: date | None = None,
) -> list[Sequence[Any]]:
    """What a statement finds, in which ``{now}``, ``{limit}`` and, where it is given, ``{month}``
    stand for its parameters: a tenant first, and then whatever the driver returns; on PostgreSQL as
    the sweep role."""
    values = (now, limit) if month is None else (now, limit, month)
    if settings.is_sqlite:
        path = database.sqlite_path(settings)
        return await asyncio.to_thread(_on_sqlite, statement, path, values)
    asked = statement.format(now="$1", limit="$2", month="$3")
    async with sweep_line(settings) as connection:
        records = await connection.fetch(asked, *values)
    return [tuple(each) for each in records]


def _on_sqlite(statement: str, path: str, values: Sequence[Any]) -> list[Sequence[Any]]:
    asked = statement.format(now="?1", limit="?2", month="?3")
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(asked, encoded(values, "sqlite")).fetchall()
    return [(UUID(tenant_id), *rest) for tenant_id, *rest in found]
