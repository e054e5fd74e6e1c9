"""Work that waits for a transaction of PostgreSQL which is not committed yet."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from authgate import storage
from authgate_testing.postgres import PostgresServer


@asynccontextmanager
async def meanwhile(
    postgres: PostgresServer, work: Coroutine[Any, Any, object]
) -> AsyncIterator[None]:
    """Do work apart from this unit, which is committed once the work waits for it."""
    apart = contextvars.copy_context()
    async with storage.transaction():
        yield
        task = asyncio.create_task(work, context=apart)
        async with asyncio.timeout(10):
            await somebody_waits(postgres)
    await task


async def somebody_waits(postgres: PostgresServer) -> None:
    """Return once a statement waits for another transaction."""
    question = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    while await asyncio.to_thread(postgres.execute, question) == ["0"]:
        pass
