"""How the sweep role reaches PostgreSQL: for one run at a time, with nothing kept in between."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from authgate.settings import DatabaseSettings
from authgate.storage import database

_SECONDS = 3


@asynccontextmanager
async def sweep_line(settings: DatabaseSettings) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the sweep role's, until the block ends. Raises what makes it an outage."""
    connection = await asyncpg.connect(
        database.dsn(database.sweep_url(settings)),
        timeout=_SECONDS,
        statement_cache_size=0 if settings.pgbouncer else 100,
    )
    try:
        yield connection
    finally:
        await connection.close(timeout=_SECONDS)
