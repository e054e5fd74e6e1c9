"""``/api/v1/resource-servers``: for whom a tenant's clients may ask tokens (RFC 8707)."""

import asyncio

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate_tenants import Tenant
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer

FILES = "https://files.example"


async def test_a_resource_server_is_added_asked_for_and_removed(
    server: RunningServer,
    api: ApiClient,
    foreign_api: ApiClient,
    acme: Tenant,
    machine: NewClient,
    ledger: Ledger,
) -> None:
    assert (await api.get("/resource-servers")).json() == {"items": []}
    made = await api.post("/resource-servers", {"uri": FILES})
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"{acme.issuer}/api/v1/resource-servers/{made.json()['id']}"
    one = f"/resource-servers/{made.json()['id']}"
    assert (await api.get(one)).json() == made.json()
    assert await asked(server, machine, acme, FILES) == 200
    assert await asked(server, machine, acme, "https://other.example") == 400
    assert is_problem(await foreign_api.delete(one), 404, "not-found")
    assert (await foreign_api.get("/resource-servers")).json() == {"items": []}
    stale = await api.delete(one, if_match='"another"')
    assert is_problem(stale, 412, "changed")
    assert (await api.delete(one)).status_code == 204
    assert is_problem(await api.delete(one), 404, "not-found")
    changes = [
        event.details["changes"] for event in await ledger.events(acme, Event.TENANT_UPDATED)
    ]
    assert [(each[0]["was"], each[0]["is"]) for each in changes] == [([], [FILES]), ([FILES], [])]


async def asked(server: RunningServer, machine: NewClient, tenant: Tenant, resource: str) -> int:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials", "resource": resource},
        auth=(machine.client.client_id, str(machine.secret)),
    )
    return answer.status_code


async def test_ad_06_of_additions_of_one_resource_server_one_is_made(api: ApiClient) -> None:
    answers = await asyncio.gather(
        *(api.post("/resource-servers", {"uri": FILES}) for _ in range(6))
    )
    assert sorted(each.status_code for each in answers) == [201] + [409] * 5


@on_sqlite
async def test_what_is_no_resource_server_is_refused_and_so_is_one_too_many(
    server: RunningServer, api: ApiClient, acme: Tenant
) -> None:
    for wrong in ("files", f"{FILES}#part", "https://", "https://a b", "https://f\u00fcr.example"):
        answer = await api.post("/resource-servers", {"uri": wrong})
        assert is_problem(answer, 422, "invalid"), wrong
        assert answer.json()["errors"][0]["pointer"] == "/uri"
    full = tuple(f"https://{number}.example" for number in range(100))
    await provisioning.change_tenant(
        server.parts, acme, change=lambda settings: settings.changed({"resources": full})
    )
    assert is_problem(await api.post("/resource-servers", {"uri": FILES}), 409, "conflict")
