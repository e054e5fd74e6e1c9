"""Rows that are only ever added: tokens and audit events.

Concurrent requests share one transaction (group commit) and each is answered after it commits. On
PostgreSQL that transaction runs as a role that may insert into these tables and do nothing else,
so it may hold rows of several tenants. Inside an open unit of work the rows join that one instead.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from time import perf_counter
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import asyncpg
from tortoise import connections

from authgate.storage import database
from authgate.storage.batching import Batcher, Waiting
from authgate.storage.postgres_line import PostgresLine
from authgate.storage.sqlite_client import PRAGMAS
from authgate.storage.unit_of_work import in_transaction
from authgate.telemetry import metrics


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table that rows are appended to. There is one object for each."""

    name: str
    columns: tuple[str, ...]

    def insert(self, dialect: database.Dialect, *, first: int = 1) -> str:
        """The statement that adds one row, whose parameters are counted from ``first``."""
        marks = ", ".join(
            "?" if dialect == "sqlite" else f"${n}" for n in range(first, first + len(self.columns))
        )
        return f"INSERT INTO {self.name} ({', '.join(self.columns)}) VALUES ({marks})"  # noqa: S608


class Row(NamedTuple):
    """Values of a row, in the order of its table's columns."""

    table: Table
    values: tuple[Any, ...]


Rows = tuple[Row, ...]
_Groups = dict[tuple[Table, ...], list[tuple[Any, ...]]]
"""Values of rows that go together, in a row each, by the tables they go into."""


class _Writer(Protocol):
    async def write(self, items: Sequence[Rows]) -> None:
        """Commit all of the rows, or none."""

    async def close(self) -> None: ...


class AppendLog:
    """Appends rows and returns once they are durable."""

    def __init__(self, writer: _Writer, dialect: database.Dialect, *, seconds: float) -> None:
        self._writer = writer
        self._dialect = dialect
        self._batcher: Batcher[Rows, None] = Batcher(self._commit, seconds=seconds)

    @property
    def waiting(self) -> int:
        """Requests whose rows wait for the next transaction."""
        return self._batcher.waiting

    def append(self, *rows: Row) -> Awaitable[None]:
        """Store the rows together: in the open unit of work, or by group commit."""
        return self._join(rows) if in_transaction() else self._batcher.submit(rows)

    async def _join(self, rows: Rows) -> None:
        connection = connections.get("default")
        for row in rows:
            await connection.execute_insert(
                row.table.insert(self._dialect), encoded(row.values, self._dialect)
            )

    async def close(self) -> None:
        """Commit what waits, and disconnect."""
        await self._batcher.close()
        await self._writer.close()

    async def _commit(self, batch: Sequence[Waiting[Rows, None]]) -> None:
        items = [waiting.item for waiting in batch]
        metrics.append_log_batch_rows.observe(sum(map(len, items)))
        began = perf_counter()
        try:
            await self._writer.write(items)
            metrics.append_log_commit_seconds.observe(perf_counter() - began)
        except Exception as error:
            if len(batch) == 1 or database.is_outage(error):
                raise
            await self._commit_one_by_one(batch)
            return
        for waiting in batch:
            waiting.answer(None)

    async def _commit_one_by_one(self, batch: Sequence[Waiting[Rows, None]]) -> None:
        # One request's bad row must not fail its neighbours'.
        for waiting in batch:
            try:
                await self._writer.write([waiting.item])
                waiting.answer(None)
            except Exception as error:  # handed to whoever waits for it
                if database.is_outage(error):
                    raise
                waiting.fail(error)


def encoded(values: Sequence[Any], dialect: database.Dialect) -> list[Any]:
    """Values as the driver takes them, in the form in which the ORM stores them.

    JSON is given as text already.
    """
    # PostgreSQL's driver knows all of these types itself.
    return list(values) if dialect == "postgres" else [_for_sqlite(value) for value in values]


def _for_sqlite(value: Any) -> Any:
    kind = type(value)
    if kind is UUID:
        return str(value)
    return value.isoformat(sep=" ") if kind is datetime else value


class PostgresWriter:
    """Writes as the insert-only role."""

    def __init__(self, url: str, *, pgbouncer: bool, seconds: float) -> None:
        self._line = PostgresLine(url, pgbouncer=pgbouncer, seconds=seconds)
        self._pgbouncer = pgbouncer
        self._seconds = seconds

    async def write(self, items: Sequence[Rows]) -> None:
        """Commit the rows in one transaction."""
        groups = _by_tables(items)
        if len(groups) == 1 and not self._pgbouncer:
            # Most batches are alike. One statement, however often it is executed, is a transaction
            # by itself and one round trip; a pooler might cut it in two, between server processes.
            async with self._line.connection() as connection:
                await self._insert(connection, groups)
            return
        async with self._line.transaction() as connection:
            await self._insert(connection, groups)

    async def _insert(self, connection: "asyncpg.Connection", groups: _Groups) -> None:
        for tables, values in groups.items():
            # A driver that is cancelled while the line takes no more waits on, for the answer to
            # what it has not sent. Its own time limit ends that.
            await connection.executemany(_insert_all(tables), values, timeout=self._seconds)

    async def close(self) -> None:
        """Disconnect."""
        await self._line.close()


def _by_tables(items: Sequence[Rows]) -> _Groups:
    groups: _Groups = {}
    for rows in items:
        tables = tuple([row.table for row in rows])
        values = tuple([value for row in rows for value in row.values])
        groups.setdefault(tables, []).append(values)
    return groups


@lru_cache
def _insert_all(tables: tuple[Table, ...]) -> str:
    """One statement of PostgreSQL's that adds a row to each of the tables."""
    statements, first = [], 1
    for table in tables:
        statements.append(table.insert("postgres", first=first))
        first += len(table.columns)
    *before, last = statements
    named = ", ".join(f"row_{n} AS ({statement})" for n, statement in enumerate(before))
    return f"WITH {named} {last}" if named else last


def _by_table(rows: Sequence[Row]) -> list[tuple[str, list[list[Any]]]]:
    groups: dict[Table, list[list[Any]]] = {}
    for row in rows:
        groups.setdefault(row.table, []).append(encoded(row.values, "sqlite"))
    return [(table.insert("sqlite"), values) for table, values in groups.items()]


class SqliteWriter:
    """One connection in a thread of its own, taking turns with the ORM's transactions."""

    def __init__(self, path: str, turn: asyncio.Lock) -> None:
        self._path = path
        self._turn = turn
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="append-log")
        self._connection: sqlite3.Connection | None = None

    async def write(self, items: Sequence[Rows]) -> None:
        """Commit the rows in one transaction."""
        statements = _by_table([row for rows in items for row in rows])
        async with self._turn:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._write, statements)

    async def close(self) -> None:
        """Disconnect."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    def _write(self, statements: list[tuple[str, list[list[Any]]]]) -> None:
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement, values in statements:
                connection.executemany(statement, values)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk has made SQLite roll back by itself
                connection.execute("ROLLBACK")
            raise

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            for name, value in PRAGMAS.items():
                self._connection.execute(f"PRAGMA {name}={value}")
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
