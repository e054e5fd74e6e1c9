"""Opening and closing the database for one process."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import orjson
from tortoise import Tortoise, connections
from tortoise.backends.base.executor import EXECUTOR_CACHE

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.batches.append_log import (
    AppendLog,
    PostgresWriter,
    Row,
    SqliteWriter,
)
from authgate.storage.batches.lookups import Lookup, Lookups, PostgresReader, Record, SqliteReader
from authgate.storage.batches.redemptions import (
    PostgresRedeemer,
    Redemptions,
    Spend,
    SqliteRedeemer,
)
from authgate.storage.postgres.client import TenantClient
from authgate.storage.sqlite.client import make_private, turn_of
from authgate.telemetry.tracing import Tracer

_SQLITE_SECONDS = 6.0
"""A second more than SQLite waits for another process that writes."""


class Appends(Protocol):
    """Stores rows; ``AppendLog`` does."""

    @property
    def waiting(self) -> int: ...

    def append(self, *rows: Row) -> Awaitable[None]: ...

    async def close(self) -> None: ...


class Redeems(Protocol):
    """Spends what is good once; ``Redemptions`` does."""

    @property
    def waiting(self) -> int: ...

    def redeem(self, spend: Spend, *rows: Row) -> Awaitable[bool]: ...

    async def close(self) -> None: ...


class Finds(Protocol):
    """Finds rows by key; ``Lookups`` does."""

    @property
    def waiting(self) -> int: ...

    async def find(self, lookup: Lookup, key: Any) -> Record | None: ...

    async def find_all(self, lookup: Lookup, key: Any) -> Sequence[Record]: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Open:
    dialect: database.Dialect
    append_log: Appends
    redemptions: Redeems
    lookups: Finds


_open: _Open | None = None


def _opened() -> _Open:
    if _open is None:
        raise database.StorageUnavailable("The database is not open in this process.")
    return _open


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the open database's connections are in this process."""

    appends_waiting: int
    lookups_waiting: int
    pool_limit: int = 0
    """Connections that the pool may have; none on SQLite, which has no pool."""

    pool_in_use: int = 0
    pool_idle: int = 0


def load() -> Load:
    """What waits and what works at this moment."""
    opened_now = _opened()
    appends_waiting = opened_now.append_log.waiting + opened_now.redemptions.waiting
    waiting = appends_waiting, opened_now.lookups.waiting
    client = connections.get("default")
    if not isinstance(client, TenantClient):
        return Load(*waiting)
    return Load(*waiting, *client.pool_use())


def dialect() -> database.Dialect:
    """The SQL that the open database speaks."""
    return _opened().dialect


def append(*rows: Row) -> Awaitable[None]:
    """Store rows together: in the open unit of work, or durably by group commit."""
    return _opened().append_log.append(*rows)


def redeem(spend: Spend, *rows: Row) -> Awaitable[bool]:
    """Spend what is good once and store what it yields, together: in the open unit of work, or
    durably by group commit. ``False`` where it is not fit, or was spent."""
    return _opened().redemptions.redeem(spend, *rows)


async def find(lookup: Lookup, key: Any) -> Record | None:
    """A row of the current tenant by unique key, read together with what others look up.

    Not for what an open unit of work has changed: it is read by another connection.
    """
    return await _opened().lookups.find(lookup, key)


async def find_all(lookup: Lookup, key: Any) -> Sequence[Record]:
    """Every such row, in the same way."""
    return await _opened().lookups.find_all(lookup, key)


@asynccontextmanager
async def opened(
    settings: DatabaseSettings, *, tracer: Tracer | None = None
) -> AsyncIterator[None]:
    """Connect this process to the database until the block ends."""
    global _open  # noqa: PLW0603  # one database for a process, as Tortoise has it
    if settings.is_sqlite:
        make_private(database.sqlite_path(settings))
    EXECUTOR_CACHE.clear()  # it holds statements in the dialect of whatever was open before
    # Servers run the start-up in another task than the requests, which Tortoise's own context
    # variable would not reach.
    await Tortoise.init(config=_config(settings, tracer), _enable_global_fallback=True)
    async with AsyncExitStack() as closing:
        closing.push_async_callback(Tortoise.close_connections)
        opened_now = _open = _traced(_connected(settings), tracer)
        closing.push_async_callback(opened_now.lookups.close)
        closing.push_async_callback(opened_now.append_log.close)
        closing.push_async_callback(opened_now.redemptions.close)
        try:
            yield
        finally:
            _open = None


def _config(settings: DatabaseSettings, tracer: Tracer | None) -> dict[str, Any]:
    config = database.orm_config(settings)
    if tracer is None:
        return config
    from authgate.storage.statement_spans import traced_config

    return traced_config(config, tracer)


def _traced(opened_now: _Open, tracer: Tracer | None) -> _Open:
    if tracer is None:
        return opened_now
    from authgate.storage.statement_spans import TracedAppends, TracedLookups, TracedRedemptions

    dialect = opened_now.dialect
    return _Open(
        dialect,
        TracedAppends(opened_now.append_log, dialect, tracer),
        TracedRedemptions(opened_now.redemptions, dialect, tracer),
        TracedLookups(opened_now.lookups, dialect, tracer),
    )


def _connected(settings: DatabaseSettings) -> _Open:
    return _on_sqlite(settings) if settings.is_sqlite else _on_postgres(settings)


def _on_sqlite(settings: DatabaseSettings) -> _Open:
    path, seconds = database.sqlite_path(settings), _SQLITE_SECONDS
    turn = turn_of(connections.get("default"))
    log = AppendLog(SqliteWriter(path, turn), "sqlite", seconds=seconds)
    redemptions = Redemptions(SqliteRedeemer(path, turn), log, "sqlite", seconds=seconds)
    return _Open("sqlite", log, redemptions, Lookups(SqliteReader(path), seconds=seconds))


def _on_postgres(settings: DatabaseSettings) -> _Open:
    seconds, pgbouncer = database.answer_seconds(settings), settings.pgbouncer
    url = settings.url.get_secret_value()
    appender = PostgresWriter(database.append_url(settings), pgbouncer=pgbouncer, seconds=seconds)
    redeemer = PostgresRedeemer(url, pgbouncer=pgbouncer, seconds=seconds)
    reader = PostgresReader(url, pgbouncer=pgbouncer, seconds=seconds)
    # Whoever came while a batch was stuck does not wait for a whole one more.
    patience = seconds + 0.5
    log = AppendLog(appender, "postgres", seconds=patience)
    redemptions = Redemptions(redeemer, log, "postgres", seconds=patience)
    return _Open("postgres", log, redemptions, Lookups(reader, seconds=patience))


def uuid(value: UUID | str) -> UUID:
    """An id as either driver returns it."""
    return value if isinstance(value, UUID) else UUID(value)


def json(value: str) -> Any:
    """A JSON column as either driver returns it."""
    return orjson.loads(value)


def moment(value: datetime | str) -> datetime:
    """A time as either driver returns it."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
