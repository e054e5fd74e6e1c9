"""Jobs that leave this process."""

import asyncio
import base64
import os
import secrets
import ssl
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from uuid import UUID

import kombu.pools
import orjson
import pytest
import redis
from pydantic import SecretStr

from authgate.jobs import JOBS, QueueUnavailable, RemoveExpired
from authgate.jobs.celery_queue import CeleryQueue
from authgate.jobs.celery_settings import KEY_PREFIX, QUEUE, NoBroker, celery_settings
from authgate.jobs.envelope import Envelopes
from authgate.settings import JobSettings, Settings
from authgate_testing.guarded_redis import GuardedRedis
from authgate_testing.processes import free_port
from authgate_workers.tasks import celery_app

WITHOUT_CELERY = """
import sys
import authgate.app, authgate.background, authgate.jobs
foreign = sorted(name for name in sys.modules if name.partition('.')[0] in ('celery', 'kombu'))
assert not foreign, foreign
"""


def test_a_server_that_does_its_jobs_itself_never_loads_celery() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_CELERY], check=True, capture_output=True)


async def test_a_job_goes_to_the_broker_sealed_under_its_name_and_in_json(redis_url: str) -> None:
    envelopes = Envelopes([os.urandom(32)])
    queue = CeleryQueue(Settings(redis_url=SecretStr(redis_url)), envelopes)
    await queue.enqueue(RemoveExpired(), tenant_id=UUID(int=1))
    queue.close()
    with redis.Redis.from_url(redis_url) as broker:
        [raw] = broker.lrange(f"{KEY_PREFIX}{QUEUE}", 0, -1)
        keys = {key.decode() for key in broker.scan_iter()}
    sent = orjson.loads(raw)
    assert sent["headers"]["task"] == "remove-expired"
    assert sent["content-type"] == "application/json"
    _, sealed, _ = orjson.loads(base64.b64decode(sent["body"]))
    assert envelopes.open("remove-expired", sealed).tenant_id == UUID(int=1)
    assert all(key.startswith(KEY_PREFIX) for key in keys)


async def test_a_broker_that_is_away_is_told_at_once() -> None:
    broker = SecretStr(f"redis://127.0.0.1:{free_port()}/0")
    queue = CeleryQueue(Settings(redis_url=broker), Envelopes([os.urandom(32)]))
    async with asyncio.timeout(10):
        with pytest.raises(QueueUnavailable):
            await queue.enqueue(RemoveExpired(), tenant_id=None)


@pytest.fixture
def no_line_of_before() -> None:
    """Connections are kept for the process, whatever their URL said of certificates."""
    kombu.pools.reset()


@pytest.mark.usefixtures("no_line_of_before")
@pytest.mark.parametrize("is_known", [True, False], ids=["vouched for", "strange"])
async def test_jobs_go_to_no_broker_that_is_not_vouched_for(
    guarded_redis: GuardedRedis, certificate: tuple[Path, Path], is_known: bool
) -> None:
    url = guarded_redis.url()
    if not is_known:
        url = url.replace(str(guarded_redis.authority), str(certificate[0]))
    queue = CeleryQueue(Settings(redis_url=SecretStr(url)), Envelopes([os.urandom(32)]))
    with nullcontext() if is_known else pytest.raises(QueueUnavailable):
        await queue.enqueue(RemoveExpired(), tenant_id=None)
    queue.close()


@pytest.mark.usefixtures("no_line_of_before")
async def test_by_default_the_system_s_authorities_vouch_for_a_broker(
    guarded_redis: GuardedRedis,
) -> None:
    url = guarded_redis.url().partition("?")[0]
    queue = CeleryQueue(Settings(redis_url=SecretStr(url)), Envelopes([os.urandom(32)]))
    with pytest.raises(QueueUnavailable):
        await queue.enqueue(RemoveExpired(), tenant_id=None)
    queue.close()


def test_a_broker_of_its_own_comes_before_the_redis_of_everything_else() -> None:
    settings = Settings(
        redis_url=SecretStr("redis://one/0"),
        jobs=JobSettings(broker_url=SecretStr("redis://two/0")),
    )
    assert celery_settings(settings)["broker_url"] == "redis://two/0"


def test_celery_without_any_redis_says_what_to_set() -> None:
    with pytest.raises(NoBroker, match="AUTHGATE_REDIS_URL"):
        celery_settings(Settings())


def test_what_a_killed_worker_had_comes_again_only_after_it_must_have_ended() -> None:
    made = celery_settings(Settings(redis_url=SecretStr("redis://one/0")))
    assert made["broker_transport_options"]["visibility_timeout"] > made["task_time_limit"]


def test_no_job_is_killed_before_it_had_its_time_to_break_off_by_itself() -> None:
    tasks = celery_app(lambda: Settings(redis_url=SecretStr("redis://one/0"))).tasks
    early = [kind.name for kind in JOBS if (tasks[kind.name].time_limit or 0) <= kind.seconds]
    assert (len(JOBS) > 5, early) == (True, [])


def test_a_rabbit_is_told_nothing_of_what_a_redis_is_and_has_to_show_its_certificate() -> None:
    clear, sealed = (
        celery_settings(Settings(jobs=JobSettings(broker_url=SecretStr(f"{scheme}://u:p@mq/"))))
        for scheme in ("amqp", "amqps")
    )
    assert clear["broker_transport_options"] == {"confirm_publish": True}
    assert clear["broker_use_ssl"] is None
    assert sealed["broker_use_ssl"] == {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": "mq"}


async def test_a_broker_that_refuses_is_told_of_as_one_that_is_away(redis_url: str) -> None:
    few = "few", secrets.token_hex(8)
    with redis.Redis.from_url(redis_url) as broker:
        broker.acl_setuser(
            few[0], enabled=True, passwords=[f"+{few[1]}"], keys=["*"], commands=["+@connection"]
        )
        url = redis_url.replace("redis://", f"redis://{few[0]}:{few[1]}@")
        queue = CeleryQueue(Settings(redis_url=SecretStr(url)), Envelopes([os.urandom(32)]))
        try:
            with pytest.raises(QueueUnavailable):
                await queue.length()
            with pytest.raises(QueueUnavailable):
                await queue.enqueue(RemoveExpired(), tenant_id=None)
        finally:
            queue.close()
            broker.acl_deluser(few[0])


async def test_a_rabbit_that_is_away_is_told_at_once() -> None:
    broker = SecretStr(f"amqp://guest:guest@127.0.0.1:{free_port()}//")
    queue = CeleryQueue(Settings(jobs=JobSettings(broker_url=broker)), Envelopes([os.urandom(32)]))
    async with asyncio.timeout(10):
        with pytest.raises(QueueUnavailable):
            await queue.enqueue(RemoveExpired(), tenant_id=None)
