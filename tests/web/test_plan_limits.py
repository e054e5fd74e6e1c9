"""What a tenant's plan lets it ask, who shares it, and what everybody is told of it."""

import asyncio
from collections import Counter

import httpx2
import pytest

from authgate import provisioning
from authgate.provisioning import NewClient
from authgate.web import tenant_shares
from authgate_tenants import Plan, Tenant
from authgate_testing.application import Application
from authgate_testing.caller import Caller, basic_header
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

pytestmark = pytest.mark.parametrize("database_settings", ["sqlite"], indirect=True)

FORM = {"grant_type": "client_credentials"}


async def _ask(http: httpx2.AsyncClient, tenant: Tenant, machine: NewClient) -> httpx2.Response:
    assert machine.secret is not None
    name, value = basic_header(machine.client.client_id, machine.secret)
    return await http.post(f"{tenant.prefix}/oauth/token", data=FORM, headers={name: value})


async def _plan(server: RunningServer, tenant: Tenant, **limits: str) -> None:
    await provisioning.put_plan(server.parts, Plan("tried", limits=limits))
    await provisioning.give_plan(server.parts, tenant, "tried")


async def test_a_plans_limit_holds_and_a_tenant_narrows_it_only(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    usual = await _ask(server.http, acme, machine)
    assert usual.headers["ratelimit-policy"] == '"token_per_client";q=100;w=2'
    await _plan(server, acme, token_per_client="6/h")
    planned = await _ask(server.http, acme, machine)
    assert planned.headers["ratelimit-policy"] == '"token_per_client";q=6;w=3600'
    for own, burst in (("2/h", 2), ("1000/s burst 3", 3)):
        await provisioning.change_tenant(
            server.parts,
            acme,
            change=lambda settings, own=own: settings.changed(  # type: ignore[misc]
                {"login_limits": {"token_per_client": own}}
            ),
        )
        answers = [await _ask(server.http, acme, machine) for _ in range(burst + 1)]
        refused = answers[-1]
        assert (refused.status_code, refused.json()["error"]) == (429, "rate_limit_exceeded")
        assert refused.headers["ratelimit-policy"].startswith(f'"token_per_client";q={burst};w=')
        assert refused.headers["ratelimit"].startswith('"token_per_client";r=0;t=')
        assert 1 <= int(refused.headers["retry-after"]) <= 3600


async def test_a_plan_limits_how_often_applications_ask_about_one_person(
    server: RunningServer, acme: Tenant, console: Application, person: Person, colleague: Person
) -> None:
    """Of any application; without a word of the plan nobody counts."""
    tokens = [(await console.signed_in(each))["access_token"] for each in (person, colleague)]

    async def asked(number: int) -> httpx2.Response:
        return await Caller(server.http, acme).get("/oauth/userinfo", bearer=tokens[number])

    assert "ratelimit" not in (await asked(0)).headers
    await _plan(server, acme, userinfo_per_subject="2/h")
    first = await asked(0)
    assert first.headers["ratelimit-policy"] == '"userinfo_per_subject";q=2;w=3600'
    assert [(await asked(0)).status_code for _ in range(2)] == [200, 429]
    assert (await asked(1)).status_code == 200, "another person"


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """In servers that start after this nothing that a tenant has used comes back."""
    monkeypatch.setattr(tenant_shares, "perf_counter", lambda: 1000.0)
    monkeypatch.setattr("authgate.web.exchange.perf_counter", lambda: 1000.0)


async def _statuses(http: httpx2.AsyncClient, path: str, times: int) -> Counter[int]:
    answers = await asyncio.gather(*(http.get(path) for _ in range(times)))
    return Counter(each.status_code for each in answers)


@pytest.mark.usefixtures("still")
async def test_ti_31_a_flood_stops_at_the_plan_and_leaves_room_for_who_asks_little(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    await _plan(server, acme, requests_per_tenant="1/s burst 32")
    keys = "/.well-known/jwks.json"
    flood = await _statuses(server.http, f"{acme.prefix}{keys}", 100)
    assert flood == {200: 19, 429: 81}, "half of it, and its slice of the other half"
    async with server.from_address("192.0.2.7") as other, server.from_address("192.0.2.8") as third:
        for http in (other, third):
            asked = await _statuses(http, f"{acme.prefix}{keys}", 5)
            assert asked == {200: 2, 429: 3}, "each address has a slice of its own"
    assert await _statuses(server.http, f"{globex.prefix}{keys}", 100) == {200: 100}

    as_page = await server.http.get(f"{acme.prefix}/login", headers={"accept": "text/html"})
    assert as_page.status_code == 429
    assert as_page.headers["content-type"].startswith("text/html")
    assert as_page.headers["ratelimit"].startswith('"requests_per_tenant";r=0;t=')
    problem = await server.http.get(f"{acme.prefix}/api/v1/clients")
    assert problem.json()["type"].endswith("too-many-requests")
    measured = (await server.http.get("/metrics")).text
    assert 'authgate_rate_limited_total{rule="requests_per_tenant"} ' in measured


@pytest.mark.usefixtures("still")
async def test_a_share_that_becomes_smaller_is_smaller_in_processes_that_run(
    server: RunningServer, acme: Tenant
) -> None:
    path = f"{acme.prefix}/.well-known/jwks.json"
    assert await _statuses(server.http, path, 5) == {200: 5}
    narrow = {"requests_per_tenant": "1/s burst 32"}
    await provisioning.change_tenant(
        server.parts, acme, change=lambda settings: settings.changed({"login_limits": narrow})
    )
    assert (await _statuses(server.http, path, 100))[429] > 75
