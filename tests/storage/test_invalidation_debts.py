"""What a process owes the others when it ends, or while it is sent from two places."""

import asyncio
from urllib.parse import urlsplit

from structlog.testing import capture_logs

from authgate.storage.redis.connection import RedisConnection
from authgate.storage.redis.invalidation import RedisInvalidations
from authgate_testing.line import line_to
from authgate_testing.processes import free_port


async def test_a_message_that_was_sent_meanwhile_is_no_error(redis_url: str) -> None:
    async with RedisConnection(redis_url) as redis:
        told = RedisInvalidations(redis)
        told._owed = {1: b'["users",null]', 2: b'["users",null]'}
        await asyncio.gather(told._send(redis, 2), told._send_owed(redis))
        assert told._owed == {}


async def test_a_process_that_ends_sends_what_it_owes_once_redis_is_back(redis_url: str) -> None:
    port = urlsplit(redis_url).port
    assert port is not None
    forgotten = asyncio.Event()
    async with line_to(port) as line, RedisConnection(redis_url) as reliable:
        lame = RedisConnection(
            redis_url.replace(f":{port}", f":{line.port}"), time_limit=0.05, pause=0.02
        )
        async with RedisInvalidations(reliable) as elsewhere, lame:
            told = RedisInvalidations(lame)
            async with told:
                line.stall()
                await told.publish("users", None)
                assert told._owed
                line.cut()
                elsewhere.subscribe("users", lambda *_: forgotten.set())
                await line.heal()
            assert not told._owed
            await asyncio.wait_for(forgotten.wait(), 30)


async def test_a_process_that_ends_in_debt_says_when_the_others_follow() -> None:
    async with RedisConnection(f"redis://127.0.0.1:{free_port()}/0") as nowhere:
        with capture_logs() as logs:
            async with RedisInvalidations(nowhere) as told:
                await told.publish("users", None)
    assert any("others follow" in line["event"] for line in logs)
