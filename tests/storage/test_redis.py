"""The connection to Redis: shared by all that waits, soon given up, never out of step."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import UUID

import pytest
import redis as redis_py
from structlog.testing import capture_logs

from authgate.storage.redis.connection import (
    RedisConnection,
    RedisRefused,
    RedisUnavailable,
    Script,
    UnscopedKey,
    platform_key,
    scoped,
    tenant_key,
)
from authgate_testing import RedisServer
from authgate_testing.line import line_to
from authgate_testing.processes import free_port

ACME = UUID("01936b8e-0000-7000-8000-000000000001")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[RedisConnection]:
    async with RedisConnection(redis_url, time_limit=0.1, pause=0.02) as connection:
        yield connection


@pytest.fixture
def server(redis_url: str) -> Iterator[redis_py.Redis]:
    """Redis as its operator sees it."""
    with redis_py.Redis.from_url(redis_url) as client:
        yield client


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  # what happens inside has no event
            await asyncio.sleep(0.005)


async def test_each_of_many_concurrent_callers_gets_its_own_answer(redis: RedisConnection) -> None:
    async def echo(number: int) -> bool:
        await redis.call("SET", f"authgate:{number}", number)
        return await redis.call("GET", f"authgate:{number}") == str(number).encode()

    assert all(await asyncio.gather(*(echo(number) for number in range(2000))))


async def test_what_is_asked_at_the_same_moment_travels_together(
    redis: RedisConnection, server: redis_py.Redis
) -> None:
    def reads() -> int:
        return int(server.info("stats")["total_reads_processed"])

    before = reads()
    await asyncio.gather(*(redis.call("GET", "authgate:x") for _ in range(200)))
    assert reads() - before < 10


async def test_an_error_answers_only_the_command_that_caused_it(redis: RedisConnection) -> None:
    await redis.call("SET", "authgate:text", "no list")
    before, wrong, after = await asyncio.gather(
        redis.call("GET", "authgate:text"),
        redis.call("LPUSH", "authgate:text", "x"),
        redis.call("GET", "authgate:text"),
        return_exceptions=True,
    )
    assert before == after == b"no list"
    assert isinstance(wrong, RedisRefused)


@pytest.mark.parametrize("word", [None, 0.5, ["x"]])
async def test_a_word_of_the_wrong_type_fails_only_its_caller(
    redis: RedisConnection, word: str
) -> None:
    fine, wrong = await asyncio.gather(
        redis.call("PING"), redis.call("SET", "authgate:x", word), return_exceptions=True
    )
    assert fine == b"PONG"
    assert isinstance(wrong, TypeError)


async def test_words_are_sent_as_they_are(redis: RedisConnection) -> None:
    for word in ("", "two words", "\r\n$3\r\n", "中文", b"\x00\xff", -7):
        said = await redis.call("ECHO", word)
        assert said == (word if isinstance(word, bytes) else str(word).encode())


async def test_a_caller_who_stops_waiting_leaves_everyone_in_step(
    redis_url: str, server: redis_py.Redis
) -> None:
    async with RedisConnection(redis_url, time_limit=5) as redis:
        server.client_pause(50)
        calls = [asyncio.ensure_future(redis.call("ECHO", str(number))) for number in range(20)]
        await asyncio.sleep(0.01)  # they are on their way now
        for call in calls[::2]:
            call.cancel()
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert answers[1::2] == [str(number).encode() for number in range(1, 20, 2)]
        assert await redis.call("ECHO", "next") == b"next"


async def test_a_redis_that_stalls_is_given_up_within_the_time_limit_and_found_again(
    redis_server: RedisServer,
) -> None:
    async with line_to(redis_server.port) as line:
        url = RedisServer(line.port).url()
        async with RedisConnection(url, time_limit=0.1, pause=0.02) as redis:
            line.stall()
            started = time.perf_counter()
            lost = await asyncio.gather(
                *(redis.call("PING") for _ in range(5)), return_exceptions=True
            )
            assert time.perf_counter() - started < 2
            assert all(type(error) is RedisUnavailable for error in lost)

            with pytest.raises(RedisUnavailable):
                redis.call("PING").send(None)  # while Redis is away nobody waits for it

            await line.heal()
            await _until(lambda: redis.is_connected)
            assert await redis.call("ECHO", "again") == b"again"


async def test_a_busy_loop_is_not_taken_for_a_slow_redis(redis: RedisConnection) -> None:
    calls = [asyncio.ensure_future(redis.call("ECHO", str(number))) for number in range(20)]
    for _ in range(2):
        await asyncio.sleep(0)  # they are on their way now
    time.sleep(0.15)  # noqa: ASYNC251  # longer than the time limit
    assert await asyncio.gather(*calls) == [str(number).encode() for number in range(20)]


async def test_a_cut_connection_fails_who_waits_and_comes_back_by_itself(
    redis: RedisConnection, server: redis_py.Redis
) -> None:
    await redis.call("SET", "authgate:x", "kept")
    server.client_kill_filter(_type="normal", skipme=True)
    with pytest.raises(RedisUnavailable):
        await redis.call("GET", "authgate:x")
    await _until(lambda: redis.is_connected)
    assert await redis.call("GET", "authgate:x") == b"kept"


async def test_an_idle_connection_that_died_is_replaced_before_anyone_asks(
    redis_url: str, server: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authgate.storage.redis.connection.HEARTBEAT_SECONDS", 0.02)
    async with RedisConnection(redis_url, pause=0.02) as redis:
        server.client_kill_filter(_type="normal", skipme=True)
        await _until(lambda: not redis.is_connected)
        await _until(lambda: redis.is_connected)
        assert await redis.call("PING") == b"PONG"


async def test_a_redis_that_is_not_there_is_no_reason_not_to_start() -> None:
    with capture_logs() as log:
        async with RedisConnection(f"redis://:secret@127.0.0.1:{free_port()}", pause=0.01) as redis:
            with pytest.raises(RedisUnavailable):
                await redis.call("PING")
            await asyncio.sleep(0.05)  # several attempts
    assert [entry["event"] for entry in log] == ["redis lost"], "one line for each outage"
    assert "secret" not in str(log)


async def test_a_replica_is_left_because_the_name_may_lead_elsewhere_now(
    redis: RedisConnection, server: redis_py.Redis
) -> None:
    server.replicaof("127.0.0.1", str(free_port()))
    try:
        with pytest.raises(RedisUnavailable):
            await redis.call("SET", "authgate:x", "1")
        assert not redis.is_connected
    finally:
        server.replicaof("NO", "ONE")
    await _until(lambda: redis.is_connected)
    assert await redis.call("SET", "authgate:x", "1") == b"OK"


async def test_a_full_redis_refuses_without_being_left(
    redis: RedisConnection, server: redis_py.Redis
) -> None:
    server.config_set("maxmemory", 1)
    try:
        with pytest.raises(RedisRefused):
            await redis.call("SET", "authgate:x", "1")
        assert await redis.call("PING") == b"PONG"
    finally:
        server.config_set("maxmemory", 0)


async def test_scripts_outlive_a_redis_that_forgot_them(
    redis: RedisConnection, server: redis_py.Redis
) -> None:
    double = Script("return ARGV[1] * 2")
    assert await redis.run(double, [], 21) == 42
    server.script_flush()
    assert await asyncio.gather(*(redis.run(double, [], n) for n in range(3))) == [0, 2, 4]


async def test_closing_leaves_nobody_waiting(redis_url: str, server: redis_py.Redis) -> None:
    async with RedisConnection(redis_url) as redis:
        server.client_pause(50)
        waiting = asyncio.ensure_future(redis.call("PING"))
        await asyncio.sleep(0)
    with pytest.raises(RedisUnavailable):
        await waiting
    with pytest.raises(RedisUnavailable):
        await redis.call("PING")


def test_every_tenant_s_keys_begin_with_its_id_as_a_hash_tag() -> None:
    assert tenant_key(ACME, "limit", "token", "cli") == f"t:{{{ACME}}}:limit:token:cli"
    assert scoped(tenant_key(ACME, "x"))
    assert scoped(platform_key("x"))


@pytest.mark.parametrize("parts", [("a:b", "c"), ("a%3Ab", "c"), ("a", "b", "c"), ("a", "b:c")])
def test_no_part_of_a_key_can_pass_for_several(parts: tuple[str, ...]) -> None:
    others = {("a:b", "c"), ("a%3Ab", "c"), ("a", "b", "c"), ("a", "b:c")} - {parts}
    assert tenant_key(ACME, *parts) not in {tenant_key(ACME, *other) for other in others}


def test_a_stranger_s_long_name_makes_no_long_key() -> None:
    assert len(tenant_key(ACME, "x" * 1_000_000)) < 120
    assert tenant_key(ACME, "x" * 100) != tenant_key(ACME, "x" * 101)


@pytest.mark.parametrize("nobody", [None, "", "acme", str(ACME)])
def test_a_key_without_a_tenant_cannot_be_made(nobody: object) -> None:
    with pytest.raises(UnscopedKey):
        tenant_key(nobody, "x")  # type: ignore[arg-type]
    with pytest.raises(UnscopedKey):
        scoped(f"{nobody}:x")
