"""How fast a device may ask whether it is allowed yet (RFC 8628 section 3.5, ``slow_down``).

The interval is kept here, not believed of the client: every poll that comes too early adds five
seconds to it, until the code is gone. Polls are paced, never answered 429.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, cast

from authgate.storage.redis.connection import RedisConnection, RedisUnavailable, Script, scoped
from authgate.storage.redis.rate_limits import Fallback

STEP_SECONDS = 5
"""What one poll too early adds (RFC 8628 section 3.5)."""

SLACK_SECONDS = 0.75
"""A poll may be this much early: clients tick at exactly the interval, and networks jitter."""


@dataclass(frozen=True, slots=True)
class PollVerdict:
    """How a poll was."""

    too_fast: bool
    interval: int
    """Seconds to wait from now on."""


class PollPacer(Protocol):
    """Remembers each device code's last poll and its interval."""

    async def note(self, key: str, *, interval: int, ttl: int) -> PollVerdict:
        """Judge a poll that happens now. The first one is never too fast.

        ``interval`` is what the code began with, ``ttl`` how many seconds the code still lives.
        The key is a ``tenant_key`` over the code's id or hash, never over the code.
        """
        ...

    async def forget(self, key: str) -> None:
        """Let the next poll be the first: it was us who ended the last one early."""
        ...


@dataclass(frozen=True, slots=True)
class _Pace:
    last: float
    interval: int
    forgotten_at: float


class MemoryPollPacer:
    """Remembers in this process the ``max_codes`` codes that were polled last."""

    def __init__(
        self, *, max_codes: int = 65536, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_codes = max_codes
        self._clock = clock
        self._paces: OrderedDict[str, _Pace] = OrderedDict()

    def __len__(self) -> int:
        return len(self._paces)

    async def note(self, key: str, *, interval: int, ttl: int) -> PollVerdict:
        """Judge a poll."""
        now = self._clock()
        known = self._paces.get(scoped(key))
        too_fast = False
        if known is not None and known.forgotten_at > now:
            interval = max(known.interval, interval)
            too_fast = now - known.last < interval - min(SLACK_SECONDS, interval / 2)
        interval += STEP_SECONDS * too_fast
        self._remember(key, _Pace(now, interval, now + max(ttl, 1)), now)
        return PollVerdict(too_fast, interval)

    async def forget(self, key: str) -> None:
        """Know nothing of this code."""
        self._paces.pop(key, None)

    def _remember(self, key: str, pace: _Pace, now: float) -> None:
        self._paces[key] = pace
        self._paces.move_to_end(key)
        # Two looks for each pace written: what is over goes faster than it comes.
        for _ in range(2):
            oldest = next(iter(self._paces))
            if self._paces[oldest].forgotten_at > now and len(self._paces) <= self._max_codes:
                break
            del self._paces[oldest]


_NOTE = Script(f"""
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, too_fast = tonumber(ARGV[1]), 0
local known = redis.call('GET', KEYS[1])
if known then
  local last, kept = string.match(known, '(%d+) (%d+)')
  interval = math.max(interval, tonumber(kept))
  local early = math.min({SLACK_SECONDS}, interval / 2)
  if now - last < (interval - early) * 1000000 then
    interval, too_fast = interval + {STEP_SECONDS}, 1
  end
end
redis.call('SET', KEYS[1], string.format('%.0f %d', now, interval), 'EX', ARGV[2])
return string.format('%d %d', too_fast, interval)
""")
"""The same as ``MemoryPollPacer.note``, by Redis' clock."""


class RedisPollPacer:
    """Remembers in Redis for all processes; each for itself while Redis is away."""

    def __init__(
        self, redis: RedisConnection, *, on_fallback: Callable[[], None] = lambda: None
    ) -> None:
        self._redis = redis
        self._local = MemoryPollPacer()
        self._fallback = Fallback("poll pacing", on_fallback)

    async def note(self, key: str, *, interval: int, ttl: int) -> PollVerdict:
        """Judge a poll."""
        try:
            reply = await self._redis.run(_NOTE, [scoped(key)], interval, max(ttl, 1))
        except RedisUnavailable as error:
            self._fallback.used(error)
            return await self._local.note(key, interval=interval, ttl=ttl)
        self._fallback.over()
        too_fast, interval = (int(number) for number in cast(bytes, reply).split())
        return PollVerdict(too_fast == 1, interval)

    async def forget(self, key: str) -> None:
        """Know nothing of this code."""
        await self._local.forget(key)
        with suppress(RedisUnavailable):
            await self._redis.call("DEL", scoped(key))
