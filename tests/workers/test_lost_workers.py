"""Workers that vanish, as with the machine they ran on."""

from collections.abc import Awaitable, Callable
from typing import Any

import redis

from authgate.clock import utc_now
from authgate.jobs import RemoveExpired
from authgate.jobs.celery_settings import KEY_PREFIX

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]

MANY = 1500


async def test_f10_the_job_of_a_worker_that_was_killed_whole_is_finished_by_another(
    crew: Any, until: Until
) -> None:
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
