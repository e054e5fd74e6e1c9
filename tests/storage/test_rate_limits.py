"""Limits and the pace of polls: one contract, kept in memory and in Redis."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated
from uuid import UUID

import pytest
import redis as redis_py
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BeforeValidator, TypeAdapter, ValidationError
from structlog.testing import capture_logs

from authgate.storage.redis.connection import RedisConnection, UnscopedKey, tenant_key
from authgate.storage.redis.poll_pacing import (
    MemoryPollPacer,
    PollPacer,
    PollVerdict,
    RedisPollPacer,
)
from authgate.storage.redis.rate_limits import (
    BadLimit,
    Limit,
    MemoryRateLimiter,
    RateLimiter,
    RedisRateLimiter,
)
from authgate_testing import RedisServer
from authgate_testing.line import line_to
from authgate_testing.processes import free_port

ACME = UUID("01936b8e-0000-7000-8000-000000000001")
GLOBEX = UUID("01936b8e-0000-7000-8000-000000000002")
KEY = tenant_key(ACME, "limit", "token", "cli")
FIVE_A_MINUTE = Limit.parse("5/min")

Advance = Callable[[float], None]


class _HandClock:
    """A clock that somebody moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def hand_clock() -> _HandClock:
    return _HandClock()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[RedisConnection]:
    async with RedisConnection(redis_url, time_limit=0.5, pause=0.02) as connection:
        yield connection


@pytest.fixture
def server(redis_url: str) -> Iterator[redis_py.Redis]:
    """Redis as its operator sees it."""
    with redis_py.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture(params=["memory", "redis"])
def where(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def limiter(where: str, redis: RedisConnection, hand_clock: _HandClock) -> RateLimiter:
    if where == "redis":
        return RedisRateLimiter(redis, clock=hand_clock)
    return MemoryRateLimiter(clock=hand_clock)


@pytest.fixture
def pacer(where: str, redis: RedisConnection, hand_clock: _HandClock) -> PollPacer:
    return RedisPollPacer(redis) if where == "redis" else MemoryPollPacer(clock=hand_clock)


@pytest.fixture
def advance(where: str, server: redis_py.Redis, hand_clock: _HandClock) -> Advance:
    """Let time pass.

    Redis has its own clock, so what it stores is moved into the past instead: each value begins
    with a moment in microseconds.
    """

    def in_redis(seconds: float) -> None:
        hand_clock.advance(seconds)
        for key in server.scan_iter("t:*"):
            moment, *rest = str(server.get(key)).split()
            left = int(server.pttl(key)) - int(seconds * 1000)
            moved = " ".join([str(int(moment) - int(seconds * 1_000_000)), *rest])
            server.set(key, moved, px=left) if left > 0 else server.delete(key)

    return in_redis if where == "redis" else hand_clock.advance


# --- Limits ---------------------------------------------------------------------------------------


async def test_a_burst_passes_and_the_next_hit_waits_for_one_to_come_back(
    limiter: RateLimiter, advance: Advance
) -> None:
    passed = [await limiter.hit(KEY, FIVE_A_MINUTE) for _ in range(5)]
    assert all(decision.allowed for decision in passed)
    assert [decision.remaining for decision in passed] == [4, 3, 2, 1, 0]
    assert passed[-1].reset_after == pytest.approx(60, abs=1)

    refused = await limiter.hit(KEY, FIVE_A_MINUTE)
    assert not refused.allowed
    assert refused.remaining == 0
    assert refused.retry_after == pytest.approx(12, abs=1)

    advance(refused.retry_after + 0.001)
    assert (await limiter.hit(KEY, FIVE_A_MINUTE)).allowed
    assert not (await limiter.hit(KEY, FIVE_A_MINUTE)).allowed


async def test_refused_hits_are_not_counted(limiter: RateLimiter, advance: Advance) -> None:
    for _ in range(50):
        await limiter.hit(KEY, FIVE_A_MINUTE)
    advance(12.1)
    assert (await limiter.hit(KEY, FIVE_A_MINUTE)).allowed


async def test_a_rested_bucket_holds_its_burst_and_no_more(
    limiter: RateLimiter, advance: Advance
) -> None:
    await limiter.hit(KEY, FIVE_A_MINUTE)
    advance(86400)
    passed = [await limiter.hit(KEY, FIVE_A_MINUTE) for _ in range(7)]
    assert sum(decision.allowed for decision in passed) == 5


async def test_of_fifty_at_once_exactly_the_limit_passes(limiter: RateLimiter) -> None:
    hits = await asyncio.gather(*(limiter.hit(KEY, FIVE_A_MINUTE) for _ in range(50)))
    assert sum(decision.allowed for decision in hits) == 5


async def test_a_key_without_a_tenant_is_a_mistake(limiter: RateLimiter) -> None:
    with pytest.raises(UnscopedKey):
        await limiter.hit("limit:token:cli", FIVE_A_MINUTE)


async def test_one_tenant_s_hits_are_not_another_s(limiter: RateLimiter) -> None:
    for _ in range(10):
        await limiter.hit(tenant_key(ACME, "login", "192.0.2.1"), FIVE_A_MINUTE)
    assert (await limiter.hit(tenant_key(GLOBEX, "login", "192.0.2.1"), FIVE_A_MINUTE)).allowed


async def test_a_limit_that_was_changed_holds_at_once(limiter: RateLimiter) -> None:
    await limiter.hit(KEY, Limit.parse("1/d"))
    decision = await limiter.hit(KEY, Limit.parse("10/s burst 10"))
    assert decision.retry_after <= 0.1, "yesterday's rule would have it wait for a day"


async def test_what_is_full_again_is_forgotten(
    where: str,
    limiter: RateLimiter,
    advance: Advance,
    server: redis_py.Redis,
) -> None:
    for number in range(100):
        await limiter.hit(tenant_key(ACME, str(number)), FIVE_A_MINUTE)
    if where == "redis":
        assert all(0 < int(server.pttl(key)) <= 12_000 for key in server.scan_iter())
        return
    assert isinstance(limiter, MemoryRateLimiter)
    advance(13)
    for _ in range(100):
        await limiter.hit(KEY, Limit.parse("1000/s"))
    assert len(limiter) == 1


async def test_memory_remembers_no_more_keys_than_it_may() -> None:
    limiter = MemoryRateLimiter(max_keys=10)
    for number in range(1000):
        await limiter.hit(tenant_key(ACME, str(number)), FIVE_A_MINUTE)
    assert len(limiter) == 10


async def test_redis_lets_hits_come_back_by_its_own_clock(redis: RedisConnection) -> None:
    limiter, limit = RedisRateLimiter(redis), Limit.parse("20/s burst 1")
    assert (await limiter.hit(KEY, limit)).allowed
    refused = await limiter.hit(KEY, limit)
    assert not refused.allowed
    await asyncio.sleep(refused.retry_after)
    assert (await limiter.hit(KEY, limit)).allowed


async def test_a_flood_that_is_refused_asks_redis_once_until_a_hit_has_come_back(
    redis: RedisConnection, server: redis_py.Redis, hand_clock: _HandClock
) -> None:
    limiter, limit = RedisRateLimiter(redis, clock=hand_clock), Limit.parse("2/s burst 1")
    assert (await limiter.hit(KEY, limit)).allowed
    assert not (await limiter.hit(KEY, limit)).allowed
    server.flushdb()
    hand_clock.advance(0.25)
    refused = await limiter.hit(KEY, limit)
    assert (refused.allowed, 0 < refused.retry_after <= 0.25) == (False, True)
    assert (await limiter.hit(KEY, Limit.parse("9/s burst 9"))).allowed, "its limit was raised"
    server.flushdb()
    assert (await limiter.hit(KEY, limit)).allowed, "and then it is as Redis has it"


_RIVAL = """
import asyncio, sys
from authgate.storage.redis.rate_limits import Limit, RedisRateLimiter
from authgate.storage.redis.connection import RedisConnection

async def main(url, key):
    async with RedisConnection(url, time_limit=5) as redis:
        limiter = RedisRateLimiter(redis)
        sys.stdin.readline()
        hits = [limiter.hit(key, Limit.parse("5/min")) for _ in range(50)]
        print(sum(decision.allowed for decision in await asyncio.gather(*hits)))

print("ready", flush=True)
asyncio.run(main(*sys.argv[1:]))
"""


async def test_of_two_processes_at_once_exactly_the_limit_passes(redis_url: str) -> None:
    pipe = asyncio.subprocess.PIPE
    rivals = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", _RIVAL, redis_url, KEY, stdin=pipe, stdout=pipe
        )
        for _ in range(2)
    ]
    for rival in rivals:
        assert rival.stdout is not None
        assert await rival.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(rival.communicate(b"go\n") for rival in rivals))
    assert sum(int(output.split()[-1]) for output, _ in said) == 5


async def test_without_redis_each_process_holds_its_share_of_the_limit() -> None:
    used: list[None] = []
    async with RedisConnection(f"redis://127.0.0.1:{free_port()}") as nowhere:
        limiter = RedisRateLimiter(nowhere, processes=4, on_fallback=lambda: used.append(None))
        with capture_logs() as log:
            limit = Limit.parse("40/min burst 20")
            hits = [await limiter.hit(KEY, limit) for _ in range(50)]
    assert sum(decision.allowed for decision in hits) == 5
    assert hits[-1].retry_after == pytest.approx(6, abs=0.5), "10 a minute are its share"
    assert len(used) == 50
    assert [entry["event"] for entry in log] == ["without redis"], "one line for an outage"


async def test_an_outage_is_survived_and_its_end_noticed(redis_server: RedisServer) -> None:
    redis_server.flush()
    async with (
        line_to(redis_server.port) as line,
        RedisConnection(RedisServer(line.port).url(), time_limit=0.2, pause=0.02) as redis,
    ):
        limiter = RedisRateLimiter(redis)
        with capture_logs() as log:
            line.stall()
            assert (await limiter.hit(KEY, FIVE_A_MINUTE)).allowed
            await line.heal()
            async with asyncio.timeout(30):
                while not redis.is_connected:  # noqa: ASYNC110  # what happens inside has no event
                    await asyncio.sleep(0.005)
            assert (await limiter.hit(KEY, FIVE_A_MINUTE)).allowed
    said = [entry["event"] for entry in log if entry.get("what") == "rate limits"]
    assert said == ["without redis", "with redis again"]


@given(st.lists(st.floats(0, 30), max_size=60))
async def test_in_any_stretch_of_time_no_more_passes_than_burst_and_rate_allow(
    pauses: list[float],
) -> None:
    clock = _HandClock()
    limiter, passed = MemoryRateLimiter(clock=clock), list[float]()
    for pause in pauses:
        clock.advance(pause)
        if (await limiter.hit(KEY, FIVE_A_MINUTE)).allowed:
            passed.append(clock.now)
    for i, start in enumerate(passed):
        for j, end in enumerate(passed[i:], start=1):
            assert j <= 5 + (end - start) / 12 + 1e-3


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("5/min", Limit(5, 60, 5)),
        ("20/min burst 10", Limit(20, 60, 10)),
        ("50/s burst 100", Limit(50, 1, 100)),
        ("5/10min", Limit(5, 600, 5)),
        ("  1000/h   burst 1 ", Limit(1000, 3600, 1)),
        ("3/d", Limit(3, 86400, 3)),
    ],
)
def test_limits_are_written_as_one_says_them(text: str, limit: Limit) -> None:
    assert Limit.parse(text) == limit
    assert Limit.parse(str(limit)) == limit


@pytest.mark.parametrize(
    "text", ["", "5", "5/", "/min", "0/min", "5/0min", "5/min burst 0", "-1/s", "5/week", "5/min x"]
)
def test_what_states_no_limit_is_refused(text: str) -> None:
    with pytest.raises(BadLimit):
        Limit.parse(text)


def test_a_limit_can_be_a_setting() -> None:
    setting: TypeAdapter[Limit] = TypeAdapter(Annotated[Limit, BeforeValidator(Limit.parse)])
    assert setting.validate_python("5/min") == FIVE_A_MINUTE
    with pytest.raises(ValidationError):
        setting.validate_python("often")


# --- The pace of polls (RFC 8628 section 3.5) -----------------------------------------------------

CODE = tenant_key(ACME, "poll", "01936b8e-0000-7000-8000-0000000000aa")


async def test_a_device_that_keeps_the_interval_is_never_told_to_slow_down(
    pacer: PollPacer, advance: Advance
) -> None:
    for _ in range(10):
        assert await pacer.note(CODE, interval=5, ttl=600) == PollVerdict(False, 5)
        advance(4.4)  # the network gave and took some


async def test_each_poll_too_early_adds_five_seconds_that_stay(
    pacer: PollPacer, advance: Advance
) -> None:
    await pacer.note(CODE, interval=5, ttl=600)
    for expected in (10, 15, 20):
        advance(1)
        assert await pacer.note(CODE, interval=5, ttl=600) == PollVerdict(True, expected)
    advance(15)
    assert await pacer.note(CODE, interval=5, ttl=600) == PollVerdict(True, 25)
    advance(25)
    assert await pacer.note(CODE, interval=5, ttl=600) == PollVerdict(False, 25)


async def test_of_polls_at_the_same_moment_one_is_in_time(pacer: PollPacer) -> None:
    polls = await asyncio.gather(*(pacer.note(CODE, interval=5, ttl=600) for _ in range(20)))
    assert sum(not poll.too_fast for poll in polls) == 1
    assert max(poll.interval for poll in polls) == 5 + 19 * 5


async def test_codes_are_paced_apart(pacer: PollPacer) -> None:
    await pacer.note(CODE, interval=5, ttl=600)
    other = tenant_key(ACME, "poll", "another")
    assert not (await pacer.note(other, interval=5, ttl=600)).too_fast


async def test_a_short_interval_is_kept_too(pacer: PollPacer, advance: Advance) -> None:
    await pacer.note(CODE, interval=1, ttl=600)
    advance(0.6)
    assert not (await pacer.note(CODE, interval=1, ttl=600)).too_fast
    advance(0.3)
    assert (await pacer.note(CODE, interval=1, ttl=600)).too_fast


async def test_a_pace_is_forgotten_with_its_code(
    pacer: PollPacer, advance: Advance, server: redis_py.Redis
) -> None:
    await pacer.note(CODE, interval=60, ttl=10)
    advance(11)
    assert not (await pacer.note(CODE, interval=5, ttl=10)).too_fast
    assert all(0 < int(server.pttl(key)) <= 10_000 for key in server.scan_iter())


async def test_memory_remembers_no_more_codes_than_it_may() -> None:
    pacer = MemoryPollPacer(max_codes=10)
    for number in range(100):
        await pacer.note(tenant_key(ACME, str(number)), interval=5, ttl=600)
    assert len(pacer) == 10


async def test_without_redis_polls_are_paced_by_each_process() -> None:
    used: list[None] = []
    async with RedisConnection(f"redis://127.0.0.1:{free_port()}") as nowhere:
        pacer = RedisPollPacer(nowhere, on_fallback=lambda: used.append(None))
        assert not (await pacer.note(CODE, interval=5, ttl=0)).too_fast
        assert await pacer.note(CODE, interval=5, ttl=600) == PollVerdict(True, 10)
    assert len(used) == 2
