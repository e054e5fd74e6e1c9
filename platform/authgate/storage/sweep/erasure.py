"""Removing all that is stored of a tenant whose keys are gone, in transactions that keep nobody
waiting.

On PostgreSQL the sweep role does it, to which the database shows the rows of a tenant only while it
is being erased. How many rows went is written down with them, so whoever is killed has neither lost
nor counted any twice, and the next one goes on where it stopped.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from graphlib import TopologicalSorter
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import orjson

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.batches.append_log import encoded
from authgate.storage.postgres.client import inside
from authgate.storage.postgres.row_security import erased_tables
from authgate.storage.sqlite.line import connected
from authgate.storage.sweep.line import sweep_line
from authgate_tenants.models import TenantDeletion

_TURN = 0x65726173  # any number, the same for everybody who erases

Certify = Callable[[dict[str, int]], str]
"""The certificate over the rows that were removed, by table."""

_REFERENCES = (
    "SELECT DISTINCT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint"
    " WHERE contype = 'f' AND conrelid <> confrelid"
)
_REMOVED = "SELECT removed FROM tenant_deletions WHERE id = $1 AND state = 'erasing'"
_COUNT = "UPDATE tenant_deletions SET removed = $2 WHERE id = $1"
_END = (
    "UPDATE tenant_deletions SET state = 'deleted', ended_at = $2, removed = $3, certificate = $4"
    " WHERE id = $1"
)
_GONE = "DELETE FROM tenants WHERE id = $1"


class AnotherErases(Exception):
    """Another process is doing this right now."""


class _Statements(Protocol):
    """The statements of one transaction; parameters are ``$1`` and so on."""

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]: ...

    async def execute(self, statement: str, *values: Any) -> int:
        """Change rows; how many."""


class _Line(_Statements, Protocol):
    def transaction(self, tenant_id: UUID) -> AbstractAsyncContextManager[None]:
        """Commit what the block does inside of a tenant. Raises ``AnotherErases``."""

    async def references(self) -> list[tuple[str, str]]:
        """Tables, and those that their rows refer to and go with."""


class Eraser:
    """Removes what deleted tenants have left behind."""

    def __init__(self, line: _Line, order: list[str], *, batch: int) -> None:
        self._line = line
        self.tables = order
        """All that is cleared, those that refer to others first: no row takes others with it that
        nobody has counted."""
        self.batch = batch
        """Rows that one transaction removes at most."""

    async def remove(self, deletion: TenantDeletion, table: str) -> int:
        """Remove a batch of a table's rows; how many. Raises ``AnotherErases``."""
        async with self._line.transaction(deletion.tenant_id):
            removed = await self._removed(deletion)
            count = await self._line.execute(_some(table), deletion.tenant_id, self.batch)
            if count:
                removed[table] = removed.get(table, 0) + count
                await self._line.execute(_COUNT, deletion.id, _json(removed))
        return count

    async def finish(self, deletion: TenantDeletion, certify: Certify, *, now: datetime) -> bool:
        """Take away the tenant itself and keep the certificate: both or none.

        ``False`` where rows are left, such as those of a request that was on its way. Raises
        ``AnotherErases``.
        """
        async with self._line.transaction(deletion.tenant_id):
            removed = await self._removed(deletion)
            for table in self.tables:
                left = f"SELECT 1 FROM {table} WHERE tenant_id = $1 LIMIT 1"  # noqa: S608
                if await self._line.fetch(left, deletion.tenant_id):
                    return False
            removed["tenants"] = 1
            await self._line.execute(_END, deletion.id, now, _json(removed), certify(removed))
            await self._line.execute(_GONE, deletion.tenant_id)
        return True

    async def _removed(self, deletion: TenantDeletion) -> dict[str, int]:
        rows = await self._line.fetch(_REMOVED, deletion.id)
        if not rows:
            raise AnotherErases  # and has ended it
        counts: dict[str, int] = orjson.loads(rows[0][0])
        return counts


@asynccontextmanager
async def erasing(settings: DatabaseSettings, *, batch: int) -> AsyncIterator[Eraser]:
    """A line to the open database that removes so many rows at a time."""
    opened = _on_sqlite if settings.is_sqlite else _on_postgres
    async with opened(settings) as line:
        yield Eraser(line, _ordered(await line.references()), batch=batch)


def _ordered(references: list[tuple[str, str]]) -> list[str]:
    order: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(erased_tables(), ()))
    for table, of in references:
        order.add(of, table)
    tables = set(erased_tables())
    return [table for table in order.static_order() if table in tables]


def _some(table: str) -> str:
    some = f"SELECT id FROM {table} WHERE tenant_id = $1 LIMIT $2"  # noqa: S608 - our own names
    return f"DELETE FROM {table} WHERE id IN ({some})"  # noqa: S608


def _json(counts: Mapping[str, int]) -> str:
    return orjson.dumps(dict(counts), option=orjson.OPT_SORT_KEYS).decode()


class _PostgresLine:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[None]:
        async with self._connection.transaction():
            # Two that delete the same rows in different orders would wait for each other.
            if not await self._connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _TURN):
                raise AnotherErases
            await self._connection.execute(inside(tenant_id))
            yield

    async def references(self) -> list[tuple[str, str]]:
        return [(row[0], row[1]) for row in await self._connection.fetch(_REFERENCES)]

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self._connection.fetch(statement, *values)]

    async def execute(self, statement: str, *values: Any) -> int:
        status = await self._connection.execute(statement, *values)
        return int(status.rpartition(" ")[2])


@asynccontextmanager
async def _on_postgres(settings: DatabaseSettings) -> AsyncIterator[_Line]:
    async with sweep_line(settings) as connection:
        yield _PostgresLine(connection)


class _SqliteLine:
    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread

    @asynccontextmanager
    async def transaction(self, tenant_id: UUID) -> AsyncIterator[None]:
        await self._run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            # In the thread's order behind what is under way, whoever waits for it or not.
            self._thread.submit(self._connection.rollback)
            raise
        await self._run("COMMIT")

    async def references(self) -> list[tuple[str, str]]:
        return []  # but for the tenant itself: SQLite has no others (storage.tenant_keys)

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        rows, _ = await self._run(statement, *values)
        return rows

    async def execute(self, statement: str, *values: Any) -> int:
        _, count = await self._run(statement, *values)
        return count

    async def _run(self, statement: str, *values: Any) -> tuple[list[tuple[Any, ...]], int]:
        given = {str(n): value for n, value in enumerate(encoded(values, "sqlite"), start=1)}

        def run() -> tuple[list[tuple[Any, ...]], int]:
            cursor = self._connection.execute(statement, given)
            return cursor.fetchall(), cursor.rowcount

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)


@asynccontextmanager
async def _on_sqlite(settings: DatabaseSettings) -> AsyncIterator[_Line]:
    loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, thread_name_prefix="erase")
    connection = await loop.run_in_executor(thread, connected, database.sqlite_path(settings))
    try:
        yield _SqliteLine(connection, thread)
    finally:
        # What was deleted is overwritten in the database, but not in its log before that is empty.
        thread.submit(connection.execute, "PRAGMA wal_checkpoint(TRUNCATE)")
        # Not waited for: who was cancelled leaves a statement that is still on its way.
        thread.submit(connection.close)
        thread.shutdown(wait=False)
