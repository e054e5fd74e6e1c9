"""Workers that vanish, as with the machine they ran on, and workers whose broker does."""

import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from authgate.clock import utc_now
from authgate.jobs import RemoveExpired
from authgate.jobs.celery_settings import KEY_PREFIX
from authgate_testing.redis_server import redis_service

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]

MANY = 1500


async def test_f10_the_job_of_a_worker_that_was_killed_whole_is_finished_by_another(
    crew: Any, until: Until
) -> None:
    # One job removes all of it, however slow the machine is: no beat sends another.
    jobs = crew.settings.jobs.model_copy(update={"cleanup_seconds": 60.0})
    crew = replace(crew, settings=crew.settings.model_copy(update={"jobs": jobs}))
    rows = await crew.rows()
    await rows.more_tokens(MANY, now=utc_now())
    with crew.worker() as first:
        await crew.queue().enqueue(RemoveExpired(), tenant_id=None)
        await until(lambda: rows.some_are_gone(MANY))
        first.kill()
    assert not await rows.are_gone()
    let_time_pass(crew.settings.redis_url.get_secret_value())
    with crew.worker() as second:
        await until(rows.are_gone)
        assert second.leave() == 0


def let_time_pass(broker_url: str) -> None:
    """Have the broker believe that what was handed out was handed out long ago."""
    index = f"{KEY_PREFIX}unacked_index"
    with redis.Redis.from_url(broker_url) as broker:
        handed_out = broker.zrange(index, 0, -1)
        assert handed_out
        broker.zadd(index, dict.fromkeys(handed_out, 1))


@pytest.mark.parametrize("crew", ["sqlite"], indirect=True)
@pytest.mark.parametrize("killed", [False, True], ids=["done", "killed"])
async def test_f9_a_worker_whose_broker_went_while_it_was_at_a_job_takes_the_next_one(
    crew: Any, until: Until, killed: bool
) -> None:
    rows = await crew.rows()
    await rows.more_tokens(MANY, now=utc_now())
    with redis_service() as broker:
        url = SecretStr(f"redis://127.0.0.1:{broker.port}/0")
        # Long enough to be at it when the broker goes, however slow the machine is.
        jobs = crew.settings.jobs.model_copy(update={"cleanup_seconds": 4.0})
        there = {"redis_url": url, "jobs": jobs}
        elsewhere = replace(crew, settings=crew.settings.model_copy(update=there))
        with elsewhere.worker() as worker:

            async def a_line_is_lost() -> bool:
                return bool(worker.said("consumer: Connection to broker lost") > lost)

            async def it_is_back() -> bool:
                return bool(worker.said("celery@") > ready)

            async def another_has() -> bool:
                return bool(worker.said("job ended") > before)

            lost, ready, before = 0, 0, 0
            await until(it_is_back)
            # The first line that it loses while it has nothing to do.
            ready = worker.said("celery@")
            broker.end(signal.SIGKILL)
            await until(a_line_is_lost)
            lost = worker.said("consumer: Connection to broker lost")
            broker.start()
            broker.wait_until_up()
            await elsewhere.queue().enqueue(RemoveExpired(), tenant_id=None)
            await until(lambda: rows.some_are_gone(MANY))
            broker.end(signal.SIGKILL)

            if killed:
                os.kill(worker.child(), signal.SIGKILL)

            await until(a_line_is_lost)
            broker.start()
            broker.wait_until_up()
            if not killed:
                await until(another_has)  # the one that it was at
            before = worker.said("job ended")
            await elsewhere.queue().enqueue(RemoveExpired(), tenant_id=None)
            await until(another_has)
            assert worker.leave() == 0
