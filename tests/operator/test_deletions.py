"""How operators have a tenant end, by the API."""

from authgate.audit import Event
from authgate.provisioning import deletions as provisioned
from authgate.tokens import operator_scopes
from authgate.tokens.audiences import OPERATOR_API
from authgate_tenants import Tenant
from authgate_testing.api import ApiClient, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer

EVERYTHING = tuple(scope.value for scope in operator_scopes.Scope)


@on_sqlite
async def test_a_tenant_waits_to_be_deleted_and_is_restored_as_it_was(
    server: RunningServer, operator: ApiClient, ops: Tenant, acme: Tenant, ledger: Ledger
) -> None:
    where = f"/tenants/{acme.id}"
    wrong = await operator.post(f"{where}/deletion", {"confirmation": "globex"})
    assert is_problem(wrong, 422, "invalid")
    assert is_problem(await operator.get(f"{where}/deletion"), 404, "not-found")
    assert is_problem(await operator.post(f"{where}/restore"), 409, "conflict")
    asked = await operator.post(f"{where}/deletion", {"confirmation": "acme"})
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting"), asked.text
    assert (await operator.get(f"{where}/deletion")).json() == asked.json()
    assert (await operator.get(where)).json()["status"] == "deleting"
    again = await operator.post(f"{where}/deletion", {"confirmation": "acme"})
    assert is_problem(again, 409, "conflict")
    assert is_problem(await operator.post(f"{where}/resume"), 409, "conflict")
    [listed] = (await operator.get("/deletions")).json()["items"]
    assert listed == asked.json()
    restored = await operator.post(f"{where}/restore")
    assert (restored.status_code, restored.json()["status"]) == (200, "active"), restored.text
    for event in (Event.TENANT_DELETION_REQUESTED, Event.TENANT_RESTORED):
        for tenant in (acme, ops):
            assert len(await ledger.events(tenant, event)) == 1, (event, tenant.slug)
    own = await operator.post(f"/tenants/{ops.id}/deletion", {"confirmation": "ops"})
    assert is_problem(own, 409, "conflict"), "nobody could restore it"


@on_sqlite
async def test_of_a_tenant_that_is_gone_its_certificate_stays(
    server: RunningServer, operator: ApiClient, ops: Tenant, acme: Tenant
) -> None:
    where = f"/tenants/{acme.id}"
    asked = await operator.post(f"{where}/deletion", {"confirmation": "acme"})
    assert asked.status_code == 202
    server.clock.advance(seconds=31 * 86400)
    operator = await api_client(server, ops, *EVERYTHING, base=OPERATOR_API)
    await provisioned.erase_due_tenants(server.parts)
    assert is_problem(await operator.post(f"{where}/restore"), 404, "not-found"), "too late"
    server.clock.advance(seconds=60)
    await provisioned.erase_due_tenants(server.parts)
    assert is_problem(await operator.get(where), 404, "not-found")
    told = (await operator.get(f"{where}/deletion")).json()
    assert (told["state"], told["slug"]) == ("deleted", "acme")
    stated = await provisioned.verified(server.parts, told["certificate"])
    assert stated["tenant"] == {"id": str(acme.id), "slug": "acme"}
