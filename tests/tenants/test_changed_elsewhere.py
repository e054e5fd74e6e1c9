"""What an operator changes in one process holds in the others: at once where there is Redis."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import jwt
import pytest
from pydantic import SecretStr

from authgate.provisioning import NewClient
from authgate.settings import DatabaseSettings, KeySettings, Settings
from authgate_tenants import Tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.server import RunningServer
from authgate_testing.terminal import Terminal


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, database_settings: DatabaseSettings, tmp_path: Path
) -> Settings:
    """A server that hears of changes by Redis, or ``without`` it."""
    without = getattr(request, "param", "") == "without"
    redis_url = None if without else SecretStr(request.getfixturevalue("redis_url"))
    return Settings(
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path / "kek"),
        redis_url=redis_url,
        log_level="error",
    )


@pytest.fixture
def terminal(server: RunningServer) -> Terminal:
    return Terminal(server.parts.settings)


@pytest.fixture
def time_stands_still(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered is not forgotten for its age."""
    now = time.monotonic()
    for cache in server.parts.caches:
        monkeypatch.setattr(cache._values, "_clock", lambda: now)


at_once = pytest.mark.usefixtures("time_stands_still")


async def comes_to_hold(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - what is heard has no event
            await asyncio.sleep(0.02)


async def token(server: RunningServer, tenant: Tenant, machine: NewClient) -> dict[str, object]:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(machine.client.client_id, machine.secret or ""),
    )
    assert answer.status_code == 200, answer.text
    content: dict[str, object] = answer.json()
    return content


@at_once
async def test_a_setting_holds_at_once_in_every_process(
    server: RunningServer, acme: Tenant, machine: NewClient, terminal: Terminal
) -> None:
    assert (await token(server, acme, machine))["expires_in"] == 3600
    ended = await terminal("tenant", "set", "acme", "client_credentials_lifetime=60")
    assert ended.code == 0, ended.err

    async def is_changed() -> bool:
        return (await token(server, acme, machine))["expires_in"] == 60

    await comes_to_hold(is_changed)


@at_once
async def test_a_client_may_leave_its_secret_out_at_once_in_every_process(
    server: RunningServer, acme: Tenant, terminal: Terminal
) -> None:
    words = ("--name", "Old", "--grant", "device_code", "--scope", "read", "--id", "old")
    assert (await terminal("client", "create", "-t", "acme", *words)).code == 0

    async def starts() -> bool:
        form = {"client_id": "old", "scope": "read"}
        answer = await server.http.post(f"{acme.issuer}/oauth/device/code", data=form)
        return answer.status_code == 200

    assert not await starts()
    switch = "--unauthenticated-device-grant"
    assert (await terminal("client", "update", "-t", "acme", "old", switch)).code == 0
    await comes_to_hold(starts)


@at_once
async def test_a_host_of_its_own_serves_a_tenant_at_once_in_every_process_until_it_is_given_up(
    server: RunningServer, acme: Tenant, globex: Tenant, terminal: Terminal
) -> None:
    own, path = "http://login.acme.example", acme.issuer

    async def issuer_at(address: str) -> str:
        answer = await server.http.get(f"{address}/.well-known/openid-configuration")
        return str(answer.json().get("issuer", answer.status_code))

    async def is_at_its_own_host() -> bool:
        return (await issuer_at(own), await issuer_at(path)) == (own, path)

    async def is_at_its_own_host_only() -> bool:
        return (await issuer_at(own), await issuer_at(path)) == (own, "404")

    async def leads_to_its_path() -> bool:
        return (await issuer_at(own), await issuer_at(path)) == (path, path)

    async def is_at_its_path() -> bool:
        return (await issuer_at(own), await issuer_at(path)) == ("421", path)

    assert await is_at_its_path()
    words = ("login.acme.example", "-t", "acme")
    assert (await terminal("domain", "add", *words)).code == 0
    assert await is_at_its_path()
    assert (await terminal("domain", "verify", *words, "--without-proof")).code == 0
    await comes_to_hold(leads_to_its_path)
    assert (await terminal("domain", "make-canonical", *words)).code == 0
    await comes_to_hold(is_at_its_own_host)
    assert await issuer_at(globex.issuer) == globex.issuer
    assert (await terminal("domain", "end-overlap", "-t", "acme", "--yes")).code == 0
    await comes_to_hold(is_at_its_own_host_only)
    back = ("domain", "make-canonical", "-t", "acme", "--overlap", "0")
    assert (await terminal(*back)).code == 0
    await comes_to_hold(leads_to_its_path)
    assert (await terminal("domain", "remove", *words, "--yes")).code == 0
    await comes_to_hold(is_at_its_path)


@on_sqlite
@pytest.mark.parametrize("settings", ["without"], indirect=True)
async def test_an_algorithm_chosen_elsewhere_is_signed_with_though_the_keys_are_remembered(
    server: RunningServer, acme: Tenant, machine: NewClient, terminal: Terminal
) -> None:
    await token(server, acme, machine)
    assert (await terminal("tenant", "set", "acme", "signing_algorithm=EdDSA")).code == 0
    # Each is read again in its own time: here the tenant is, and its keys are not yet.
    await server.parts.tenants.invalidate((None, "slug", "acme"))
    signed = str((await token(server, acme, machine))["access_token"])
    assert jwt.get_unverified_header(signed)["alg"] == "EdDSA"
