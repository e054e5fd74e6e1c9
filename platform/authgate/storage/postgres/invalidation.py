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
        connection: asyncpg.Connection = await asyncpg.connect(self._dsn, timeout=CONNECT_SECONDS)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await connection.add_listener(CHANNEL, self._hear)
            self._hears()
            while True:
                await asyncio.sleep(SILENCE_SECONDS)
                async with asyncio.timeout(SILENCE_SECONDS):
                    listens = "SELECT count(*) FROM pg_listening_channels()"
                    if not await connection.fetchval(listens):
                        raise ConnectionError("Another session answers: a pooler is between.")
        finally:
            with suppress(Exception):
                connection.terminate()

    def _hear(self, _connection: object, _backend: int, _channel: str, message: object) -> None:
        self._heard(str(message).encode())
