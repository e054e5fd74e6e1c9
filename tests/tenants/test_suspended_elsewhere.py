"""Each of several server processes refuses a suspended tenant within a second, with Redis and
without."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from authgate import installation, provisioning
from authgate.settings import DatabaseSettings, Settings
from authgate_tenants import TenantStatus
from authgate_testing.databases import on_postgres
from authgate_testing.live import Host, host

pytestmark = on_postgres

SECONDS = 1.0
REQUESTS = 24
"""So many on fresh connections reach both processes, but for once in eight million times."""


@pytest.fixture(params=["redis", "nothing"])
def serving(
    request: pytest.FixtureRequest, database_settings: DatabaseSettings, tmp_path: Path
) -> Iterator[tuple[Host, Settings]]:
    """Two processes that serve, and the settings of a third, which changes things."""
    variables = {"AUTHGATE_SERVER__WORKERS": "2", "AUTHGATE_LIMITS__ENABLED": "false"}
    redis_url = None
    if request.param == "redis":
        redis_url = SecretStr(request.getfixturevalue("redis_url"))
        variables["AUTHGATE_REDIS_URL"] = redis_url.get_secret_value()
    with host(database_settings, tmp_path, variables) as live:
        yield live, live.settings.model_copy(update={"redis_url": redis_url})


async def statuses(url: str) -> set[int]:
    """What both processes answer."""
    fresh = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(limits=fresh, timeout=30) as http:
        answers = await asyncio.gather(*(http.get(url) for _ in range(REQUESTS)))
    return {answer.status_code for answer in answers}


async def test_ti_27_every_process_refuses_and_serves_a_tenant_within_a_second(
    serving: tuple[Host, Settings],
) -> None:
    live, settings = serving
    async with installation.opened(settings) as parts:
        tenant = await provisioning.add_tenant(parts, slug="acme", name="Acme")
        url = f"{tenant.issuer}/.well-known/jwks.json"
        assert await statuses(url) == {200}
        for status, answered in ((TenantStatus.SUSPENDED, 403), (TenantStatus.ACTIVE, 200)):
            await provisioning.set_tenant_status(parts, tenant, status)
            told_at = time.monotonic()
            await asyncio.sleep(SECONDS - (time.monotonic() - told_at))
            assert await statuses(url) == {answered}
    assert url.startswith(live.base_url)
