"""Rows that should have been removed long ago: whether anybody removes expired ones at all."""

from datetime import datetime

import asyncpg
from tortoise import connections

from authgate.settings import DatabaseSettings
from authgate.storage.batches.append_log import encoded
from authgate.storage.sweep.expiry import KINDS, Kind
from authgate.storage.sweep.line import sweep_line


async def overdue(settings: DatabaseSettings, *, since: datetime) -> list[str]:
    """Tables of the open database with rows that were to be removed before this moment.

    PostgreSQL is asked as the sweep role. Raises what makes it an outage.
    """
    if settings.is_sqlite:
        return [kind.table for kind in KINDS if await _is_in_sqlite(kind, since)]
    async with sweep_line(settings) as line:
        return [kind.table for kind in KINDS if await _is_in_postgres(line, kind, since)]


async def _is_in_sqlite(kind: Kind, since: datetime) -> bool:
    values = encoded(_values(kind, since), "sqlite")
    client = connections.get("default")
    return bool(await client.execute_query_dict(kind.overdue("?1", "?2"), list(values)))


async def _is_in_postgres(line: asyncpg.Connection, kind: Kind, since: datetime) -> bool:
    return bool(await line.fetchval(kind.overdue("$1", "$2"), *_values(kind, since)))


def _values(kind: Kind, since: datetime) -> tuple[datetime, ...]:
    return (since - kind.kept, *((since,) if kind.asks_now else ()))
