"""What leaves audit logs: events whose time is over, and what told of people who are gone.

On PostgreSQL the sweep role does it. The database lets it remove events under a seal that was given
up and is older than thirty days, and empty what is open for an erasure, and nothing else.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    suppress,
)
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.batches.append_log import encoded
from authgate.storage.postgres.client import inside
from authgate.storage.sqlite.line import connected
from authgate.storage.sweep import due_tenants
from authgate.storage.sweep.line import sweep_line

Remove = Callable[[int, int], Awaitable[int]]

_REMOVE: Final = (
    "DELETE FROM audit_events WHERE tenant_id = {tenant} AND seq >= {first} AND seq <= {last}"
)
_REMOVE_FOLDED: Final = (
    "DELETE FROM audit_seals WHERE tenant_id = {tenant} AND first_seq >= {first}"
    " AND first_seq < {before} AND gone_at IS NOT NULL"
)
_EMPTY: Final = (
    "UPDATE audit_events SET actor_name = '', ip = '', user_agent = '', details = '{{}}',"
    " salt = NULL, erased_at = {now} WHERE tenant_id = {tenant} AND seq {places}"
)
_AGED: Final = (
    "SELECT tenant_id FROM audit_logs WHERE due_at <= {now} ORDER BY due_at LIMIT {limit}"
)
_CHECKED: Final = (
    "SELECT tenant_id FROM audit_logs WHERE verify_at <= {now} ORDER BY verify_at LIMIT {limit}"
)
_LEAVING: Final = (
    "SELECT tenant_id FROM audit_erasures WHERE due_at <= {now}"
    " GROUP BY tenant_id ORDER BY min(due_at) LIMIT {limit}"
)


async def with_old_events(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants of whose logs something may be older than they want it to be."""
    return await due_tenants.found(_AGED, settings, now=now, limit=limit)


async def to_be_verified(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants whose logs are to be checked, the longest waiting first."""
    return await due_tenants.found(_CHECKED, settings, now=now, limit=limit)


async def with_erasures(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants whose logs are to forget somebody by now, the longest waiting first."""
    return await due_tenants.found(_LEAVING, settings, now=now, limit=limit)


def removing(settings: DatabaseSettings, tenant_id: UUID) -> AbstractAsyncContextManager[Remove]:
    """Removes the events from one place to another and says how many there were."""
    return _removing(settings, tenant_id, _REMOVE.format(tenant="$1", first="$2", last="$3"))


def removing_folded(
    settings: DatabaseSettings, tenant_id: UUID
) -> AbstractAsyncContextManager[Remove]:
    """Removes seals for which another one stands, from one place on and before another, and says
    how many there were."""
    statement = _REMOVE_FOLDED.format(tenant="$1", first="$2", before="$3")
    return _removing(settings, tenant_id, statement)


@asynccontextmanager
async def _removing(
    settings: DatabaseSettings, tenant_id: UUID, statement: str
) -> AsyncIterator[Remove]:
    """Until the block ends, by one connection, that is opened for the first."""
    async with AsyncExitStack() as stack:
        lines: list[asyncpg.Connection] = []

        async def remove(first: int, last: int) -> int:
            if settings.is_sqlite:
                return await _change(settings, statement, tenant_id, first, last)
            if not lines:
                lines.append(await stack.enter_async_context(sweep_line(settings)))
            return await _changed(lines[0], statement, tenant_id, first, last)

        yield remove


async def empty(
    settings: DatabaseSettings, tenant_id: UUID, places: Sequence[int], *, now: datetime
) -> int:
    """Empty what tells of people in the events at these places; how many there were."""
    if settings.is_sqlite:
        among = "IN (SELECT value FROM json_each($2))"
        given: Any = orjson.dumps(list(places)).decode()
    else:
        among, given = "= ANY($2::bigint[])", list(places)
    statement = _EMPTY.format(tenant="$1", places=among, now="$3")
    return await _change(settings, statement, tenant_id, given, now)


async def overwrite(settings: DatabaseSettings) -> None:
    """Leave nothing of what was removed in SQLite's log of changes, unless somebody reads there."""
    if settings.is_sqlite:
        await asyncio.to_thread(_overwritten, database.sqlite_path(settings))


async def _change(settings: DatabaseSettings, statement: str, tenant_id: UUID, *values: Any) -> int:
    if settings.is_sqlite:
        path = database.sqlite_path(settings)
        given = encoded((tenant_id, *values), "sqlite")
        return await asyncio.to_thread(_on_sqlite, path, statement.replace("$", "?"), given)
    async with sweep_line(settings) as line:
        return await _changed(line, statement, tenant_id, *values)


async def _changed(line: asyncpg.Connection, statement: str, tenant_id: UUID, *values: Any) -> int:
    async with line.transaction():
        await line.execute(inside(tenant_id))
        done = await line.execute(statement, tenant_id, *values)
    return int(done.rpartition(" ")[2])


def _on_sqlite(path: str, statement: str, values: Sequence[Any]) -> int:
    with closing(connected(path)) as connection:
        return connection.execute(statement, values).rowcount


def _overwritten(path: str) -> None:
    # What was there is overwritten in the database, but not in its log before that is empty.
    with closing(connected(path)) as connection, suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
