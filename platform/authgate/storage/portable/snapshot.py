"""All that is stored of one tenant, as it was at one moment, read page by page.

Whoever writes meanwhile neither waits nor is seen. PostgreSQL shows the serving role one tenant's
rows here as everywhere.
"""

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.portable.parts import HANDLING, TENANT, Part
from authgate.storage.postgres.client import inside
from authgate.storage.sqlite.line import SqliteLine

PAGE = 500
"""Rows that are in memory at once."""

BEFORE_ALL = UUID(int=0)
"""What no row has for its id."""

_CONNECT_SECONDS = 3
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# A full disk or a slow pipe holds up whoever writes the file, and nothing that serves.
_PATIENCE = "SET LOCAL idle_in_transaction_session_timeout = '10min'"

_Row = Mapping[str, Any]


class _Line(Protocol):
    async def fetch(self, statement: str, *values: Any) -> Sequence[_Row]:
        """Rows by a statement whose parameters are ``$1`` and so on."""


class Snapshot:
    """One moment of one tenant."""

    def __init__(self, line: _Line, tenant_id: UUID) -> None:
        self._line = line
        self._tenant_id = tenant_id

    async def tenant(self) -> _Row:
        """The tenant's own row."""
        table = TENANT._meta.db_table  # noqa: SLF001  # Tortoise offers no other way
        statement = f"SELECT * FROM {table} WHERE id = $1"  # noqa: S608 - our own names
        [row] = await self._line.fetch(statement, self._tenant_id)
        return row

    async def sealed_without_rows(self) -> int:
        """How many events have a place in the log, and are in no file."""
        statement = (
            "SELECT count(*) AS found FROM audit_events WHERE tenant_id = $1"  # noqa: S608
            f" AND seq IS NOT NULL AND event_type IN {HANDLING}"
        )
        [row] = await self._line.fetch(statement, self._tenant_id)
        return int(row["found"])

    async def pages(self, part: Part, *, after: UUID = BEFORE_ALL) -> AsyncIterator[Sequence[_Row]]:
        """The rows of a part in the order of their ids, those behind this one."""
        names = ", ".join(column.name for column in part.columns)
        only = f" AND {part.only}" if part.only else ""
        statement = (
            f"SELECT {names} FROM {part.table} WHERE tenant_id = $1 AND id > $2{only}"  # noqa: S608
            f" ORDER BY id LIMIT {PAGE}"
        )
        last: Any = after
        while page := await self._line.fetch(statement, self._tenant_id, last):
            yield page
            if len(page) < PAGE:
                return
            last = page[-1]["id"]


@asynccontextmanager
async def taken(settings: DatabaseSettings, tenant_id: UUID) -> AsyncIterator[Snapshot]:
    """A snapshot of a tenant, until the block ends. Raises what makes it an outage."""
    opened = _on_sqlite if settings.is_sqlite else _on_postgres
    async with opened(settings, tenant_id) as line:
        yield Snapshot(line, tenant_id)


class _PostgresSnapshot:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: str, *values: Any) -> Sequence[_Row]:
        return [dict(row) for row in await self._connection.fetch(statement, *values)]


@asynccontextmanager
async def _on_postgres(settings: DatabaseSettings, tenant_id: UUID) -> AsyncIterator[_Line]:
    connection = await asyncpg.connect(
        database.dsn(settings.url.get_secret_value()),
        timeout=_CONNECT_SECONDS,
        statement_cache_size=0 if settings.pgbouncer else 100,
        command_timeout=database.answer_seconds(settings),
    )
    try:
        await connection.execute(f"{_BEGIN}; {_PATIENCE}; {inside(tenant_id)}")
        yield _PostgresSnapshot(connection)
    finally:
        await connection.close(timeout=_CONNECT_SECONDS)


class _SqliteSnapshot:
    def __init__(self, line: SqliteLine) -> None:
        self._line = line

    async def fetch(self, statement: str, *values: Any) -> Sequence[_Row]:
        given = {str(n): str(value) for n, value in enumerate(values, start=1)}

        def found(connection: sqlite3.Connection) -> Sequence[_Row]:
            cursor = connection.execute(statement, given)
            names = [each[0] for each in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

        return await self._line.run(found)


@asynccontextmanager
async def _on_sqlite(settings: DatabaseSettings, _tenant_id: UUID) -> AsyncIterator[_Line]:
    line = SqliteLine(database.sqlite_path(settings), purpose="snapshot")
    try:
        # It begins with the first row that is read, and lasts until the line is closed.
        await line.run(lambda connection: connection.execute("BEGIN"))
        yield _SqliteSnapshot(line)
    finally:
        await line.close()
