"""Each of several server processes refuses a suspended tenant, a blocked address and a disabled
client within a second, and has a plugin go by what is set for it, whoever tells it: the database,
Redis behind a pooler, or nobody."""

import asyncio
import sys
from collections.abc import Awaitable, Iterator
from pathlib import Path

import httpx2
import jwt
import pytest
from pydantic import SecretStr

from authgate import installation, provisioning
from authgate.provisioning import NewClient
from authgate.provisioning.address_blocks import block_address, unblock_address
from authgate.provisioning.plugin_settings import PluginChange, set_plugin
from authgate.settings import DatabaseSettings, Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.vocabulary import ClientStatus
from authgate_tenants import TenantSettings, TenantStatus, use_tenant
from authgate_testing.databases import on_postgres
from authgate_testing.installed_plugins import put_plugin
from authgate_testing.live import DEVICE_GRANT, Host, host

pytestmark = on_postgres

SECONDS = 1.0
_STEPS = 50
TOKEN, DEVICE, INTROSPECTION = "/oauth/token", "/oauth/device/code", "/oauth/introspect"
REQUESTS = 24
"""So many on fresh connections reach both processes, but for once in eight million times."""


STAMP = """
from dataclasses import dataclass
from typing import Annotated
from authgate.plugin_api import Setting, hookimpl

plugin_api_version = "1.2"

@dataclass(frozen=True)
class Config:
    text: Annotated[str, Setting("What is said.")]

@hookimpl
def register_config():
    return Config

@hookimpl
async def token_claims(config):
    return {"stamp_text": config.text}
"""


@pytest.fixture
def stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where a plugin is that says in tokens what is set for it: here, and for who is told so."""
    site = tmp_path / "site"
    put_plugin(site, "stamp", STAMP, module="stamp_of_processes")
    monkeypatch.syspath_prepend(str(site))
    yield site
    sys.modules.pop("stamp_of_processes", None)


@pytest.fixture(params=["database", "redis"])
def serving(
    request: pytest.FixtureRequest,
    database_settings: DatabaseSettings,
    tmp_path: Path,
    stamp: Path,
) -> Iterator[tuple[Host, Settings]]:
    """Two processes that serve, and the settings of a third, which changes things."""
    variables = {"AUTHGATE_SERVER__WORKERS": "2", "AUTHGATE_LIMITS__ENABLED": "false"}
    variables["PYTHONPATH"] = str(stamp)
    redis_url = None
    if request.param != "database":
        # As behind a pooler, through which nobody can listen.
        database_settings = database_settings.model_copy(update={"pgbouncer": True})
        variables["AUTHGATE_DATABASE__PGBOUNCER"] = "true"
    if request.param == "redis":
        redis_url = SecretStr(request.getfixturevalue("redis_url"))
        variables["AUTHGATE_REDIS_URL"] = redis_url.get_secret_value()
    with host(database_settings, tmp_path, variables) as live:
        yield live, live.settings.model_copy(update={"redis_url": redis_url})


async def token(url: str, client: NewClient) -> str:
    """An access token of the client's own."""
    async with httpx2.AsyncClient(timeout=30) as http:
        auth = (client.client.client_id, str(client.secret))
        form = {"grant_type": "client_credentials", "scope": "authgate:clients:read"}
        issued: str = (await http.post(url, data=form, auth=auth)).json()["access_token"]
    return issued


async def stamped(url: str, client: NewClient) -> set[str]:
    """What both processes have the plugin say in tokens of the client's."""
    tokens = await asyncio.gather(*(token(url, client) for _ in range(REQUESTS)))
    return {jwt.decode(each, options={"verify_signature": False})["stamp_text"] for each in tokens}


async def statuses(url: str, client: NewClient | None = None, *, bearer: str = "") -> set[int]:
    """What both processes answer whom they let in, a client, or who has its access token."""
    fresh = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(limits=fresh, timeout=30) as http:
        if client is None:
            headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
            asked = [http.get(url, headers=headers) for _ in range(REQUESTS)]
        else:
            auth = (client.client.client_id, str(client.secret))
            form = {"grant_type": "client_credentials", "token": "x"}
            asked = [http.post(url, data=form, auth=auth) for _ in range(REQUESTS)]
        answers = await asyncio.gather(*asked)
    return {answer.status_code for answer in answers}


async def a_second_after(act: Awaitable[object]) -> None:
    """Do it, and let as much time go by as every process has to find out: in steps, which take
    longer for us as well where the machine keeps everybody waiting."""
    await act
    for _ in range(_STEPS):
        await asyncio.sleep(SECONDS / _STEPS)


@pytest.mark.parametrize("serving", ["database", "redis", "nobody"], indirect=True)
async def test_ti_27_every_process_refuses_and_serves_a_tenant_within_a_second(
    serving: tuple[Host, Settings],
) -> None:
    live, settings = serving
    async with installation.opened(settings) as parts:
        tenant = await provisioning.add_tenant(parts, slug="acme", name="Acme")
        url = f"{tenant.issuer}/.well-known/jwks.json"
        assert await statuses(url) == {200}
        for status, answered in ((TenantStatus.SUSPENDED, 403), (TenantStatus.ACTIVE, 200)):
            await a_second_after(provisioning.set_tenant_status(parts, tenant, status))
            assert await statuses(url) == {answered}
    assert url.startswith(live.base_url)


async def test_every_process_keeps_out_an_address_and_a_client_and_obeys_plugin_settings(
    serving: tuple[Host, Settings],
) -> None:
    _, settings = serving
    async with installation.opened(settings) as parts:
        enabled = TenantSettings(enabled_plugins=("stamp",))
        tenant = await provisioning.add_tenant(parts, slug="acme", name="Acme", settings=enabled)
        keys, tokens = (f"{tenant.issuer}{path}" for path in ("/.well-known/jwks.json", TOKEN))
        with use_tenant(tenant):
            grants = ["client_credentials", DEVICE_GRANT]
            scopes = ["authgate:clients:read"]
            client = await provisioning.add_client(
                parts, ClientDraft(name="M", grant_types=grants, scopes=scopes, introspects=True)
            )
            await set_plugin(parts, "stamp", PluginChange(config={"text": "one"}))
            assert await stamped(tokens, client) == {"one"}
            await a_second_after(set_plugin(parts, "stamp", PluginChange(config={"text": "two"})))
            assert await stamped(tokens, client) == {"two"}
            issued = await token(tokens, client)
            asking = [f"{tenant.issuer}{path}" for path in (DEVICE, INTROSPECTION)]
            clients = f"{tenant.issuer}/api/v1/clients"
            assert await statuses(clients, bearer=issued) == {200}
            name = client.client.client_id
            await a_second_after(block_address(parts, "127.0.0.0/8", reason=""))
            assert await statuses(keys) == {403}
            await a_second_after(unblock_address(parts, "127.0.0.0/8"))
            assert await statuses(tokens, client) == {200}
            disabled = ClientStatus.INACTIVE
            await a_second_after(provisioning.set_client_status(parts, name, disabled))
            for url in (tokens, *asking):
                assert await statuses(url, client) == {401}, url
            assert await statuses(clients, bearer=issued) == {401}, "what it was given ends too"
