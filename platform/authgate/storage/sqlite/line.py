"""A connection to SQLite for one purpose, beside the ORM's: in a thread of its own."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from authgate.storage.sqlite.client import PRAGMAS

Result = TypeVar("Result")


def connected(path: str) -> sqlite3.Connection:
    """A connection that begins its transactions itself."""
    connection = sqlite3.connect(path, isolation_level=None)
    for name, value in PRAGMAS.items():
        connection.execute(f"PRAGMA {name}={value}")
    return connection


class SqliteLine:
    """One connection, made when it is first needed; one piece of work at a time."""

    def __init__(self, path: str, *, purpose: str) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=purpose)
        self._connection: sqlite3.Connection | None = None

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """What *work* finds or does, in the thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: work(self._connected()))

    async def transaction(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """The same, all of it committed or nothing."""
        return await self.run(lambda connection: _whole(connection, work))

    async def close(self) -> None:
        """Disconnect."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connected(self._path)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _whole(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], Result]) -> Result:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has made SQLite roll back by itself
            connection.execute("ROLLBACK")
        raise
    return result
