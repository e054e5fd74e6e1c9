"""Workers and beats tell whether they still go round: by a file, and in their broker."""

import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from authgate.jobs.celery_settings import SIGN_SECONDS, signs_of_life
from authgate.storage.redis import crew_signs
from authgate_testing import RedisServer
from authgate_testing.redis_server import redis_running, redis_service

Until = Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]
LONG_AGO = 1_000_000_000
SECONDS = 0.2
QUICKLY = f"from authgate import settings; settings.HEARTBEAT_SECONDS = {SECONDS}; "

pytestmark = pytest.mark.parametrize("crew", ["sqlite"], indirect=True, scope="module")
"""No database has a part in it."""


def _with_heartbeat(crew: Any, file: Path, **changes: Any) -> Any:
    jobs = crew.settings.jobs.model_copy(update={"heartbeat_file": file})
    settings = crew.settings.model_copy(update={"jobs": jobs, **changes})
    return replace(crew, settings=settings, beforehand=QUICKLY)


@pytest.mark.parametrize("program", ["worker", "beat"])
async def test_who_goes_round_touches_the_file_and_takes_it_away_when_leaving(
    crew: Any, tmp_path: Path, until: Until, program: str
) -> None:
    file = tmp_path / "heartbeat"

    async def is_there() -> bool:
        return file.exists()

    async def is_touched() -> bool:
        return file.stat().st_mtime > LONG_AGO

    with getattr(_with_heartbeat(crew, file), program)() as running:
        await until(is_there)
        os.utime(file, (LONG_AGO, LONG_AGO))
        await until(is_touched)
        assert running.leave() == 0
    assert not file.exists()


async def test_a_worker_that_is_stuck_lets_the_file_grow_old(
    crew: Any, tmp_path: Path, until: Until
) -> None:
    file = tmp_path / "heartbeat"

    async def is_there() -> bool:
        return file.exists()

    with _with_heartbeat(crew, file).worker() as worker:
        await until(is_there)
        worker.process.send_signal(signal.SIGSTOP)
        os.waitpid(worker.process.pid, os.WUNTRACED)  # noqa: ASYNC222 - it stops at once
        os.utime(file, (LONG_AGO, LONG_AGO))
        time.sleep(10 * SECONDS)  # noqa: ASYNC251
        assert file.stat().st_mtime == LONG_AGO
        worker.process.send_signal(signal.SIGCONT)


async def test_a_worker_without_its_broker_is_not_taken_for_stuck(
    crew: Any, tmp_path: Path, until: Until
) -> None:
    file = tmp_path / "heartbeat"

    async def is_there() -> bool:
        return file.exists()

    async def is_gone_or_touched() -> bool:
        return not file.exists() or file.stat().st_mtime > LONG_AGO

    with ExitStack() as stack:
        url = SecretStr(stack.enter_context(redis_running()).url())
        with _with_heartbeat(crew, file, redis_url=url).worker() as running:
            await until(is_there)
            stack.close()
            with suppress(FileNotFoundError):
                os.utime(file, (LONG_AGO, LONG_AGO))
            await until(is_gone_or_touched)
            assert running.process.poll() is None
            running.kill()


async def test_a_beat_goes_round_without_its_broker_and_sends_once_it_is_back(
    crew: Any, tmp_path: Path, until: Until
) -> None:
    file = tmp_path / "heartbeat"

    async def is_there() -> bool:
        return file.exists()

    async def has_sent() -> bool:
        return bool(beat.said("sent what is due") > before)

    async def misses_it() -> bool:
        return bool(beat.said("the broker cannot be reached") > 1)

    async def is_touched() -> bool:
        return file.stat().st_mtime > LONG_AGO

    with redis_service() as broker:
        url = SecretStr(f"redis://127.0.0.1:{broker.port}/0")
        with _with_heartbeat(crew, file, redis_url=url).beat() as beat:
            before = 0
            await until(has_sent)
            await until(is_there)
            broker.end(signal.SIGKILL)
            os.utime(file, (LONG_AGO, LONG_AGO))
            await until(misses_it)
            await until(is_touched)
            before = beat.said("sent what is due")
            broker.start()
            broker.wait_until_up()
            await until(has_sent)
            assert beat.leave() == 0


@pytest.mark.parametrize("program", ["worker", "beat"])
async def test_who_goes_round_leaves_a_sign_of_life_with_the_broker(
    crew: Any, redis_server: RedisServer, until: Until, program: str
) -> None:
    url = crew.settings.redis_url.get_secret_value()

    async def is_heard() -> bool:
        return await crew_signs.heard(url, signs_of_life()) == {program}

    redis_server.flush(int(url.rpartition("/")[2]))
    with getattr(crew, program)() as running:
        await until(is_heard)
        assert running.leave() == 0
    async with Redis.from_url(url) as redis:
        assert 0 < await redis.ttl(signs_of_life()[program]) <= SIGN_SECONDS
