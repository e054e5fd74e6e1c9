"""What the probes of an operator are told."""

import asyncio
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from authgate import storage
from authgate.settings import DatabaseSettings
from authgate.storage.redis.connection import RedisConnection
from authgate.web import health
from authgate.web.health import Health, Readiness
from authgate.web.machine import MachineRequest, Reply
from authgate_testing import PostgresServer


async def well() -> str:
    return ""


def readiness(draining: bool = False, **checks: health.Check) -> Readiness:
    return Readiness({"database": well, **checks}, draining=lambda: draining)


async def ask(
    path: str,
    ready: Readiness | None = None,
    *,
    token: str | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    client_ip: str = "127.0.0.1",
) -> Reply:
    probes = Health(ready or readiness(), metrics_token=SecretStr(token) if token else None)
    return await probes.endpoints()[path](
        MachineRequest(
            method="GET",
            path=path,
            query=b"",
            headers=headers,
            body=b"",
            client_ip=client_ip,
            request_id="test",
        )
    )


def told(reply: Reply) -> tuple[int, Any]:
    return reply.status, orjson.loads(reply.body)


async def fail() -> str:
    raise ConnectionError("no route to db.internal as app:s3cr3t")


async def test_a_process_that_answers_is_alive_whatever_else_is_wrong() -> None:
    assert told(await ask("/livez", readiness(database=fail))) == (200, {"status": "ok"})


async def test_it_is_ready_when_every_part_is() -> None:
    expected = {"status": "ready", "checks": {"database": "ok", "redis": "ok"}}
    assert told(await ask("/readyz", readiness(redis=well))) == (200, expected)


async def test_it_is_not_ready_without_a_part_and_says_which_but_not_how() -> None:
    reply = await ask("/readyz", readiness(redis=fail))
    expected = {"status": "unready", "checks": {"database": "ok", "redis": "unreachable"}}
    assert told(reply) == (503, expected)
    assert b"db.internal" not in reply.body


async def test_it_is_not_ready_while_it_drains_though_every_part_works() -> None:
    expected = {"status": "unready", "checks": {"database": "ok", "draining": "draining"}}
    assert told(await ask("/readyz", readiness(draining=True))) == (503, expected)


async def test_a_part_that_does_not_answer_in_time_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def hang() -> str:
        await asyncio.Event().wait()
        return ""

    monkeypatch.setattr(health, "CHECK_SECONDS", 0.01)
    status, body = told(await ask("/readyz", readiness(database=hang)))
    assert (status, body["checks"]) == (503, {"database": "unreachable"})


async def test_a_crowd_of_probes_asks_each_part_once() -> None:
    asked = 0

    async def count() -> str:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return ""

    ready = readiness(database=count)
    await asyncio.gather(*(ask("/readyz", ready) for _ in range(100)))
    assert asked == 1


async def test_it_has_started_once_every_part_has_answered_and_stays_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "_FRESH_SECONDS", 0)
    answers = iter(["starting", "", "unreachable"])

    async def check() -> str:
        return next(answers)

    ready = readiness(database=check)
    assert told(await ask("/startupz", ready)) == (503, {"status": "starting"})
    assert told(await ask("/startupz", ready)) == (200, {"status": "started"})
    assert (await ask("/readyz", ready)).status == 503
    assert (await ask("/startupz", ready)).status == 200


async def test_health_is_told_as_authgate_has_always_told_it() -> None:
    assert told(await ask("/health")) == (200, {"status": "healthy", "database": "connected"})
    assert told(await ask("/health", readiness(database=fail))) == (
        503,
        {"status": "unhealthy", "database": "disconnected"},
    )


async def test_who_is_told_no_is_told_when_to_come_back() -> None:
    for path in ("/readyz", "/startupz", "/health"):
        assert (b"retry-after", b"1") in (await ask(path, readiness(database=fail))).headers
        assert b"retry-after" not in dict((await ask(path)).headers)


async def test_no_answer_may_be_kept() -> None:
    for path in ("/livez", "/readyz", "/startupz", "/health", "/metrics"):
        assert (b"cache-control", b"no-store") in (await ask(path)).headers


async def test_metrics_are_told_to_whoever_has_the_token_from_anywhere() -> None:
    for sent in (b"Bearer right",):
        reply = await ask(
            "/metrics", token="right", headers=((b"authorization", sent),), client_ip="203.0.113.7"
        )
        assert reply.status == 200
        assert b"authgate_build_info" in reply.body


@pytest.mark.parametrize("sent", [None, b"", b"Bearer wrong", b"Basic right", b"right", b"\xff"])
async def test_metrics_are_refused_without_the_token_even_to_this_machine(
    sent: bytes | None,
) -> None:
    headers = ((b"authorization", sent),) if sent is not None else ()
    reply = await ask("/metrics", token="right", headers=headers)
    assert reply.status == 401
    assert (b"www-authenticate", b'Bearer realm="Metrics"') in reply.headers
    assert set(orjson.loads(reply.body)) == {"error", "message"}


@pytest.mark.parametrize("client_ip", ["127.0.0.1", "::1"])
async def test_metrics_without_a_token_are_told_to_this_machine(client_ip: str) -> None:
    assert (await ask("/metrics", client_ip=client_ip)).status == 200


@pytest.mark.parametrize("client_ip", ["203.0.113.7", "10.0.0.1", "2001:db8::1", "", "unknown"])
async def test_metrics_without_a_token_are_told_to_nobody_else(client_ip: str) -> None:
    assert (await ask("/metrics", client_ip=client_ip)).status == 404


@pytest.mark.parametrize("header", [b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via"])
async def test_metrics_are_not_told_through_a_proxy_on_this_machine(header: bytes) -> None:
    assert (await ask("/metrics", headers=((header, b"203.0.113.7"),))).status == 404


async def test_a_migrated_database_is_ready(database: DatabaseSettings) -> None:
    ready = Readiness(
        {
            "database": health.database_answers,
            "migrations": health.migrations_applied(database),
        },
        draining=lambda: False,
    )
    assert told(await ask("/readyz", ready))[0] == 200


async def test_a_database_without_its_migrations_is_not_ready(
    empty_database: DatabaseSettings,
) -> None:
    async with storage.opened(empty_database):
        ready = Readiness(
            {"migrations": health.migrations_applied(empty_database), "database": well},
            draining=lambda: False,
        )
        status, body = told(await ask("/readyz", ready))
    assert (status, body["checks"]["migrations"]) == (503, "pending")


async def test_a_database_that_went_away_is_noticed(
    postgres: PostgresServer, postgres_settings_of_own: DatabaseSettings
) -> None:
    async with storage.opened(postgres_settings_of_own):
        assert await health.database_answers() == ""
        name = postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]
        postgres.execute(
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"  # noqa: S608 - our own name
            f" WHERE datname = '{name}'",
        )
        ready = Readiness({"database": health.database_answers}, draining=lambda: False)
        assert (await ask("/readyz", ready)).status == 503


async def test_redis_that_answers_is_ready_and_one_that_is_away_is_not(redis_url: str) -> None:
    async with RedisConnection(redis_url) as redis:
        assert await health.redis_answers(redis)() == ""
    assert await health.redis_answers(redis)() == "unreachable"


async def test_it_is_ready_without_a_part_it_can_do_without_and_still_says_so() -> None:
    ready = Readiness({"database": well, "redis": fail}, draining=bool, dispensable=("redis",))
    expected = {"status": "ready", "checks": {"database": "ok", "redis": "unreachable"}}
    assert told(await ask("/readyz", ready)) == (200, expected)
