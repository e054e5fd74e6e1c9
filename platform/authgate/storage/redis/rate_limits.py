"""How often something may be done: GCRA, in this process or shared through Redis.

A limit is a bucket that holds ``burst`` hits and refills one hit at a time, evenly, at ``rate`` in
``per`` seconds. What is kept of a bucket is one number: when it will be full again. Keys come from
``redis.tenant_key`` and name the endpoint and the subject (client, account, address or /64), so
that nobody spends another tenant's hits; a subject with several spellings is named by its
canonical one. A refused hit is not counted: who waits ``retry_after`` gets through.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self, cast

import structlog

from authgate import languages
from authgate.storage.redis.connection import RedisConnection, RedisUnavailable, Script, scoped

_log = structlog.get_logger(__name__)

_LIMIT = re.compile(r"(\d{1,9})/(\d{1,6})?(s|min|h|d)(?: burst (\d{1,9}))?")
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_MICROSECONDS = 1_000_000


class BadLimit(ValueError):
    """A text that states no limit."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``burst`` at once, and ``rate`` in every ``per`` seconds after that."""

    rate: int
    per: float
    burst: int
    interval: int = field(init=False, repr=False, compare=False)
    """Microseconds in which one hit comes back."""
    capacity: int = field(init=False, repr=False, compare=False)
    """Microseconds in which all of them come back."""

    def __post_init__(self) -> None:
        if min(self.rate, self.per, self.burst) <= 0:
            raise BadLimit(languages.text("%(self)s lets nothing through.", self=self))
        interval = max(1, round(self.per * _MICROSECONDS / self.rate))
        object.__setattr__(self, "interval", interval)
        object.__setattr__(self, "capacity", interval * self.burst)

    def __str__(self) -> str:
        return f"{self.rate}/{self.per:g}s burst {self.burst}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``5/min``, ``5/10min`` or ``50/s burst 100``; the burst is the rate if unsaid.

        Raises ``BadLimit``, which pydantic takes for a validation error.
        """
        match = _LIMIT.fullmatch(" ".join(text.split()))
        if match is None:
            raise BadLimit(
                languages.text(
                    "%(text)r is no limit; write for example '20/min burst 10'.", text=text
                )
            )
        rate, count, unit, burst = match.groups()
        return cls(int(rate), int(count or 1) * _UNITS[unit], int(burst or rate))

    def within(self, other: Self) -> "Limit":
        """What both let through: the slower rate, and the smaller burst."""
        slower = self if self.interval >= other.interval else other
        return Limit(slower.rate, slower.per, min(self.burst, other.burst))

    def divided(self, processes: int) -> "Limit":
        """The share of one of several processes that cannot ask each other."""
        return Limit(self.rate, self.per * processes, max(1, self.burst // processes))


class Decision(NamedTuple):
    """Whether a hit passes."""

    allowed: bool
    remaining: int
    """Hits that would pass at this moment."""
    retry_after: float
    """Seconds until this hit would pass; 0 if it did."""
    reset_after: float
    """Seconds until nothing is left of the hits so far."""


class RateLimiter(Protocol):
    """Counts hits. An outage of what it counts in never reaches the caller."""

    async def hit(self, key: str, limit: Limit) -> Decision:
        """Take one hit from the bucket of this key, if there is one."""
        ...


def decide(limit: Limit, backlog: int) -> Decision:
    """The decision over a bucket that is this far (in microseconds) from being full."""
    after = backlog + limit.interval
    wait = after - limit.capacity
    if wait > 0:
        free = (limit.capacity - backlog) // limit.interval
        return Decision(False, free, wait / _MICROSECONDS, backlog / _MICROSECONDS)
    return Decision(True, -wait // limit.interval, 0.0, after / _MICROSECONDS)


class MemoryRateLimiter:
    """Counts in this process, so every process counts for itself: tell it how many there are.

    Remembers the ``max_keys`` keys that were hit last; a bucket that is full again costs nothing
    to forget.
    """

    def __init__(
        self,
        *,
        processes: int = 1,
        max_keys: int = 65536,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._processes = processes
        self._max_keys = max_keys
        self._clock = clock
        self._full_at: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    async def hit(self, key: str, limit: Limit) -> Decision:
        """Count one key."""
        return self.take(key, limit)

    def take(self, key: str, limit: Limit) -> Decision:
        """Count one key at once."""
        now = int(self._clock() * _MICROSECONDS)
        if self._processes > 1:
            limit = limit.divided(self._processes)
        backlog = self._full_at.get(scoped(key), now) - now
        decision = decide(limit, min(backlog, limit.capacity) if backlog > 0 else 0)
        if decision.allowed:
            self._remember(key, decision, now)
        return decision

    def _remember(self, key: str, decision: Decision, now: int) -> None:
        self._full_at[key] = now + round(decision.reset_after * _MICROSECONDS)
        self._full_at.move_to_end(key)
        # Two looks for each key written: what is full again goes faster than it comes.
        for _ in range(2):
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now and len(self._full_at) <= self._max_keys:
                break
            del self._full_at[oldest]


_GCRA = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = tonumber(redis.call('GET', KEYS[1]) or 0)
local backlog = math.min(math.max(full_at - now, 0), capacity)
local after = backlog + interval
if after <= capacity then
  redis.call('SET', KEYS[1], string.format('%.0f', now + after), 'PX', math.ceil(after / 1000))
end
return backlog
""")
"""The same as ``MemoryRateLimiter.hit``, by Redis' clock."""


class _Spent:
    """Buckets that had no hit left when this process asked, and when they will be full.

    Others only take from them meanwhile: until a hit has come back nobody need ask again.
    """

    def __init__(self, clock: Callable[[], float], most: int = 4096) -> None:
        self._clock = clock
        self._most = most
        self._full_at: OrderedDict[str, int] = OrderedDict()

    def refusal(self, key: str, limit: Limit) -> Decision | None:
        """What asking would say, where that is certain."""
        full_at = self._full_at.get(key)
        if full_at is None:
            return None
        backlog = min(full_at - self._now(), limit.capacity)
        decision = decide(limit, max(backlog, 0))
        if not decision.allowed:
            return decision
        del self._full_at[key]
        return None

    def note(self, key: str, backlog: int) -> None:
        """It was refused, so far from being full."""
        self._full_at[key] = self._now() + backlog
        self._full_at.move_to_end(key)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)

    def _now(self) -> int:
        return int(self._clock() * _MICROSECONDS)


class RedisRateLimiter:
    """Counts in Redis for all processes; each for its share of the limit while Redis is away.

    Hits of one moment travel together, each its own script call, so that a key's slot decides
    where it runs (Redis Cluster behind a proxy). A flood that is refused asks Redis once for each
    hit that comes back. ``on_fallback`` is called for every hit that was counted without Redis.
    """

    def __init__(
        self,
        redis: RedisConnection,
        *,
        processes: int = 1,
        on_fallback: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._local = MemoryRateLimiter(processes=processes)
        self._spent = _Spent(clock)
        self._fallback = Fallback("rate limits", on_fallback)

    async def hit(self, key: str, limit: Limit) -> Decision:
        """Count one key."""
        key = scoped(key)
        if (refusal := self._spent.refusal(key, limit)) is not None:
            return refusal
        try:
            answer = await self._redis.run(_GCRA, [key], limit.interval, limit.capacity)
        except RedisUnavailable as error:
            self._fallback.used(error)
            return await self._local.hit(key, limit)
        self._fallback.over()
        decision = decide(limit, backlog := cast(int, answer))
        if not decision.allowed:
            self._spent.note(key, backlog)
        return decision


class Fallback:
    """Says once that something is done without Redis, and once that this is over."""

    def __init__(self, what: str, on_use: Callable[[], None]) -> None:
        self._what = what
        self._on_use = on_use
        self._is_used = False

    def used(self, error: RedisUnavailable) -> None:
        """Something was decided without Redis."""
        self._on_use()
        if not self._is_used:
            self._is_used = True
            _log.warning("without redis", what=self._what, error=str(error))

    def over(self) -> None:
        """Redis answered."""
        if self._is_used:
            self._is_used = False
            _log.info("with redis again", what=self._what)
