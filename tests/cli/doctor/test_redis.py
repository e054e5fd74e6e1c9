"""``authgate doctor`` on Redis, for limits and as Celery's broker."""

import os
import re
from pathlib import Path

import pytest

from authgate_testing import RedisServer
from authgate_testing.doctor import Doctor
from authgate_testing.guarded_postgres import ANYWHERE
from authgate_testing.guarded_redis import GuardedRedis
from authgate_testing.processes import free_port
from authgate_testing.relay import relayed


def test_redis_that_answers_is_well(dev: Doctor, redis_url: str) -> None:
    os.environ["AUTHGATE_REDIS_URL"] = redis_url
    dev.finds()


@pytest.mark.parametrize("setting", ["REDIS_URL", "JOBS__BROKER_URL"])
def test_redis_that_is_away_is_found(dev: Doctor, setting: str) -> None:
    os.environ[f"AUTHGATE_{setting}"] = f"redis://127.0.0.1:{free_port()}"
    name = setting.lower().replace("__", ".")
    assert f"`{name}`" in dev.finds("redis-away")["cure"]


@pytest.mark.parametrize("url", ["http://127.0.0.1", "redis://:wrong@127.0.0.1:{port}/0"])
def test_redis_that_cannot_be_asked_is_found(
    dev: Doctor, guarded_redis: GuardedRedis, url: str
) -> None:
    os.environ["AUTHGATE_REDIS_URL"] = url.format(port=guarded_redis.port)
    dev.finds("redis-away")


def test_redis_of_another_machine_that_is_guarded_is_well(
    prod: Doctor, guarded_redis: GuardedRedis
) -> None:
    os.environ["AUTHGATE_REDIS_URL"] = guarded_redis.url(ANYWHERE)
    prod.finds()


def test_redis_of_another_machine_in_the_clear_is_found(
    prod: Doctor, guarded_redis: GuardedRedis
) -> None:
    os.environ["AUTHGATE_REDIS_URL"] = guarded_redis.plain_url(ANYWHERE)
    prod.finds("redis-in-the-clear")


def test_redis_of_another_machine_without_a_password_is_found(
    prod: Doctor, redis_server: RedisServer
) -> None:
    os.environ["AUTHGATE_REDIS_URL"] = f"redis://{ANYWHERE}:{redis_server.port}/0"
    prod.finds("redis-in-the-clear", "redis-asks-nobody")


@pytest.mark.parametrize("option", ["ssl_cert_reqs=none", "ssl_check_hostname=false"])
def test_redis_that_is_not_verified_is_found(
    dev: Doctor, guarded_redis: GuardedRedis, option: str
) -> None:
    os.environ["AUTHGATE_REDIS_URL"] = f"{guarded_redis.url()}&{option}"
    assert dev.finds("redis-unverified")["found"] == f"{option.partition('=')[0]} in redis_url"


def test_redis_that_nobody_vouches_for_is_not_spoken_to(
    dev: Doctor, guarded_redis: GuardedRedis, certificate: tuple[Path, Path]
) -> None:
    url = guarded_redis.url().replace(str(guarded_redis.authority), str(certificate[0]))
    os.environ["AUTHGATE_REDIS_URL"] = url
    dev.finds("redis-away")


@pytest.mark.parametrize(
    ("memory", "policy", "codes"),
    [
        ("100mb", "allkeys-lru", ["redis-evicts"]),
        ("100mb", "volatile-ttl", ["redis-evicts"]),
        ("100mb", "noeviction", []),
        ("0", "allkeys-lru", []),
    ],
)
def test_redis_that_throws_keys_out_is_found(
    dev: Doctor, guarded_redis: GuardedRedis, memory: str, policy: str, codes: list[str]
) -> None:
    guarded_redis.tell(f"CONFIG SET maxmemory {memory}", f"CONFIG SET maxmemory-policy {policy}")
    os.environ["AUTHGATE_REDIS_URL"] = guarded_redis.url()
    try:
        dev.finds(*codes)
    finally:
        guarded_redis.tell("CONFIG SET maxmemory 0", "CONFIG SET maxmemory-policy noeviction")


def test_a_replica_of_redis_is_found(
    dev: Doctor, guarded_redis: GuardedRedis, redis_server: RedisServer
) -> None:
    guarded_redis.tell(f"REPLICAOF 127.0.0.1 {redis_server.port}")
    os.environ["AUTHGATE_REDIS_URL"] = guarded_redis.url()
    try:
        dev.finds("redis-replica")
    finally:
        guarded_redis.tell("REPLICAOF NO ONE")


def test_redis_that_may_not_be_asked_about_itself_is_well(
    dev: Doctor, guarded_redis: GuardedRedis
) -> None:
    guarded_redis.tell("ACL SETUSER limited on >7b0a6a1f2c8d9e73 ~* &* +@all -info -time")
    os.environ["AUTHGATE_REDIS_URL"] = guarded_redis.url().replace(
        f":{guarded_redis.password}", "limited:7b0a6a1f2c8d9e73"
    )
    dev.finds()


def a_minute_late(answer: bytes) -> bytes:
    """The answer of Redis with an earlier time in it."""
    return re.sub(rb"(?<=\$10\r\n)\d{10}", lambda now: b"%d" % (int(now[0]) - 60), answer)


def test_a_clock_of_redis_that_differs_is_found(dev: Doctor, redis_server: RedisServer) -> None:
    with relayed(redis_server.port, change=a_minute_late) as port:
        os.environ["AUTHGATE_REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        assert dev.finds("clock-skew")["found"].startswith("the clock of Redis is 60.")
