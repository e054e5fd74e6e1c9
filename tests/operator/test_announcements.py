"""What operators tell whoever administers a tenant."""

from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

SUNDAY = "Nobody can sign in on <Sunday>."


async def test_administrators_of_all_tenants_see_what_operators_tell_until_it_is_over(
    server: RunningServer,
    operator: ApiClient,
    ops: Tenant,
    acme: Tenant,
    alice: User,
    person: Person,
    ledger: Ledger,
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.AUDITOR)
    later = {"begins_at": "2999-01-01T00:00:00Z"}
    assert (await operator.post("/announcements", {"text": "Later", **later})).status_code == 201
    made = await operator.post("/announcements", {"text": SUNDAY, "hours": 0.2, "urgent": True})
    assert made.status_code == 201, made.text
    assert "&lt;Sunday&gt;" in (await person.visit(f"{acme.issuer}/admin/clients")).text
    assert "Later" not in (await person.visit(f"{acme.issuer}/admin/clients")).text
    assert [each["text"] for each in (await operator.get("/announcements")).json()["items"]] == [
        "Later",
        SUNDAY,
    ]
    [event] = [
        each
        for each in await ledger.events(ops, Event.ANNOUNCEMENT_MADE)
        if each.details["text"] == SUNDAY
    ]
    assert event.resource_id == made.json()["id"]
    server.clock.advance(seconds=13 * 60)
    assert "&lt;Sunday&gt;" not in (await person.visit(f"{acme.issuer}/admin/clients")).text


@on_sqlite
async def test_operators_tell_something_by_a_page_and_end_it(
    at_browser: Person, ops: Tenant, acme: Tenant, person: Person, alice: User
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.OWNER)
    await at_browser.visit(f"{ops.issuer}/operator/announcements")
    typed = {"text": SUNDAY, "hours": "4"}
    empty = await at_browser.submit(typed | {"text": ""}, to="/announcements")
    assert empty.status_code == 422
    await at_browser.submit(typed, to="/announcements")
    assert "&lt;Sunday&gt;" in (await person.visit(f"{acme.issuer}/admin")).text
    await at_browser.visit(f"{ops.issuer}/operator/announcements")
    await at_browser.submit({}, to="/end")
    assert "&lt;Sunday&gt;" not in (await person.visit(f"{acme.issuer}/admin")).text


@on_sqlite
async def test_there_are_no_more_announcements_than_anybody_reads(
    operator: ApiClient, ops: Tenant
) -> None:
    made = [
        await operator.post("/announcements", {"text": f"Number {number}"}) for number in range(20)
    ]
    assert {each.status_code for each in made} == {201}
    assert is_problem(await operator.post("/announcements", {"text": "x"}), 409, "conflict")
    first = made[0].json()["id"]
    assert (await operator.delete(f"/announcements/{first}")).status_code == 204
    gone = await operator.delete(f"/announcements/{first}")
    assert is_problem(gone, 404, "not-found")
