"""The superuser's line to a server, kept from test to test: to start ``psql`` costs more than most
of what it is asked for."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import asyncpg

_ANSWERS_WITHIN_SECONDS = 60

Result = TypeVar("Result")


class Superuser:
    """Runs one statement after the other, for whoever has no event loop to wait in."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._line: asyncpg.Connection | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="superuser", daemon=True
        )
        self._thread.start()

    def execute(self, statement: str) -> None:
        """Run a statement that answers nothing. Raises what asyncpg does."""
        self._wait_for(self._execute(statement))

    def close(self) -> None:
        """Hang up."""
        self._wait_for(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWERS_WITHIN_SECONDS)

    async def _execute(self, statement: str) -> None:
        if self._line is None or self._line.is_closed():  # the server may have been started anew
            self._line = await asyncpg.connect(self._dsn)
        await self._line.execute(statement)

    async def _hang_up(self) -> None:
        if self._line is not None:
            await self._line.close(timeout=1)
