"""What a process remembers, and how it is told to forget."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
import redis as redis_py
from asyncpg.pgproto import pgproto

from authgate.storage.caches import Cached, ForeignValue
from authgate.storage.invalidation import EVERY_TOPIC, Invalidations
from authgate.storage.redis.connection import RedisConnection
from authgate.storage.redis.invalidation import CHANNEL, RedisInvalidations
from authgate_tenants import Tenant
from authgate_tenants.resolver import TenantCache
from authgate_testing.processes import free_port

ACME = UUID("01936b8e-0000-7000-8000-000000000001")
GLOBEX = UUID("01936b8e-0000-7000-8000-000000000002")
CLI = (ACME, "cli")

Values = Cached[tuple[UUID | None, str], str | None]


class _Source:
    """Where values come from; counts how often, and waits if told to."""

    def __init__(self) -> None:
        self.value: str | None = "old"
        self.loads = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = asyncio.Event()

    async def load(self) -> str | None:
        self.loads += 1
        value = self.value  # read first, answered later: as a database does
        self.asked.set()
        await self.may_answer.wait()
        return value


class _HandClock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hand_clock() -> _HandClock:
    return _HandClock()


@pytest.fixture
def cache(hand_clock: _HandClock) -> Values:
    return Cached(size=3, ttl=60, clock=hand_clock)


@pytest.fixture
def source() -> _Source:
    return _Source()


def _constant(value: str | None) -> Callable[[], Awaitable[str | None]]:
    async def load() -> str | None:
        return value

    return load


# --- The cache ------------------------------------------------------------------------------------


async def test_a_value_is_loaded_once_and_kept_for_its_time(
    cache: Values, source: _Source, hand_clock: _HandClock
) -> None:
    for _ in range(5):
        assert await cache.get(CLI, source.load) == "old"
    assert source.loads == 1
    hand_clock.now += 60
    source.value = "new"
    assert await cache.get(CLI, source.load) == "new"
    assert (cache.stats.hits, cache.stats.loads) == (4, 2)


async def test_a_thousand_who_ask_at_once_cause_one_load(cache: Values, source: _Source) -> None:
    source.may_answer.clear()
    asked = asyncio.gather(*(cache.get(CLI, source.load) for _ in range(1000)))
    await source.asked.wait()
    await asyncio.sleep(0)
    source.may_answer.set()
    assert set(await asked) == {"old"}
    assert source.loads == 1
    assert cache.stats.joined == 999


async def test_an_invalidation_discards_the_load_it_overtakes(
    cache: Values, source: _Source
) -> None:
    source.may_answer.clear()
    early = asyncio.ensure_future(cache.get(CLI, source.load))
    await source.asked.wait()

    source.value = "new"
    cache.invalidate(CLI)
    late = asyncio.ensure_future(cache.get(CLI, source.load))
    await asyncio.sleep(0)
    source.may_answer.set()

    assert await early == "old", "it asked before the change was told"
    assert await late == "new", "who asks after it does not join the old load"
    assert await cache.get(CLI, source.load) == "new"
    assert source.loads == 2
    assert cache.stats.overtaken == 1


@pytest.mark.parametrize(
    "invalidate",
    [
        lambda cache: cache.invalidate_tenant(ACME),
        lambda cache: cache.clear(),
        lambda cache: cache.forget(ACME, "cli"),
        lambda cache: cache.forget(ACME),
        lambda cache: cache.forget(None),
    ],
)
async def test_every_kind_of_invalidation_reaches_values_and_loads(
    cache: Values, source: _Source, invalidate: Callable[[Values], None]
) -> None:
    await cache.get(CLI, source.load)
    invalidate(cache)
    assert len(cache) == 0
    assert cache.stats.invalidations == 1

    source.may_answer.clear()
    source.asked.clear()
    loading = asyncio.ensure_future(cache.get(CLI, source.load))
    await source.asked.wait()
    invalidate(cache)
    source.may_answer.set()
    await loading
    assert len(cache) == 0


async def test_one_tenant_s_invalidation_leaves_the_others_alone(cache: Values) -> None:
    for key in ((ACME, "cli"), (GLOBEX, "cli"), (None, "acme")):
        await cache.get(key, _constant("value"))
    cache.invalidate_tenant(ACME)
    assert len(cache) == 2
    cache.forget(None, "acme")
    assert len(cache) == 1


async def test_the_same_name_in_two_tenants_is_two_values(cache: Values) -> None:
    assert await cache.get((ACME, "cli"), _constant("acme's")) == "acme's"
    assert await cache.get((GLOBEX, "cli"), _constant("globex's")) == "globex's"
    assert await cache.get((ACME, "cli"), _constant("wrong")) == "acme's"


async def test_another_tenant_s_value_is_neither_kept_nor_given_out() -> None:
    @dataclass(slots=True)
    class Client:
        tenant_id: UUID

    cache: Cached[tuple[UUID, str], Client] = Cached(size=3, ttl=60)
    client = Client(GLOBEX)

    async def load() -> Client:
        return client

    with pytest.raises(ForeignValue):
        await cache.get((ACME, "cli"), load)
    assert len(cache) == 0

    client.tenant_id = ACME
    assert await cache.get((ACME, "cli"), load) is client


async def test_what_was_loaded_longest_ago_makes_room(cache: Values) -> None:
    for name in ("a", "b", "c"):
        await cache.get((ACME, name), _constant(name))
    cache.invalidate((ACME, "a"))
    await cache.get((ACME, "a"), _constant("a"))
    await cache.get((ACME, "d"), _constant("d"))
    assert len(cache) == 3
    assert cache.stats.evictions == 1
    assert await cache.get((ACME, "a"), _constant("loaded again")) == "a"
    assert await cache.get((ACME, "b"), _constant("loaded again")) == "loaded again"


async def test_that_there_is_nothing_is_not_remembered_unless_asked(source: _Source) -> None:
    source.value = None
    forgetful: Values = Cached(size=3, ttl=60)
    for _ in range(3):
        assert await forgetful.get(CLI, source.load) is None
    assert source.loads == 3
    mindful: Values = Cached(size=3, ttl=60, keep_none=True)
    for _ in range(3):
        assert await mindful.get(CLI, source.load) is None
    assert source.loads == 4


async def test_a_load_that_fails_fails_all_who_wait_and_is_not_kept(cache: Values) -> None:
    failures = 0

    async def fail() -> str | None:
        nonlocal failures
        failures += 1
        await asyncio.sleep(0)
        raise OSError("no database")

    answers = await asyncio.gather(
        *(cache.get(CLI, fail) for _ in range(10)), return_exceptions=True
    )
    assert all(isinstance(answer, OSError) for answer in answers)
    assert failures == 1
    assert await cache.get(CLI, _constant("back")) == "back"


async def test_who_loads_and_is_cancelled_hands_over_to_one_who_waits(
    cache: Values, source: _Source
) -> None:
    source.may_answer.clear()
    first, *others = [asyncio.ensure_future(cache.get(CLI, source.load)) for _ in range(5)]
    await source.asked.wait()
    first.cancel()
    source.may_answer.set()
    assert await asyncio.gather(*others) == ["old"] * 4
    assert source.loads == 2
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_who_waits_and_is_cancelled_disturbs_nobody(cache: Values, source: _Source) -> None:
    source.may_answer.clear()
    tasks = [asyncio.ensure_future(cache.get(CLI, source.load)) for _ in range(5)]
    await source.asked.wait()
    await asyncio.sleep(0)
    tasks[2].cancel()
    source.may_answer.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers.count("old") == 4
    assert source.loads == 1


def test_the_tenants_resolver_can_be_given_one() -> None:
    cache: TenantCache = Cached[tuple[None, str, str], Tenant | None](size=10_000, ttl=60)
    assert cache is not None


# --- Telling all processes to forget --------------------------------------------------------------


@dataclass(slots=True)
class _Process:
    """What one server process has: a connection, ears, a cache."""

    redis: RedisConnection
    invalidations: Invalidations
    cache: Values

    async def remembers(self, key: tuple[UUID | None, str]) -> bool:
        return await self.cache.get(key, _constant(None)) is not None

    async def learns(self, *keys: tuple[UUID | None, str]) -> None:
        for key in keys:
            await self.cache.get(key, _constant("value"))

    async def forgets(self, key: tuple[UUID | None, str], *, within: float = 30) -> None:
        """Wait until it does."""
        async with asyncio.timeout(within):
            while await self.remembers(key):  # noqa: ASYNC110  # another process has no event
                await asyncio.sleep(0.005)


@pytest.fixture
async def processes(redis_url: str) -> AsyncIterator[tuple[_Process, _Process]]:
    async with (
        RedisConnection(redis_url, pause=0.02) as first,
        RedisConnection(redis_url, pause=0.02) as second,
        RedisInvalidations(first) as told_first,
        RedisInvalidations(second) as told_second,
    ):
        one = _Process(first, told_first, Cached(size=100, ttl=600))
        two = _Process(second, told_second, Cached(size=100, ttl=600))
        for process in (one, two):
            process.invalidations.subscribe("clients", process.cache.forget)
        yield one, two


@pytest.fixture
def server(redis_url: str) -> Iterator[redis_py.Redis]:
    """Redis as its operator sees it."""
    with redis_py.Redis.from_url(redis_url) as client:
        yield client


async def test_what_one_process_changes_every_process_forgets(
    processes: tuple[_Process, _Process],
) -> None:
    one, two = processes
    for process in processes:
        await process.learns((ACME, "cli"), (ACME, "web"), (GLOBEX, "cli"))

    await one.invalidations.publish("clients", ACME, "cli")
    assert not await one.remembers((ACME, "cli")), "the one who says it has forgotten at once"
    await two.forgets((ACME, "cli"))
    assert await two.remembers((ACME, "web"))

    await one.invalidations.publish("clients", ACME)
    await two.forgets((ACME, "web"))
    assert await two.remembers((GLOBEX, "cli"))

    await one.invalidations.publish("clients", None)
    await two.forgets((GLOBEX, "cli"))


async def test_a_tenant_is_told_of_as_the_database_names_it(
    processes: tuple[_Process, _Process],
) -> None:
    one, two = processes
    await two.learns((ACME, "cli"))
    as_asyncpg_reads_it = pgproto.UUID(str(ACME))
    await one.invalidations.publish("clients", as_asyncpg_reads_it, "cli")
    await two.forgets((ACME, "cli"))


async def test_only_those_who_listen_to_a_topic_forget(
    processes: tuple[_Process, _Process],
) -> None:
    one, two = processes
    await two.learns((ACME, "cli"), (ACME, "web"))
    await one.invalidations.publish("keys", ACME)
    await one.invalidations.publish("clients", ACME, "web")
    await two.forgets((ACME, "web"))
    assert await two.remembers((ACME, "cli"))
    await one.invalidations.publish(EVERY_TOPIC, ACME)
    await two.forgets((ACME, "cli"))


async def test_a_process_that_was_cut_off_forgets_all_it_may_have_missed(
    processes: tuple[_Process, _Process], server: redis_py.Redis
) -> None:
    _, two = processes
    await two.learns((ACME, "cli"))
    server.client_kill_filter(_type="pubsub")
    await two.forgets((ACME, "cli"))


async def test_a_process_that_hears_nothing_any_more_forgets_within_a_second(
    processes: tuple[_Process, _Process], server: redis_py.Redis
) -> None:
    _, two = processes
    await two.learns((ACME, "cli"))
    server.client_pause(2500)  # the connection stands, and is silent
    for _ in range(2):
        await two.forgets((ACME, "cli"), within=1.2)  # a second, and somebody else's turn
        await two.learns((ACME, "cli"))


async def test_a_message_of_another_version_is_taken_for_the_worst(
    processes: tuple[_Process, _Process], server: redis_py.Redis
) -> None:
    one, two = processes
    for message in (b"?", b"{}", b"[]", b'["clients"]', b'["clients","acme","cli"]', b"3"):
        await two.learns((ACME, "cli"))
        server.publish(CHANNEL, message)
        await two.forgets((ACME, "cli"))
    await two.learns((ACME, "cli"))
    await one.invalidations.publish("clients", ACME, "cli")
    await two.forgets((ACME, "cli"))


async def test_what_could_not_be_said_is_said_when_redis_is_back(redis_url: str) -> None:
    async with (
        RedisConnection(redis_url, pause=0.01) as redis,
        RedisConnection(redis_url) as reliable,
        RedisInvalidations(redis) as told,
        RedisInvalidations(reliable) as elsewhere,
    ):
        cache: Values = Cached(size=100, ttl=600)
        elsewhere.subscribe("clients", cache.forget)
        process = _Process(reliable, elsewhere, cache)
        await process.learns((ACME, "cli"))
        redis._connected = False  # only this process has lost it
        await told.publish("clients", ACME, "cli")
        assert await process.remembers((ACME, "cli"))
        redis._connected = True
        await process.forgets((ACME, "cli"))


async def test_without_redis_this_process_alone_is_told() -> None:
    async with Invalidations() as invalidations:
        cache: Values = Cached(size=100, ttl=600)
        invalidations.subscribe("clients", cache.forget)
        await cache.get(CLI, _constant("value"))
        await invalidations.publish("clients", ACME, "cli")
        assert len(cache) == 0


async def test_a_redis_that_is_not_there_delays_nobody() -> None:
    async with (
        asyncio.timeout(20),
        RedisConnection(f"redis://127.0.0.1:{free_port()}") as nowhere,
        RedisInvalidations(nowhere) as invalidations,
    ):
        for number in range(2000):
            await invalidations.publish("clients", ACME, str(number))
