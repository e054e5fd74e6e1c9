"""Rows that are only ever added: tokens and audit events.

Concurrent requests share one transaction (group commit) and each is answered after it commits. On
PostgreSQL that transaction runs as a role that may insert into these tables and do nothing else,
so it may hold rows of several tenants. Inside an open unit of work the rows join that one instead.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol
from uuid import UUID

from tortoise import connections

from authgate.storage import database
from authgate.storage.batching import Batcher, Waiting
from authgate.storage.postgres_line import PostgresLine
from authgate.storage.sqlite_client import PRAGMAS
from authgate.storage.unit_of_work import in_transaction
from authgate.telemetry import metrics


@dataclass(frozen=True, slots=True)
class Table:
    """A table that rows are appended to."""

    name: str
    columns: tuple[str, ...]

    def insert(self, dialect: database.Dialect) -> str:
        """The statement that adds one row."""
        marks = ", ".join(
            "?" if dialect == "sqlite" else f"${n}" for n in range(1, len(self.columns) + 1)
        )
        return f"INSERT INTO {self.name} ({', '.join(self.columns)}) VALUES ({marks})"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Row:
    """Values of a row, in the order of its table's columns."""

    table: Table
    values: tuple[Any, ...]


Rows = tuple[Row, ...]


class _Writer(Protocol):
    async def write(self, rows: Sequence[Row]) -> None:
        """Commit all of the rows, or none."""

    async def close(self) -> None: ...


class AppendLog:
    """Appends rows and returns once they are durable."""

    def __init__(self, writer: _Writer, dialect: database.Dialect, *, seconds: float) -> None:
        self._writer = writer
        self._dialect = dialect
        self._batcher: Batcher[Rows, None] = Batcher(self._commit, seconds=seconds)

    async def append(self, *rows: Row) -> None:
        """Store the rows together: in the open unit of work, or by group commit."""
        if not rows:
            return
        if in_transaction():
            connection = connections.get("default")
            for row in rows:
                await connection.execute_insert(
                    row.table.insert(self._dialect), encoded(row.values, self._dialect)
                )
        else:
            await self._batcher.submit(rows)

    async def close(self) -> None:
        """Commit what waits, and disconnect."""
        await self._batcher.close()
        await self._writer.close()

    async def _commit(self, batch: Sequence[Waiting[Rows, None]]) -> None:
        together = [row for waiting in batch for row in waiting.item]
        metrics.append_log_batch_rows.observe(len(together))
        try:
            await self._writer.write(together)
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
                await self._writer.write(waiting.item)
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


def _by_table(rows: Sequence[Row], dialect: database.Dialect) -> list[tuple[str, list[list[Any]]]]:
    ordered = sorted(rows, key=lambda row: row.table.name)
    return [
        (table.insert(dialect), [encoded(row.values, dialect) for row in group])
        for table, group in groupby(ordered, key=lambda row: row.table)
    ]


class PostgresWriter:
    """Writes as the insert-only role."""

    def __init__(self, url: str, *, pgbouncer: bool, seconds: float) -> None:
        self._line = PostgresLine(url, pgbouncer=pgbouncer, seconds=seconds)

    async def write(self, rows: Sequence[Row]) -> None:
        """Commit the rows in one transaction."""
        async with self._line.transaction() as connection:
            for statement, values in _by_table(rows, "postgres"):
                await connection.executemany(statement, values)

    async def close(self) -> None:
        """Disconnect."""
        await self._line.close()


class SqliteWriter:
    """One connection in a thread of its own, taking turns with the ORM's transactions."""

    def __init__(self, path: str, turn: asyncio.Lock) -> None:
        self._path = path
        self._turn = turn
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="append-log")
        self._connection: sqlite3.Connection | None = None

    async def write(self, rows: Sequence[Row]) -> None:
        """Commit the rows in one transaction."""
        statements = _by_table(rows, "sqlite")
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
