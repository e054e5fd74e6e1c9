"""Rows that are added for many requests at once: tokens, device codes and audit events.

Concurrent requests share one transaction (group commit) and each is answered after it commits. On
PostgreSQL that transaction runs as a role that may insert into these tables and do nothing else,
so it may hold rows of several tenants. Inside an open unit of work the rows join that one instead.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from tortoise import connections

from authgate.storage import database
from authgate.storage.batches.group_commit import GroupCommit, Writer
from authgate.storage.postgres.line import PostgresLine
from authgate.storage.sqlite.line import SqliteLine
from authgate.storage.unit_of_work import in_transaction


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table that rows are appended to. There is one object for each."""

    name: str
    columns: tuple[str, ...]

    def insert(self, dialect: database.Dialect, *, first: int = 1) -> str:
        """The statement that adds one row, whose parameters are counted from ``first``."""
        marks = ", ".join("?" for _ in self.columns) if dialect == "sqlite" else self._marks(first)
        return f"{self._into()} VALUES ({marks})"

    def insert_from(self, source: str, *, first: int) -> str:
        """PostgreSQL's statement that adds one row if there is one in the source."""
        return f"{self._into()} SELECT {self._marks(first)} FROM {source}"  # noqa: S608

    def _into(self) -> str:
        return f"INSERT INTO {self.name} ({', '.join(self.columns)})"

    def _marks(self, first: int) -> str:
        return ", ".join(f"${n}" for n in range(first, first + len(self.columns)))


class Row(NamedTuple):
    """Values of a row, in the order of its table's columns."""

    table: Table
    values: tuple[Any, ...]


Rows = tuple[Row, ...]
_Groups = dict[tuple[Table, ...], list[tuple[Any, ...]]]
"""Values of rows that go together, in a row each, by the tables they go into."""


class AppendLog:
    """Appends rows and returns once they are durable."""

    def __init__(
        self, writer: Writer[Rows, None], dialect: database.Dialect, *, seconds: float
    ) -> None:
        self._dialect = dialect
        self._commits: GroupCommit[Rows, None] = GroupCommit(writer, rows=len, seconds=seconds)

    @property
    def waiting(self) -> int:
        """Requests whose rows wait for the next transaction."""
        return self._commits.waiting

    def append(self, *rows: Row) -> Awaitable[None]:
        """Store the rows together: in the open unit of work, or by group commit."""
        return self._join(rows) if in_transaction() else self._commits.submit(rows)

    async def _join(self, rows: Rows) -> None:
        connection = connections.get("default")
        for row in rows:
            await connection.execute_insert(
                row.table.insert(self._dialect), encoded(row.values, self._dialect)
            )

    async def close(self) -> None:
        """Commit what waits, and disconnect."""
        await self._commits.close()


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
    if kind is date:
        return value.isoformat()
    return value.isoformat(sep=" ") if kind is datetime else value


class PostgresWriter:
    """Writes as the insert-only role."""

    def __init__(self, url: str, *, pgbouncer: bool, seconds: float) -> None:
        self._line = PostgresLine(url, pgbouncer=pgbouncer, seconds=seconds)
        self._seconds = seconds

    async def write(self, items: Sequence[Rows]) -> Sequence[None]:
        """Commit the rows in one transaction."""
        groups = _by_tables(items)
        # Most batches are alike.
        line = self._line.one_statement() if len(groups) == 1 else self._line.transaction()
        async with line as connection:
            await self._insert(connection, groups)
        return (None,) * len(items)

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
    """Writes on a line of its own, taking turns with the ORM's transactions."""

    def __init__(self, path: str, turn: asyncio.Lock) -> None:
        self._line = SqliteLine(path, purpose="append-log")
        self._turn = turn

    async def write(self, items: Sequence[Rows]) -> Sequence[None]:
        """Commit the rows in one transaction."""
        statements = _by_table([row for rows in items for row in rows])
        async with self._turn:
            await self._line.transaction(lambda connection: _added(connection, statements))
        return (None,) * len(items)

    async def close(self) -> None:
        """Disconnect."""
        await self._line.close()


def _added(connection: sqlite3.Connection, statements: list[tuple[str, list[list[Any]]]]) -> None:
    for statement, values in statements:
        connection.executemany(statement, values)
