"""Telling a server of what commands change, by the number that SQLite keeps for its user.

One service works on an SQLite database, and hears from itself. Beside it there are commands, each a
process of its own: with each change the number grows, in the transaction that makes the change. A
service that finds it grown, and not by itself, forgets everything.
"""

import asyncio
import sqlite3
from functools import partial
from typing import cast
from uuid import UUID

from tortoise import connections

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.invalidation import EVERY_TOPIC, SILENCE_SECONDS, Listening
from authgate.storage.sqlite.line import SqliteLine
from authgate.storage.unit_of_work import after_commit, transaction

_READ = "PRAGMA user_version"
_NUMBERS = 2**31


class SqliteInvalidations(Listening):
    """Tells this process what has changed, and others that something has."""

    remembered_seconds = 60.0

    def __init__(self, settings: DatabaseSettings) -> None:
        super().__init__()
        self._path = database.sqlite_path(settings)
        self._own: set[int] = set()

    async def publish(self, topic: str, tenant_id: UUID | None, *parts: str) -> None:
        """As ever, and in the open unit of work. Raises what makes it an outage."""
        async with transaction():
            client = connections.get("default")
            [row] = await client.execute_query_dict(_READ)
            number = (row["user_version"] + 1) % _NUMBERS
            await client.execute_query(f"{_READ} = {number}")
            await after_commit(partial(self._publish, topic, tenant_id, *parts))
            await after_commit(partial(self._note, number))

    async def _note(self, number: int) -> None:
        if self._is_listening:
            self._own.add(number)

    async def _listen(self) -> None:
        line = SqliteLine(self._path, purpose="changes")
        try:
            seen = await line.run(_number)
            self._own.clear()
            self._hears()
            while True:
                await asyncio.sleep(SILENCE_SECONDS)
                async with asyncio.timeout(SILENCE_SECONDS):
                    number = await line.run(_number)
                self._compare(seen, number)
                seen = number
        finally:
            await line.close()

    def _compare(self, seen: int, number: int) -> None:
        if number < seen or any(each not in self._own for each in range(seen + 1, number + 1)):
            self.forget(EVERY_TOPIC, None)
        self._own = {own for own in self._own if own > number}


def _number(connection: sqlite3.Connection) -> int:
    return cast(int, connection.execute(_READ).fetchone()[0])
