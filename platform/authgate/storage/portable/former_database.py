"""The database of AuthGate (Go), read and never written: its tables in pages, in the order of ids.

SQLite's file is opened for reading alone; PostgreSQL is asked inside of one read-only transaction.
"""

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import asyncpg
import orjson

from authgate.storage import database

PAGE = 500
"""Rows that are in memory at once."""

_CONNECT_SECONDS = 10
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class NotAuthGate(ValueError):
    """A database that is not AuthGate's. The text says what it lacks."""


class Table(NamedTuple):
    """A table, and the columns of it that are read."""

    name: str
    columns: tuple[str, ...]


USERS = Table(
    "users",
    (
        "id", "username", "email", "password_hash", "role", "full_name", "avatar_url", "is_active",
        "email_verified", "auth_source", "external_id", "created_at", "updated_at",
    ),
)  # fmt: skip
CLIENTS = Table(
    "oauth_applications",
    (
        "id", "client_id", "client_secret", "client_name", "description", "user_id", "scopes",
        "redirect_uris", "client_type", "enable_device_flow", "enable_auth_code_flow",
        "enable_client_credentials_flow", "status", "token_profile", "project", "service_account",
        "created_at", "updated_at",
    ),
)  # fmt: skip
CONSENTS = Table(
    "user_authorizations",
    ("id", "uuid", "user_id", "client_id", "scopes", "granted_at", "is_active", "updated_at"),
)
TOKENS = Table(
    "access_tokens",
    (
        "id", "token_hash", "token_category", "status", "user_id", "client_id", "scopes",
        "expires_at", "created_at", "last_used_at", "token_family_id", "authorization_id",
    ),
)  # fmt: skip
IDENTITIES = Table(
    "oauth_connections",
    (
        "id", "user_id", "provider", "provider_user_id", "provider_username", "last_used_at",
        "created_at",
    ),
)  # fmt: skip

_OTHERS = ("audit_logs", "authorization_codes", "device_codes")
"""Tables of which nothing is taken; how much is in them is told."""

Row = Mapping[str, Any]


class _Line(Protocol):
    async def columns(self, table: str) -> set[str]: ...

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]: ...


class FormerDatabase:
    """AuthGate's tables."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    async def check(self) -> None:
        """Raises ``NotAuthGate`` where a table or column that is read is not there."""
        for table in (USERS, CLIENTS, CONSENTS, TOKENS, IDENTITIES):
            missing = set(table.columns) - await self._line.columns(table.name)
            if missing:
                raise NotAuthGate(
                    f"This is no database of AuthGate 0.30: {table.name} lacks"
                    f" {', '.join(sorted(missing))}."
                )

    async def pages(self, table: Table) -> AsyncIterator[Sequence[Row]]:
        """All rows of a table."""
        after: Any = None
        columns = ", ".join(table.columns)
        while True:
            past = "" if after is None else "WHERE id > $1 "
            statement = f"SELECT {columns} FROM {table.name} {past}ORDER BY id LIMIT {PAGE}"  # noqa: S608 - our own names
            page = await self._line.fetch(statement, *(() if after is None else (after,)))
            if page:
                yield page
            if len(page) < PAGE:
                return
            after = page[-1]["id"]

    async def counts(self) -> dict[str, int]:
        """How many rows the tables have of which nothing is taken."""
        found = {}
        for table in _OTHERS:
            if await self._line.columns(table):
                [row] = await self._line.fetch(f"SELECT count(*) AS n FROM {table}")  # noqa: S608
                found[table] = int(row["n"])
        return found


@asynccontextmanager
async def on_sqlite(file: Path) -> AsyncIterator[FormerDatabase]:
    """Its file, until the block ends. Raises ``NotAuthGate`` and ``OSError``."""
    address = _read_only(file)
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            former = FormerDatabase(_SqliteFile(connection))
            await former.check()
            yield former
    except sqlite3.DatabaseError as error:
        raise NotAuthGate(f"{file} is no database of SQLite: {error}.") from error


def _read_only(file: Path) -> str:
    if not file.is_file():
        raise FileNotFoundError(2, "No such file", str(file))
    return f"file:{quote(str(file.absolute()))}?mode=ro"


@asynccontextmanager
async def on_postgres(url: str) -> AsyncIterator[FormerDatabase]:
    """Its database, until the block ends. Raises ``NotAuthGate`` and what makes it an outage."""
    connection = await asyncpg.connect(database.dsn(url), timeout=_CONNECT_SECONDS)
    try:
        await connection.execute(_BEGIN)
        former = FormerDatabase(_PostgresDatabase(connection))
        await former.check()
        yield former
    finally:
        await connection.close(timeout=_CONNECT_SECONDS)


class _SqliteFile:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def columns(self, table: str) -> set[str]:
        found = self._connection.execute(f"PRAGMA table_info({table})")
        return {row["name"] for row in found}

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]:
        given = {str(n): value for n, value in enumerate(values, start=1)}
        return [dict(row) for row in self._connection.execute(statement, given)]


class _PostgresDatabase:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def columns(self, table: str) -> set[str]:
        found = await self._connection.fetch(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = $1",
            table,
        )
        return {row["column_name"] for row in found}

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]:
        return [dict(row) for row in await self._connection.fetch(statement, *values)]


def moment(value: datetime | str | None) -> datetime | None:
    """A time as either database has it; nothing where it is Go's zero."""
    if value is None or value == "":
        return None
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    if read.year == 1:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def words(value: Any) -> list[str]:
    """A JSON array of texts as either database has it. Raises ``ValueError``."""
    read = orjson.loads(value) if isinstance(value, str | bytes) else value
    if read is None:
        return []
    if not isinstance(read, list) or not all(isinstance(each, str) for each in read):
        raise ValueError("no list of texts")
    return read
