"""Telling every process of changes through Redis' publish and subscribe."""

import asyncio
import time
from contextlib import suppress
from itertools import count
from typing import Self, cast
from uuid import UUID

import structlog

from authgate.storage.invalidation import (
    CONNECT_SECONDS,
    EVERY_TOPIC,
    SILENCE_SECONDS,
    Listening,
    told,
)
from authgate.storage.redis.connection import (
    RedisConnection,
    RedisUnavailable,
    Reply,
    Wire,
    platform_key,
    wire,
)
from authgate.telemetry import metrics

_log = structlog.get_logger(__name__)

CHANNEL = platform_key("invalidations")

_LAST_SECONDS = 0.5
"""How long a process that ends tries to tell the others what it still owes them."""

_LAST_PAUSE_SECONDS = 0.05

_OWED_LIMIT = 1000


class RedisInvalidations(Listening):
    """Tells this process and all others that share a Redis."""

    remembered_seconds = 5.0
    """What a process was killed before telling is found out after this."""

    def __init__(self, redis: RedisConnection) -> None:
        super().__init__()
        self._redis = redis
        self._owed: dict[int, bytes] = {}
        self._told_at: dict[bytes, float] = {}
        self._numbers = count()

    @property
    def owed(self) -> int:
        return len(self._owed)

    async def _publish(self, topic: str, tenant_id: UUID | None, *parts: str) -> None:
        """An outage of Redis is not the caller's: the others are told as soon as it is over."""
        self.forget(topic, tenant_id, *parts)
        number = next(self._numbers)
        message = self._owed[number] = told(topic, tenant_id, *parts)
        if len(self._told_at) < _OWED_LIMIT:
            self._told_at.setdefault(message, time.monotonic())
        await self._send(self._redis, number)

    async def __aenter__(self) -> Self:
        self.begin()
        await self._tried.wait()
        return self

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        if self._owed:
            await self._send_last(self._redis)

    async def _send_last(self, redis: RedisConnection) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                while self._owed:
                    await self._send_owed(redis)
                    await asyncio.sleep(_LAST_PAUSE_SECONDS if self._owed else 0)
        if self._owed:
            _log.warning("others follow within the lifetime of what they remember")

    async def _listen(self) -> None:
        line = wire(self._redis.url)
        try:
            await self._hear_all(line)
        finally:
            self._told_at.clear()  # what was not heard yet may never be
            with suppress(Exception):
                await line.disconnect(nowait=True)

    async def _hear_all(self, line: Wire) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            await line.connect()
            await line.send_command("SUBSCRIBE", CHANNEL)
            await line.read_response()
        self._hears()
        silent = False
        while True:
            heard = await line.read_response(timeout=SILENCE_SECONDS)
            if heard is not None:
                self._hear(cast("list[Reply]", heard))
            elif silent:
                raise TimeoutError("Redis does not answer.")
            else:
                await line.send_command("PING")
            silent = heard is None
            await self._send_owed(self._redis)

    def _hear(self, heard: list[Reply]) -> None:
        if heard[0] != b"message":
            return
        message = cast(bytes, heard[-1])
        self._note_lag(message)
        self._heard(message)

    def _note_lag(self, message: bytes) -> None:
        """What this process has told comes back to it as late as it comes to the others."""
        told_at = self._told_at.pop(message, None)
        if told_at is not None:
            metrics.invalidation_lag_seconds.observe(time.monotonic() - told_at)

    async def _send_owed(self, redis: RedisConnection) -> None:
        if len(self._owed) > _OWED_LIMIT:
            self._owed = {next(self._numbers): told(EVERY_TOPIC, None)}
        for number in list(self._owed):
            await self._send(redis, number)

    async def _send(self, redis: RedisConnection, number: int) -> None:
        """Send a message; it stays owed until Redis has it."""
        message = self._owed.get(number)
        if message is None:
            return  # somebody else has sent it meanwhile
        with suppress(RedisUnavailable):
            await redis.call("PUBLISH", CHANNEL, message)
            self._owed.pop(number, None)
