"""Telling every process of changes through PostgreSQL's LISTEN and NOTIFY.

What is told is part of the transaction that makes the change: PostgreSQL passes it on when that is
committed, and not at all when it is not. A process that is killed in between owes nobody anything.
"""

import asyncio
from contextlib import suppress
from functools import partial
from uuid import UUID

import asyncpg
from tortoise import connections

from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.invalidation import CONNECT_SECONDS, SILENCE_SECONDS, Listening, told
from authgate.storage.unit_of_work import after_commit, transaction

CHANNEL = "authgate_invalidations"

_WHO_ANSWERS = "SELECT pg_backend_pid()"
_WHO_LISTENS = f"{_WHO_ANSWERS} FROM pg_listening_channels() LIMIT 1"


class PostgresInvalidations(Listening):
    """Tells this process and all others that share a database, by a connection of its own."""

    remembered_seconds = 60.0

    def __init__(self, settings: DatabaseSettings) -> None:
        super().__init__()
        self._dsn = database.dsn(settings.url.get_secret_value())

    async def publish(self, topic: str, tenant_id: UUID | None, *parts: str) -> None:
        """As ever, and in the open unit of work. Raises what makes it an outage."""
        message = told(topic, tenant_id, *parts).decode()
        async with transaction():
            notify = "SELECT pg_notify($1, $2)"
            await connections.get("default").execute_query(notify, [CHANNEL, message])
            await after_commit(partial(self._publish, topic, tenant_id, *parts))

    async def _listen(self) -> None:
        # Around all of an attempt: with the pause that follows it that is less than a second.
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await self._connected()
        try:
            self._hears()
            while True:
                await asyncio.sleep(SILENCE_SECONDS)
                async with asyncio.timeout(SILENCE_SECONDS):
                    await _check(connection, _WHO_LISTENS)
        finally:
            _end(connection)

    async def _connected(self) -> asyncpg.Connection:
        """A session that listens. Raises ``ConnectionError`` and what makes it an outage."""
        connection: asyncpg.Connection = await asyncpg.connect(self._dsn)
        try:
            # Before LISTEN, which would stay with a session of the pooler.
            await _check(connection, _WHO_ANSWERS)
            await connection.add_listener(CHANNEL, self._hear)
        except BaseException:
            _end(connection)
            raise
        return connection

    def _hear(self, _connection: object, _backend: int, _channel: str, message: object) -> None:
        self._heard(str(message).encode())


async def _check(connection: asyncpg.Connection, question: str) -> None:
    """Whether the session that was opened answers, and not any one that a pooler gives to whoever
    asks. Raises ``ConnectionError``."""
    # Poolers make up the number by which a statement is cancelled.
    if await connection.fetchval(question) != connection.get_server_pid():
        raise ConnectionError("Another session answers: a pooler is between.")


def _end(connection: asyncpg.Connection) -> None:
    with suppress(Exception):
        connection.terminate()
