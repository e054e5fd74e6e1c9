"""What probes and measurements say while the database or Redis is away, and to whom."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from authgate.app import assembled
from authgate.clock import utc_now
from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate.telemetry import metrics
from authgate.web import health
from authgate_tenants import Tenant
from authgate_testing import PostgresServer, RedisServer
from authgate_testing.line import Line, line_to
from authgate_testing.server import BASE_URL, MovableClock, RunningServer


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is told once, not for a second."""
    monkeypatch.setattr(health, "_FRESH_SECONDS", 0)


@pytest.fixture
async def to_postgres(postgres: PostgresServer) -> AsyncIterator[Line]:
    """What leads to the database."""
    async with line_to(postgres.port) as line:
        yield line


@pytest.fixture
async def to_redis(redis_server: RedisServer, redis_url: str) -> AsyncIterator[Line]:
    """What leads to Redis."""
    async with line_to(redis_server.port) as line:
        yield line


@pytest.fixture
def settings(
    postgres_settings_of_own: DatabaseSettings,
    postgres: PostgresServer,
    to_postgres: Line,
    to_redis: Line,
    tmp_path: Path,
) -> Settings:
    """A server that reaches both by these lines."""
    direct = postgres_settings_of_own.url.get_secret_value()
    url = direct.replace(f":{postgres.port}/", f":{to_postgres.port}/")
    return Settings(
        database=DatabaseSettings(url=SecretStr(url), statement_seconds=1.0),
        redis_url=SecretStr(f"redis://127.0.0.1:{to_redis.port}/0"),
        keys=KeySettings(kek_file=tmp_path / "kek"),
    )


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    redis_server.flush()
    return redis_server.url()


async def asked(server: RunningServer, path: str) -> tuple[int, Any]:
    answer = await server.http.get(path)
    assert "127.0.0.1" not in answer.text
    assert "authgate_app" not in answer.text
    return answer.status_code, answer.json()


def told(text: str, series: str) -> float:
    [line] = [line for line in text.splitlines() if line.startswith(f"{series} ")]
    return float(line.rpartition(" ")[2])


async def test_without_its_database_a_server_is_alive_but_not_ready_and_says_what_is_away(
    server: RunningServer, to_postgres: Line
) -> None:
    assert (await asked(server, "/startupz"))[0] == 200
    assert (await asked(server, "/readyz"))[0] == 200
    await to_postgres.refuse()
    status, body = await asked(server, "/readyz")
    assert (status, body["status"]) == (503, "unready")
    assert body["checks"] == {"database": "unreachable", "migrations": "ok", "redis": "ok"}
    assert await asked(server, "/livez") == (200, {"status": "ok"})
    assert (await asked(server, "/startupz"))[0] == 200
    assert (await asked(server, "/health"))[1]["database"] == "disconnected"
    await to_postgres.heal()
    assert (await asked(server, "/readyz"))[0] == 200


async def test_a_database_that_is_away_is_measured(
    server: RunningServer, acme: Tenant, machine: NewClient, to_postgres: Line
) -> None:
    away, lost = (
        'authgate_check_ok{check="database"}',
        'authgate_unavailable_total{reason="database"}',
    )
    await server.http.get("/readyz")
    metrics.unavailable.add("database", by=0)
    before = (await server.http.get("/metrics")).text
    assert told(before, away) == 1
    await to_postgres.refuse()
    form = {
        "grant_type": "client_credentials",
        "client_id": machine.client.client_id,
        "client_secret": machine.secret,
    }
    assert (await server.http.post(f"{acme.issuer}/oauth/token", data=form)).status_code == 503
    after = (await server.http.get("/metrics")).text
    assert told(after, away) == 0
    assert told(after, lost) == told(before, lost) + 1


async def test_without_redis_a_server_is_ready_and_counts_what_it_decides_alone(
    server: RunningServer, acme: Tenant, machine: NewClient, to_redis: Line
) -> None:
    limits = 'authgate_redis_fallbacks_total{what="rate_limits"}'
    line, changes = "authgate_redis_connected", "authgate_invalidations_connected"
    metrics.redis_fallbacks.add("rate_limits", by=0)
    before = (await server.http.get("/metrics")).text
    assert told(before, line) == 1
    await to_redis.refuse()
    status, body = await asked(server, "/readyz")
    assert (status, body["checks"]["redis"]) == (200, "unreachable")
    form = {
        "grant_type": "client_credentials",
        "client_id": machine.client.client_id,
        "client_secret": machine.secret,
    }
    assert (await server.http.post(f"{acme.issuer}/oauth/token", data=form)).status_code == 200
    after = (await server.http.get("/metrics")).text
    async with asyncio.timeout(10):  # the line notices by itself
        while told(after, line) != 0:
            after = (await server.http.get("/metrics")).text
    assert told(after, limits) > told(before, limits)
    assert told(after, changes) == 1, "It is the database that tells of changes."
    assert told(after, 'authgate_check_ok{check="redis"}') == 0


async def test_without_its_migrations_a_server_has_not_started(
    empty_database: DatabaseSettings, tmp_path: Path
) -> None:
    settings = Settings(database=empty_database, keys=KeySettings(kek_file=tmp_path / "kek"))
    async with assembled(settings, clock=utc_now) as (app, parts):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            server = RunningServer(parts, transport, http, MovableClock())
            assert await asked(server, "/startupz") == (503, {"status": "starting"})
            status, body = await asked(server, "/readyz")
            assert (status, body["checks"]["migrations"]) == (503, "pending")
            assert (await asked(server, "/livez"))[0] == 200
