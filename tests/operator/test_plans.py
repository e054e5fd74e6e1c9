"""``/operator/v1/plans``: plans are made, given, changed and removed."""

import asyncio

from authgate.audit import Event
from authgate_tenants import Tenant
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer


async def test_a_plan_is_made_given_changed_and_removed(
    server: RunningServer, operator: ApiClient, ops: Tenant, acme: Tenant, ledger: Ledger
) -> None:
    names = {each["name"] for each in (await operator.get("/plans")).json()["items"]}
    assert names == {"default", "free", "business"}
    draft = {"name": "team", "clients": 3, "limits": {"token_per_client": "9/s burst 9"}}
    made = await operator.post("/plans", draft)
    assert made.status_code == 201, made.text
    assert (made.json()["users"], made.json()["is_built_in"]) == (None, False)
    assert is_problem(await operator.post("/plans", draft), 409, "conflict")
    for wrong in ({"name": "Team"}, {"name": "x", "limits": {"nothing": "1/s"}}):
        assert is_problem(await operator.post("/plans", wrong), 422, "invalid"), wrong

    given = await operator.post(f"/tenants/{acme.id}/plan", {"plan": "team"})
    assert (given.status_code, given.json()["plan"]) == (200, "team")
    unknown = await operator.post(f"/tenants/{acme.id}/plan", {"plan": "nothing"})
    assert is_problem(unknown, 422, "invalid")
    tag = (await operator.get("/plans/team")).headers["etag"]
    changed = await operator.patch("/plans/team", {"clients": 4, "limits": None}, if_match=tag)
    assert (changed.json()["clients"], changed.json()["limits"]) == (4, {})
    late = await operator.patch("/plans/team", {"clients": 5}, if_match=tag)
    assert is_problem(late, 412, "changed")
    await server.parts.tenants.invalidate((None, "slug", "acme"))
    found = await server.parts.resolver.find("acme")
    assert found is not None
    assert found.plan.clients == 4

    assert is_problem(await operator.delete("/plans/team"), 409, "conflict")
    assert (await operator.post(f"/tenants/{acme.id}/plan", {"plan": "free"})).status_code == 200
    assert (await operator.delete("/plans/team")).status_code == 204
    assert is_problem(await operator.get("/plans/team"), 404, "not-found")
    assert is_problem(await operator.delete("/plans/free"), 409, "conflict")
    [_, change] = await ledger.events(ops, Event.PLAN_CHANGED)
    assert (change.details["was"]["clients"], change.details["is"]["clients"]) == (3, 4)
    [removed] = await ledger.events(ops, Event.PLAN_REMOVED)
    assert removed.details["was"]["clients"] == 4
    for tenant in (acme, ops):
        [given_first, given_then] = await ledger.events(tenant, Event.TENANT_PLAN_CHANGED)
        assert given_first.details == {"was": "default", "is": "team"}
        assert given_then.details == {"was": "team", "is": "free"}


async def test_of_changes_at_once_one_counts_and_the_others_are_told_so(
    operator: ApiClient, ops: Tenant, ledger: Ledger
) -> None:
    draft = {"name": "team", "clients": 3}
    made = await asyncio.gather(*(operator.post("/plans", draft) for _ in range(4)))
    assert sorted(each.status_code for each in made) == [201, 409, 409, 409]
    for name in ("team", "business"):
        tag = (await operator.get(f"/plans/{name}")).headers["etag"]
        changed = await asyncio.gather(
            *(
                operator.patch(f"/plans/{name}", {"clients": each}, if_match=tag)
                for each in range(4, 8)
            )
        )
        assert sorted(each.status_code for each in changed) == [200, 412, 412, 412]
    assert len(await ledger.events(ops, Event.PLAN_CHANGED)) == 3
    assert is_problem(await operator.post("/plans", draft | {"name": "business"}), 409, "conflict")


@on_sqlite
async def test_operators_make_change_and_remove_a_plan_by_pages(
    at_browser: Person, ops: Tenant, operator: ApiClient, ledger: Ledger
) -> None:
    here = f"{ops.issuer}/operator/plans"
    assert "business" in (await at_browser.visit(here)).text
    await at_browser.visit(f"{here}/new")
    typed = {"name": "team", "clients": "3", "refused": "1", "limits": "api_per_caller = 5/s"}
    for field, wrong in (
        ("name", "No Name"), ("name", ""), ("clients", "many"), ("users", "-1"),
        ("limits", "5/s"), ("limits", "nothing = 5/s"), ("limits", "api_per_caller = often"),
    ):  # fmt: skip
        page = await at_browser.submit(typed | {field: wrong}, to="/plans/new")
        assert page.status_code == 422, field
        assert f'id="{field}-fault"' in page.text, field
    await at_browser.submit(typed, to="/plans/new")
    made = (await operator.get("/plans/team")).json()
    assert (made["clients"], made["users"], made["limits"]) == (3, None, {"api_per_caller": "5/s"})
    assert made["monthly_active_users_are_refused"]
    await at_browser.visit(f"{here}/new")
    assert (await at_browser.submit(typed, to="/plans/new")).status_code == 409, "it is there"
    await at_browser.visit(f"{here}/team/edit")
    tag = (await operator.get("/plans/team")).headers["etag"]
    await operator.patch("/plans/team", {"clients": 4}, if_match=tag)
    stale = await at_browser.submit({"users": "9"}, to="/edit")
    assert (stale.status_code, "meanwhile" in stale.text) == (409, True)
    await at_browser.visit(f"{here}/team/edit")
    await at_browser.submit({"clients": "4", "users": "9"}, to="/edit")
    changed = (await operator.get("/plans/team")).json()
    assert (changed["clients"], changed["users"]) == (4, 9)
    await at_browser.visit(f"{here}/team/edit")
    await at_browser.submit({}, to="/remove")
    assert (await operator.get("/plans/team")).status_code == 404
    assert (await at_browser.visit(f"{here}/team/edit")).status_code == 404
    [event] = await ledger.events(ops, Event.PLAN_REMOVED)
    assert event.actor_name == "mira"


@on_sqlite
async def test_a_plan_that_tenants_have_is_not_removed_by_a_page(
    at_browser: Person, ops: Tenant, acme: Tenant, operator: ApiClient
) -> None:
    await operator.post("/plans", {"name": "team"})
    await operator.post(f"/tenants/{acme.id}/plan", {"plan": "team"})
    await at_browser.visit(f"{ops.issuer}/operator/plans/team/edit")
    kept = await at_browser.submit({}, to="/remove")
    assert (kept.status_code, "give them another one first" in kept.text) == (409, True)
    assert (await operator.get("/plans/team")).status_code == 200
