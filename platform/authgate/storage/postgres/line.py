"""A connection to PostgreSQL for one purpose, beside the pool."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg

from authgate.storage import database
from authgate.storage.postgres.client import commit

_CONNECT_SECONDS = 3
_PLAN_SECONDS = 300
"""How long a statement is kept prepared, and with it what PostgreSQL planned."""


class PostgresLine:
    """One connection as one role, opened again when it breaks; one transaction at a time."""

    def __init__(
        self,
        url: str,
        *,
        pgbouncer: bool,
        seconds: float,
        plans: str = "",
        plan_seconds: int = _PLAN_SECONDS,
    ) -> None:
        self._seconds = seconds
        self._dsn = database.dsn(url)
        self._pgbouncer = pgbouncer
        # Behind a pooler no session is the line's own.
        self._plans = "" if pgbouncer else plans
        self._plan_seconds = plan_seconds
        self._connection: asyncpg.Connection | None = None

    @asynccontextmanager
    async def transaction(self, begin: str = "BEGIN") -> AsyncIterator[asyncpg.Connection]:
        """Commit what the block does, within the line's time. Raises what makes it an outage."""
        async with self.connection() as connection:
            await connection.execute(begin)
            yield connection
            await commit(connection)

    def one_statement(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """The connection for one statement, however often it is executed: a transaction by itself
        and one round trip. A pooler might cut it in two, between server processes; with one it
        stays inside of BEGIN and COMMIT."""
        return self.transaction() if self._pgbouncer else self.connection()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        """The connection, within the line's time. Raises what makes it an outage."""
        async with asyncio.timeout(self._seconds):
            connection = await self._connected()
            try:
                yield connection
            except BaseException:
                connection.terminate()  # whatever state the transaction is in, nobody meets it
                raise

    async def close(self) -> None:
        """Disconnect."""
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.close(timeout=_CONNECT_SECONDS)

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._opened()
        return self._connection

    async def _opened(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            self._dsn,
            timeout=_CONNECT_SECONDS,
            statement_cache_size=0 if self._pgbouncer else 100,
            max_cached_statement_lifetime=self._plan_seconds,
        )
        try:
            if self._plans:
                await connection.execute(f"SET plan_cache_mode = {self._plans}")
        except BaseException:
            connection.terminate()  # it would plan otherwise for as long as it lasts
            raise
        return connection
