"""``/groups`` of the admin API: groups, and who belongs to them."""

from datetime import timedelta
from uuid import uuid4

import pytest

from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.people import users
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import EVERYTHING, ApiClient, administering, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

SCOPES = ("authgate:groups:read", "authgate:groups:write")


@pytest.fixture
async def api(server: RunningServer, acme: Tenant) -> ApiClient:
    """A program that may do everything at acme."""
    return await api_client(server, acme, *EVERYTHING)


async def test_a_group_is_made_found_changed_as_it_was_read_and_removed(
    api: ApiClient, acme: Tenant, ledger: Ledger
) -> None:
    draft = {"display_name": "Staff", "roles": ["books:read"], "external_id": "ext-1"}
    made = await api.post("/groups", draft, **{"Idempotency-Key": "once"})
    again = await api.post("/groups", draft, **{"Idempotency-Key": "once"})
    assert (made.status_code, again.json()) == (201, made.json())
    group = made.json()
    assert group["members"] == 0
    one = f"/groups/{group['id']}"
    assert made.headers["location"] == f"{acme.issuer}/api/v1{one}"
    assert is_problem(await api.post("/groups", {"display_name": "sTAFF"}), 409, "conflict")
    for wrong in (
        {"display_name": " "},
        {"display_name": "X", "roles": ["a b"]},
        {"display_name": "X", "roles": ["a", "a"]},
        {"display_name": "X", "description": "two\nlines"},
        {"display_name": "X", "members": 3},
    ):
        assert is_problem(await api.post("/groups", wrong), 422, "invalid"), wrong
    for name in ("Board", "Crew"):
        assert (await api.post("/groups", {"display_name": name})).status_code == 201
    listed = "/groups?limit=2&sort=-display_name"
    first = (await api.get(listed)).json()
    last = (await api.get(f"{listed}&cursor={first['next']}")).json()
    names = [each["display_name"] for each in (*first["items"], *last["items"])]
    assert (names, last["next"]) == (["Staff", "Crew", "Board"], None)
    assert [each["id"] for each in (await api.get("/groups?search=taf")).json()["items"]] == [
        group["id"]
    ]

    read = await api.get(one)
    assert read.json() == group
    assert is_problem(await api.patch(one, {"roles": []}), 428, "precondition-required")
    tag = read.headers["etag"]
    changed = await api.patch(one, {"display_name": "Team", "external_id": None}, if_match=tag)
    assert (changed.json()["display_name"], changed.json()["external_id"]) == ("Team", None)
    assert changed.json()["roles"] == ["books:read"]
    assert is_problem(await api.patch(one, {"roles": []}, if_match=tag), 412, "changed")
    taken = await api.patch(one, {"display_name": "crew"}, if_match="*")
    assert is_problem(taken, 409, "conflict")
    assert (await api.delete(one)).status_code == 204
    assert is_problem(await api.get(one), 404, "not-found")
    [updated] = await ledger.events(acme, Event.GROUP_UPDATED)
    assert updated.details == {
        "was": {"display_name": "Staff", "external_id": "ext-1"},
        "is": {"display_name": "Team", "external_id": None},
    }


async def test_people_are_added_and_leave_one_by_one(
    api: ApiClient, server: RunningServer, acme: Tenant, globex: Tenant, alice: User, bob: User
) -> None:
    made = (await api.post("/groups", {"display_name": "Staff"})).json()
    one, members = f"/groups/{made['id']}", f"/groups/{made['id']}/members"
    before = (await api.get(one)).headers["etag"]
    for _ in range(2):
        added = await api.post(members, {"user_id": str(alice.id)})
        assert (added.status_code, added.json()["username"]) == (200, "alice")
    with use_tenant(acme):
        guest = await users.invite(
            None, username="mira@ops", name="", role=UserRole.AUDITOR, until=server.clock()
        )
    for nobody in (uuid4(), bob.id, guest):
        refused = await api.post(members, {"user_id": str(nobody)})
        assert is_problem(refused, 422, "invalid"), nobody
    told = await api.get(one)
    assert (told.json()["members"], told.headers["etag"] != before) == (1, True)
    assert [each["id"] for each in (await api.get(members)).json()["items"]] == [str(alice.id)]
    theirs = f"/users/{alice.id}/groups"
    assert (await api.get(theirs)).json()["items"] == [told.json()]
    late = await api.patch(one, {"description": "All"}, if_match=before)
    assert is_problem(late, 412, "changed")

    elsewhere = await api_client(server, globex, *EVERYTHING)
    for answer in (
        await elsewhere.get(one),
        await elsewhere.get(members),
        await elsewhere.get(theirs),
        await elsewhere.post(members, {"user_id": str(bob.id)}),
        await elsewhere.patch(one, {"roles": []}, if_match="*"),
        await elsewhere.delete(one),
        await elsewhere.delete(f"{members}/{alice.id}"),
    ):
        assert is_problem(answer, 404, "not-found")
    assert (await elsewhere.get("/groups")).json()["items"] == []

    assert (await api.delete(f"{members}/{alice.id}")).status_code == 204
    assert is_problem(await api.delete(f"{members}/{alice.id}"), 404, "not-found")
    assert (await api.get(theirs)).json()["items"] == []


@on_sqlite
async def test_whoever_may_see_people_sees_no_groups_by_that(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    looking = await api_client(server, acme, "authgate:users:read", "authgate:users:write")
    for path in ("/groups", f"/users/{alice.id}/groups"):
        assert is_problem(await looking.get(path), 403, "insufficient-scope")
    reading = await api_client(server, acme, "authgate:groups:read")
    assert (await reading.get("/groups")).status_code == 200
    refused = await reading.post("/groups", {"display_name": "X"})
    assert is_problem(refused, 403, "insufficient-scope")


@on_sqlite
async def test_ad_04_an_operator_who_is_a_guest_changes_no_group(
    server: RunningServer, api: ApiClient, acme: Tenant, alice: User, carol: User, person: Person
) -> None:
    made = (await api.post("/groups", {"display_name": "Staff"})).json()
    one, members = f"/groups/{made['id']}", f"/groups/{made['id']}/members"
    await api.post(members, {"user_id": str(carol.id)})
    before = (await api.get(one)).json()
    application = await administering(server, acme, *SCOPES)
    issued = await application.signed_in(person, scope=" ".join(SCOPES))
    guest = ApiClient(server.http, acme, issued["access_token"])
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(
            role=UserRole.ADMIN, guest_until=server.clock() + timedelta(hours=1)
        )
    assert (await guest.get(one)).json() == before
    for answer in (
        await guest.post("/groups", {"display_name": "Own", "roles": ["books:write"]}),
        await guest.patch(one, {"roles": ["books:write"]}, if_match="*"),
        await guest.post(members, {"user_id": str(carol.id)}),
        await guest.delete(f"{members}/{carol.id}"),
        await guest.delete(one),
    ):
        assert is_problem(answer, 403, "beyond-own-role")
    assert (await guest.get("/groups")).json()["items"] == [before]
