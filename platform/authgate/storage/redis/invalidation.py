"""Telling every process that something it may remember has changed.

Through Redis' publish and subscribe, within a second whatever happens: while a process cannot
listen, it forgets everything once a second. Without Redis only this process is told.

Publish after COMMIT (``unit_of_work.after_commit``): before it, another process would drop its
value, read the old one again and keep that.
"""

import asyncio
import time
from collections import defaultdict
from contextlib import suppress
from contextvars import Context
from itertools import count
from typing import Protocol, Self, cast
from uuid import UUID

import orjson
import structlog

from authgate.storage.redis.connection import (
    RedisConnection,
    RedisUnavailable,
    Reply,
    Wire,
    ended,
    platform_key,
    wire,
)
from authgate.telemetry import metrics

_log = structlog.get_logger(__name__)

CHANNEL = platform_key("invalidations")

EVERY_TOPIC = "*"
"""Reaches all listeners: a tenant was suspended, or deleted."""

# Twice the silence, or an attempt and the pause after it: both are less than the promised second.
_SILENCE_SECONDS = 0.4
_CONNECT_SECONDS = 0.5
_PAUSE_SECONDS = 0.4

_LAST_SECONDS = 0.5
"""How long a process that ends tries to tell the others what it still owes them."""

_LAST_PAUSE_SECONDS = 0.05

_OWED_LIMIT = 1000


class Forget(Protocol):
    """Drops what it remembers: ``Cached.forget``."""

    def __call__(self, tenant_id: UUID | None, /, *parts: str) -> None:
        """One value by the parts of its key, a tenant's, or (``None`` alone) everything."""
        ...


class Invalidations:
    """Tells this process and all others to forget. Open it with ``async with``."""

    def __init__(self, redis: RedisConnection | None) -> None:
        self._redis = redis
        self._listeners: defaultdict[str, list[Forget]] = defaultdict(list)
        self._owed: dict[int, bytes] = {}
        self._told_at: dict[bytes, float] = {}
        self._is_listening = False
        self._numbers = count()
        self._tried = asyncio.Event()
        self._complained = False
        self._task: asyncio.Task[None] | None = None

    @property
    def owed(self) -> int:
        """How many changes others have not been told of yet."""
        return len(self._owed)

    @property
    def are_heard(self) -> bool:
        """Whether this process hears of changes; else it forgets everything once a second."""
        return self._is_listening

    def subscribe(self, topic: str, forget: Forget) -> None:
        """Have this called for each invalidation of the topic, from whichever process."""
        self._listeners[topic].append(forget)

    async def publish(self, topic: str, tenant_id: UUID | None, *parts: str) -> None:
        """Have everybody forget a value, a tenant's values, or (``None`` alone) all of a topic.

        Call it after COMMIT. When it returns, this process has forgotten. An outage of Redis is
        not the caller's: the others are told as soon as it is over.
        """
        self._tell(topic, tenant_id, *parts)
        if self._redis is not None:
            number = next(self._numbers)
            # As text: asyncpg has a class of its own for ids, which JSON does not know.
            told = str(tenant_id) if tenant_id is not None else None
            message = self._owed[number] = orjson.dumps((topic, told, *parts))
            if len(self._told_at) < _OWED_LIMIT:
                self._told_at.setdefault(message, time.monotonic())
            await self._send(self._redis, number)

    async def __aenter__(self) -> Self:
        if self._redis is not None:
            # An empty context: what is heard belongs to no request of this process.
            self._task = asyncio.create_task(self._live(self._redis), context=Context())
            await self._tried.wait()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await ended(self._task)
        if self._redis is not None and self._owed:
            await self._send_last(self._redis)

    async def _send_last(self, redis: RedisConnection) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                while self._owed:
                    await self._send_owed(redis)
                    await asyncio.sleep(_LAST_PAUSE_SECONDS if self._owed else 0)
        if self._owed:
            _log.warning("others follow within the lifetime of what they remember")

    async def _live(self, redis: RedisConnection) -> None:
        """Listen until that fails, forget everything, pause; for ever."""
        while True:
            line = wire(redis.url)
            try:
                await self._listen(line, redis)
            except Exception as error:  # noqa: BLE001  # whatever it is: deaf, so forget
                self._complain(error)
            finally:
                self._is_listening = False
                self._told_at.clear()  # what was not heard yet may never be
                with suppress(Exception):
                    await line.disconnect(nowait=True)
            self._tell(EVERY_TOPIC, None)
            self._tried.set()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _listen(self, line: Wire, redis: RedisConnection) -> None:
        async with asyncio.timeout(_CONNECT_SECONDS):
            await line.connect()
            await line.send_command("SUBSCRIBE", CHANNEL)
            await line.read_response()
        self._tell(EVERY_TOPIC, None)  # what was said before this moment was missed
        self._complained = False
        self._is_listening = True
        self._tried.set()
        silent = False
        while True:
            heard = await line.read_response(timeout=_SILENCE_SECONDS)
            if heard is not None:
                self._hear(cast("list[Reply]", heard))
            elif silent:
                raise TimeoutError("Redis does not answer.")
            else:
                await line.send_command("PING")
            silent = heard is None
            await self._send_owed(redis)

    def _hear(self, heard: list[Reply]) -> None:
        if heard[0] != b"message":
            return
        message = cast(bytes, heard[-1])
        self._note_lag(message)
        try:
            topic, tenant_id, *parts = orjson.loads(message)
            self._tell(topic, UUID(tenant_id) if tenant_id else None, *parts)
        except (ValueError, TypeError):
            # Another version of this program says something that this one does not understand.
            self._tell(EVERY_TOPIC, None)

    def _note_lag(self, message: bytes) -> None:
        """What this process has told comes back to it as late as it comes to the others."""
        told_at = self._told_at.pop(message, None)
        if told_at is not None:
            metrics.invalidation_lag_seconds.observe(time.monotonic() - told_at)

    def _tell(self, topic: str, tenant_id: UUID | None, *parts: str) -> None:
        every = topic == EVERY_TOPIC
        for name, listeners in self._listeners.items():
            for forget in listeners if every or name == topic else ():
                try:
                    forget(tenant_id, *parts)
                except Exception:  # noqa: BLE001  # the others have to be told all the same
                    _log.exception("invalidation failed", topic=name)

    async def _send_owed(self, redis: RedisConnection) -> None:
        if len(self._owed) > _OWED_LIMIT:
            self._owed = {next(self._numbers): orjson.dumps((EVERY_TOPIC, None))}
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

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            _log.warning("invalidations unheard", error=repr(error))
