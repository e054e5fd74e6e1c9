"""One Redis connection per process, shared by all that waits, and how its keys are named.

What is asked while an answer is on its way gathers and goes out as one write, so a command costs
a fifth of what it costs alone. Redis holds nothing that must not be lost: whoever asks it can do
without (``RedisUnavailable``), and is told so at once while Redis is away.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import Context
from functools import lru_cache
from hashlib import sha1, sha256
from operator import index
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, TypeAlias, cast
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from authgate.telemetry import metrics

if TYPE_CHECKING:
    from redis.exceptions import ResponseError

_log = structlog.get_logger(__name__)

Word: TypeAlias = str | bytes | int
Reply: TypeAlias = "bytes | int | list[Reply] | None"
"""What RESP2 can say; a status such as ``OK`` comes as bytes."""

PLATFORM_PREFIX = "authgate:"
"""Begins what belongs to no tenant: channels, the installation's own ceilings."""

CONNECT_SECONDS = 1.0
"""TCP, TLS and sign-in may take longer than a command; nobody waits for them."""

HEARTBEAT_SECONDS = 5.0
"""An idle connection is asked this often whether it still stands."""

BATCH_LIMIT = 512
"""Commands of one exchange: more could take longer than the time limit, with nobody to blame."""

_GRACE_SECONDS = 0.01
_PLAIN_PART = 64
_SCANNED = 500


class RedisUnavailable(Exception):
    """Redis could not be asked, or did not do what it was asked."""


class RedisRefused(RedisUnavailable):
    """Redis answered this one command with an error."""


class ScriptUnknown(RedisRefused):
    """Redis does not know the script with this digest: it has restarted or was flushed."""


class UnscopedKey(ValueError):
    """A key that belongs neither to a tenant nor to the platform."""


def tenant_key(tenant_id: UUID, *parts: str) -> str:
    """The key ``t:{<tenant id>}:…``, from which no part can break out.

    The braces are Redis Cluster's hash tag: a tenant's keys share a slot, so one script may take
    several of them. Parts may come from strangers: a colon in one is escaped, a long one hashed.
    """
    return _tenant_prefix(tenant_id) + _joined(parts)


def platform_key(*parts: str) -> str:
    """The key of something that belongs to no tenant. The list of its uses is to stay short."""
    return PLATFORM_PREFIX + _joined(parts)


def scoped(key: str) -> str:
    """The key itself, if one of the two functions above can have made it."""
    if key.startswith(("t:{", PLATFORM_PREFIX)):
        return key
    raise UnscopedKey(f"{key!r} begins with no tenant.")


@lru_cache(maxsize=1024)  # to write an id takes longer than all the rest
def _tenant_prefix(tenant_id: UUID) -> str:
    if not isinstance(tenant_id, UUID):
        raise UnscopedKey(f"{tenant_id!r} is no tenant's id.")
    return f"t:{{{tenant_id}}}:"


def _joined(parts: Iterable[str]) -> str:
    return ":".join([_part(part) for part in parts])


def _part(part: str) -> str:
    if len(part) > _PLAIN_PART:
        return sha256(part.encode()).hexdigest()
    if "%" in part or ":" in part:
        return part.replace("%", "%25").replace(":", "%3A")
    return part


async def remove_tenant(redis: "RedisConnection", tenant_id: UUID) -> int:
    """Remove every key of a tenant; how many. Raises ``RedisUnavailable``.

    Looks through all keys, a few at a time: for what happens once in a tenant's life.
    """
    removed, cursor = 0, b"0"
    pattern = f"{_tenant_prefix(tenant_id)}*"
    while True:
        found = await redis.call("SCAN", cursor, "MATCH", pattern, "COUNT", _SCANNED)
        cursor, keys = cast("tuple[bytes, list[bytes]]", found)
        if keys:
            await redis.call("UNLINK", *keys)
        removed += len(keys)
        if cursor == b"0":
            return removed


class Wire(Protocol):
    """The part of redis-py's connection that is used here, with the types it does not state."""

    async def connect(self) -> None: ...
    async def disconnect(self, nowait: bool = False) -> None: ...
    async def send_command(self, *words: Word) -> None: ...
    async def send_packed_command(self, command: bytes, check_health: bool) -> None: ...
    async def read_response(self, *, timeout: float | None = None) -> Reply: ...  # noqa: ASYNC109


def wire(url: str) -> Wire:
    """An unconnected connection to this Redis, without retries or time limits of its own."""
    # A seventh of the start of a program, and most installations on one machine have no Redis.
    from redis.asyncio.connection import Connection, parse_url

    options = cast(dict[str, object], parse_url(url))
    kind = cast(Callable[..., Wire], options.pop("connection_class", Connection))
    options |= {"protocol": 2, "socket_timeout": None, "socket_connect_timeout": CONNECT_SECONDS}
    return kind(**options)


def packed(words: Sequence[Word]) -> bytes:
    """A command as it is sent. Raises ``TypeError`` where a word is none.

    redis-py can do this too, but a third of what a limit cost was spent there.
    """
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        if isinstance(word, str):
            said = word.encode()
        else:
            said = word if isinstance(word, bytes) else b"%d" % index(word)
        parts.append(b"$%d\r\n%b\r\n" % (len(said), said))
    return b"".join(parts)


class _Asked(NamedTuple):
    command: bytes
    answer: asyncio.Future[Reply]


class RedisConnection:
    """``await redis.call("GET", key)``, cheap for many at once.

    Open it with ``async with``; it then connects by itself, again and again. While it is not
    connected, and for ``pause`` seconds after a failure, calls are refused without waiting; the
    probe that ends this is a new connection and a PING, no caller's command. A caller who stops
    waiting disturbs nobody.
    """

    def __init__(self, url: str, *, time_limit: float = 0.1, pause: float = 1.0) -> None:
        self.url = url
        self._pause = pause
        self._time_limit = time_limit
        self._wire = wire(url)
        self._asked: list[_Asked] = []
        self._sent: list[_Asked] = []
        self._wake = asyncio.Event()
        self._tried = asyncio.Event()
        self._connected = False
        self._complained = False
        self._task: asyncio.Task[None] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether calls are taken at this moment."""
        return self._connected

    async def call(self, *words: Word) -> Reply:
        """Ask one command. Raises ``RedisUnavailable``; then it may or may not have been done."""
        if not self._connected:
            raise RedisUnavailable("Redis is not connected.")
        # Packed here, so that a word of the wrong type fails this caller alone.
        asked = self._question(*words)
        self._asked.append(asked)
        self._wake.set()
        return await asked.answer

    async def run(self, script: "Script", keys: Sequence[str], *words: Word) -> Reply:
        """Run a script atomically, sending its text only to a Redis that does not know it."""
        try:
            return await self.call("EVALSHA", script.digest, len(keys), *keys, *words)
        except ScriptUnknown:
            return await self.call("EVAL", script.text, len(keys), *keys, *words)

    async def __aenter__(self) -> Self:
        # An empty context: the connection belongs to no request, so it must not carry one's tenant.
        self._task = asyncio.create_task(self._live(), context=Context())
        await self._tried.wait()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await ended(self._task)

    async def _live(self) -> None:
        """Connect, answer until that fails, pause; for ever."""
        try:
            while True:
                try:
                    await self._connect()
                    await self._answer()
                except Exception as error:  # noqa: BLE001  # whatever it is, nobody may hang on it
                    await self._lose(error)
                self._tried.set()
                await asyncio.sleep(self._pause)
        finally:
            await self._lose(None)

    async def _connect(self) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            await self._wire.connect()
        await self._in_time(self._exchange([self._heartbeat()]))
        self._connected, self._complained = True, False
        self._tried.set()
        _log.info("redis connected", server=urlsplit(self.url).hostname)

    async def _answer(self) -> None:
        """Exchange one batch after the other; the next gathers while one is on its way."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await self._wake.wait()
            self._sent = self._asked[:BATCH_LIMIT] or [self._heartbeat()]
            del self._asked[:BATCH_LIMIT]
            if not self._asked:
                self._wake.clear()
            await self._in_time(self._exchange(self._sent))

    async def _in_time(self, exchange: Awaitable[None]) -> None:
        loop = asyncio.get_running_loop()

        def hurry() -> None:
            # The loop itself may have stood still: what has come meanwhile is read first.
            deadline.reschedule(loop.time() + _GRACE_SECONDS)

        async with asyncio.timeout(None) as deadline:
            timer = loop.call_later(self._time_limit, hurry)
            try:
                await exchange
            finally:
                timer.cancel()

    def _question(self, *words: Word) -> _Asked:
        return _Asked(packed(words), asyncio.get_running_loop().create_future())

    def _heartbeat(self) -> _Asked:
        ping = self._question("PING")
        ping.answer.cancel()  # nobody waits for it
        return ping

    async def _exchange(self, batch: Sequence[_Asked]) -> None:
        from redis.exceptions import ReadOnlyError, ResponseError

        began, together = perf_counter(), b"".join([asked.command for asked in batch])
        await self._wire.send_packed_command(together, check_health=False)
        for _, answer in batch:
            try:
                reply = await self._wire.read_response()
            except ReadOnlyError:
                raise  # a replica now: the name may lead to another server
            except ResponseError as error:
                _fail(answer, _refusal(error))
            else:
                if not answer.done():
                    answer.set_result(reply)
        metrics.redis_exchange_seconds.observe(perf_counter() - began)

    async def _lose(self, error: Exception | None) -> None:
        """Fail whoever waits: no answer on this connection can be trusted any more."""
        self._connected = False
        lost, self._sent, self._asked = self._sent + self._asked, [], []
        for _, answer in lost:
            _fail(answer, RedisUnavailable("The connection to Redis was lost."))
        with suppress(Exception):
            await self._wire.disconnect(nowait=True)
        if error is not None and not self._complained:
            self._complained = True
            _log.warning("redis lost", server=urlsplit(self.url).hostname, error=repr(error))


async def ended(task: asyncio.Task[None] | None) -> None:
    """End a task that would go on for ever, if it was ever begun."""
    if task is not None:
        task.cancel()
        await asyncio.wait([task])


class Script:
    """A Lua script and the digest by which Redis remembers it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


def _refusal(error: "ResponseError") -> RedisRefused:
    from redis.exceptions import NoScriptError

    kind = ScriptUnknown if isinstance(error, NoScriptError) else RedisRefused
    return kind(str(error))


def _fail(answer: asyncio.Future[Reply], error: RedisUnavailable) -> None:
    if not answer.done():
        answer.set_exception(error)
