"""Whether the open database is fit to serve from: asked by every process before it begins."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import structlog
from tortoise import connections
from tortoise.exceptions import DBConnectionError

from authgate.settings import DatabaseSettings
from authgate.storage import database, migrate
from authgate.storage.ping import ping
from authgate.storage.postgres import row_security
from authgate.storage.postgres.roles import Roles

PATIENCE_SECONDS = 30.0
"""How long a server process waits for a database that is away; half of what its start may take."""

_PAUSE_SECONDS = 0.2

_log = structlog.get_logger(__name__)


class NotMigrated(RuntimeError):
    """The open database has not got the shape that this version needs."""


class LoginRefused(RuntimeError):
    """PostgreSQL knows no such role, password or database."""


async def check(settings: DatabaseSettings) -> None:
    """Refuse an outdated database, or one whose walls have a hole.

    Raises ``LoginRefused``, ``NotMigrated`` and ``WallMissing``.
    """
    async with _logged_in():
        # The migrations take a database that cannot be reached for an empty one.
        await ping()
        missing = await migrate.pending(settings)
    if missing:
        steps = f"{len(missing)} migration{'s' if len(missing) > 1 else ''}"
        raise NotMigrated(f"The database lacks {steps}: run authgate migrate.")
    if not settings.is_sqlite:
        await _check_walls(settings)


async def wait(settings: DatabaseSettings, *, seconds: float = PATIENCE_SECONDS) -> None:
    """Check, and do so again for as long as the database is away.

    A worker that is started during an outage serves as soon as that is over. Raises what ``check``
    raises, and what makes it an outage once that has lasted so many seconds.
    """
    give_up_at = time.monotonic() + seconds
    told = False
    while True:
        try:
            return await check(settings)
        except Exception as error:
            if not database.is_outage(error) or time.monotonic() > give_up_at:
                raise
            if not told:
                _log.warning("waiting for the database", error=repr(error))
            told = True
        await asyncio.sleep(_PAUSE_SECONDS)


async def clock_skew() -> timedelta:
    """How far the open database's clock is ahead of ours; SQLite has none of its own."""
    client = connections.get("default")
    if client.capabilities.dialect == "sqlite":
        return timedelta(0)
    asked = datetime.now(UTC)
    [row] = await client.execute_query_dict("SELECT clock_timestamp() AS now")
    now: datetime = row["now"]
    return now - (asked + (datetime.now(UTC) - asked) / 2)


@asynccontextmanager
async def _logged_in() -> AsyncIterator[None]:
    try:
        yield
    except asyncpg.InvalidAuthorizationSpecificationError as no:
        raise _refused(no) from no
    except DBConnectionError as error:
        if isinstance(error.__cause__, asyncpg.InvalidCatalogNameError):
            raise _refused(error.__cause__) from error
        raise
    except asyncpg.UndefinedTableError as error:
        raise NotMigrated("The database is empty: run authgate migrate.") from error


def _refused(no: asyncpg.PostgresError) -> LoginRefused:
    return LoginRefused(
        f"PostgreSQL refuses database.url ({no}): correct it, or run authgate migrate, which"
        " makes the role."
    )


async def _check_walls(settings: DatabaseSettings) -> None:
    app = await asyncpg.connect(
        database.dsn(settings.url.get_secret_value()),
        timeout=database.CONNECT_SECONDS,
        statement_cache_size=0 if settings.pgbouncer else 100,
    )
    try:
        await row_security.check(app, Roles.of(settings))
    finally:
        await app.close(timeout=3)
