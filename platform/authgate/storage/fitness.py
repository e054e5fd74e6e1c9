"""Whether the open database is fit to serve from: asked by every process before it begins."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
from tortoise import connections

from authgate.settings import DatabaseSettings
from authgate.storage import database, migrate, row_security
from authgate.storage.ping import ping


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


async def clock_skew() -> timedelta:
    """How far the open database's clock is ahead of ours; SQLite has none of its own."""
    client = connections.get("default")
    if client.capabilities.dialect == "sqlite":
        return timedelta(0)
    asked = datetime.now(UTC)
    [row] = await client.execute_query_dict("SELECT clock_timestamp() AS now")
    now: datetime = row["now"]
    return now - asked


@asynccontextmanager
async def _logged_in() -> AsyncIterator[None]:
    try:
        yield
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as no:
        raise LoginRefused(
            f"PostgreSQL refuses database.url ({no}): correct it, or run authgate migrate, which"
            " makes the role."
        ) from no
    except asyncpg.UndefinedTableError as error:
        raise NotMigrated("The database is empty: run authgate migrate.") from error


async def _check_walls(settings: DatabaseSettings) -> None:
    app = await asyncpg.connect(
        database.dsn(settings.url.get_secret_value()),
        timeout=3,
        statement_cache_size=0 if settings.pgbouncer else 100,
    )
    try:
        await row_security.check(app, row_security.Roles.of(settings))
    finally:
        await app.close(timeout=3)
