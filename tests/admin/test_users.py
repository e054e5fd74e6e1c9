"""``/api/v1/users``: the people of a tenant, for programs."""

import asyncio
from uuid import uuid4

import pytest

from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.settings import DatabaseSettings
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer
from authgate_testing.tenants import change


async def test_people_are_listed_by_the_page(api: ApiClient, alice: User, carol: User) -> None:
    first = await api.get("/users?limit=1")
    assert first.status_code == 200
    assert [each["username"] for each in first.json()["items"]] == ["alice"]
    assert first.json()["previous"] is None
    second = await api.get(f"/users?limit=1&cursor={first.json()['next']}")
    assert [each["username"] for each in second.json()["items"]] == ["carol"]
    assert second.json()["next"] is None
    assert first.headers["link"] == (
        f'<{api.tenant.issuer}/api/v1/users?limit=1&cursor={first.json()["next"]}>; rel="next"'
    )


@on_sqlite
async def test_people_are_found_by_what_they_are_called(
    api: ApiClient, alice: User, carol: User
) -> None:
    for query, found in (
        ("search=LIDDELL", ["alice", "carol"]),
        ("search=carol%40", ["carol"]),
        ("search=acme.example", []),
        ("sort=-username", ["carol", "alice"]),
        ("role=admin", []),
        ("status=active", ["alice", "carol"]),
        (f"search={carol.id}", ["carol"]),
        (f"search={str(carol.id).upper()}", ["carol"]),
        ("has_password=false", []),
        ("has_password=true&sort=-created_at", ["carol", "alice"]),
    ):
        listed = (await api.get(f"/users?{query}")).json()["items"]
        assert [each["username"] for each in listed] == found, query


@on_sqlite
async def test_nothing_is_told_of_a_person_that_signs_them_in(
    api: ApiClient, alice: User, person: Person
) -> None:
    told = (await api.get(f"/users/{alice.id}")).json()
    assert set(told) == {
        "id", "username", "name", "email", "email_verified", "status", "role",
        "guest_until", "created_at", "updated_at",
    }  # fmt: skip
    sessions = (await api.get(f"/users/{alice.id}/sessions")).json()["items"]
    assert set(sessions[0]) == {
        "id", "ip", "user_agent", "amr", "authenticated_at", "last_seen_at", "expires_at",
    }  # fmt: skip


async def test_a_person_is_signed_out_of_one_browser(
    api: ApiClient, acme: Tenant, alice: User, person: Person, ledger: Ledger
) -> None:
    here = f"/users/{alice.id}/sessions"
    (session,) = (await api.get(here)).json()["items"]
    assert (await api.delete(f"{here}/{session['id']}")).status_code == 204
    assert is_problem(await api.delete(f"{here}/{session['id']}"), 404, "not-found")
    page = await person.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path.endswith("/login")
    (event,) = await ledger.events(acme, Event.SESSION_REVOKED)
    assert (event.actor_type, event.resource_id) == ("client", session["id"])


@on_sqlite
async def test_ti_01_a_session_of_another_person_is_not_ended(
    api: ApiClient, alice: User, carol: User, person: Person
) -> None:
    (session,) = (await api.get(f"/users/{alice.id}/sessions")).json()["items"]
    answer = await api.delete(f"/users/{carol.id}/sessions/{session['id']}")
    assert is_problem(answer, 404, "not-found")
    assert (await api.get(f"/users/{alice.id}/sessions")).json()["items"]


async def test_a_person_is_shut_out_and_let_in_again(
    api: ApiClient, acme: Tenant, alice: User, person: Person
) -> None:
    assert (await api.post(f"/users/{alice.id}/disable")).json()["status"] == "disabled"
    page = await person.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path.endswith("/login")
    assert (await api.post(f"/users/{alice.id}/enable")).json()["status"] == "active"


async def test_ad_01_02_one_administrator_is_left_whoever_removes_whom(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    alice: User,
    carol: User,
    database_settings: DatabaseSettings,
) -> None:
    limits = TenantSettings(login_limits={"api_per_caller": "1000/s burst 1000"})
    await change(server, acme, settings=limits.to_json())
    people = [alice.id, carol.id]
    with use_tenant(acme):
        await UserRow.filter(id__in=people).update(role=UserRole.ADMIN)
    # With SQLite they come one after the other anyway.
    for _ in range(5 if database_settings.is_sqlite else 30):
        answers = await asyncio.gather(*(api.post(f"/users/{each}/disable") for each in people))
        assert sorted(each.status_code for each in answers) == [200, 409]
        left = next(each for each in answers if each.status_code == 409)
        assert is_problem(left, 409, "conflict")
        [gone] = [each for each in answers if each.status_code == 200]
        assert (await api.post(f"/users/{gone.json()['id']}/enable")).status_code == 200


async def test_a_person_is_brought_in_changed_and_removed(
    server: RunningServer, api: ApiClient, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    said = {"username": "jon", "name": "Jon", "email": "jon@acme.example", "email_verified": True}
    made = await api.post("/users", said | {"make_password": True})
    assert made.status_code == 201, made.text
    here = f"/users/{made.json()['id']}"
    assert made.headers["location"] == f"{acme.issuer}/api/v1{here}"
    password = made.json()["password"]
    signed_in = await Person(server.browser()).sign_in(acme.issuer, "jon", password)
    assert signed_in.url.path.endswith("/account/sessions")
    assert is_problem(await api.post("/users", said), 409, "conflict")
    for wrong, place in (
        ({"username": "j n"}, "/username"),
        ({"username": "kim", "email": "nowhere"}, "/email"),
        ({"username": "kim", "password": "short"}, "/password"),
        ({"username": "kim", "name": "a\nb"}, "/name"),
        ({"username": "kim", "password": "x" * 20, "make_password": True}, "/password"),
        ({"username": "kim", "status": "active"}, "/status"),
    ):
        refused = await api.post("/users", wrong)
        assert is_problem(refused, 422, "invalid")
        assert refused.json()["errors"][0]["pointer"] == place
    read = await api.get(here)
    assert "password" not in read.text
    changed = await api.patch(here, {"name": "Jon D"}, if_match=read.headers["etag"])
    assert (changed.json()["name"], changed.json()["email_verified"]) == ("Jon D", True)
    stale = await api.patch(here, {"name": "X"}, if_match=read.headers["etag"])
    assert is_problem(stale, 412, "changed")
    moved = await api.patch(here, {"email": "dahl@acme.example"}, if_match="*")
    assert moved.json()["email_verified"] is False, "nobody has proven another address"
    taken = await api.patch(here, {"email": alice.email}, if_match="*")
    assert is_problem(taken, 409, "conflict")
    assert (await api.delete(here)).status_code == 204
    assert (await api.get(here)).status_code == 404
    updates = await ledger.events(acme, Event.USER_UPDATED)
    assert updates[-1].details == {
        "was": {"email": "jon@acme.example", "email_verified": True},
        "is": {"email": "dahl@acme.example", "email_verified": False},
    }
    [gone] = await ledger.events(acme, Event.USER_DELETED)
    assert (gone.actor_type, gone.details["username"]) == ("client", "jon")


@on_sqlite
@pytest.mark.usefixtures("looked_at_as_ever")
async def test_an_administrator_gives_nobody_a_password_that_is_their_name(
    api: ApiClient, acme: Tenant
) -> None:
    name = "qvortzimblefrax"
    made = await api.post("/users", {"username": "jon", "password": name})
    assert made.status_code == 201, "it is nobody's name yet"
    said = {"username": name, "name": "Jon Wyxsbrundlequat"}
    own = [await api.post("/users", said | {"password": name})]
    here = f"/users/{(await api.post('/users', said)).json()['id']}"
    given = {"password": "wyxsbrundlequat", "first": True}
    own.append(await api.post(f"{here}/reset-password", given))
    for refused in own:
        assert is_problem(refused, 422, "invalid")
        assert refused.json()["errors"][0]["pointer"] == "/password"


@on_sqlite
async def test_another_password_signs_a_person_out_and_none_is_given_to_who_has_none_by_mistake(
    server: RunningServer, api: ApiClient, acme: Tenant, alice: User, person: Person
) -> None:
    made = await api.post(f"/users/{alice.id}/reset-password", {})
    page = await person.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path.endswith("/login")
    again = await Person(server.browser()).sign_in(acme.issuer, "alice", made.json()["password"])
    assert again.url.path.endswith("/account/sessions")
    given = await api.post(f"/users/{alice.id}/reset-password", {"password": "x" * 15})
    assert given.json() == {"password": None}
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(password_hash=None)
    refused = await api.post(f"/users/{alice.id}/reset-password", {})
    assert is_problem(refused, 409, "conflict")
    first = await api.post(f"/users/{alice.id}/reset-password", {"first": True})
    assert first.status_code == 200


@on_sqlite
async def test_an_identity_at_another_provider_is_taken_from_whose_it_is(
    api: ApiClient, acme: Tenant, carol: User, things: dict[str, str], ledger: Ledger
) -> None:
    here = f"/users/{things['user_id']}/identities"
    [told] = (await api.get(here)).json()["items"]
    assert (told["connection"], told["issuer"], told["subject"]) == (
        "lab",
        "https://hub.example",
        "7",
    )
    elsewhere = await api.delete(f"/users/{carol.id}/identities/{told['id']}")
    assert is_problem(elsewhere, 404, "not-found")
    assert (await api.delete(f"{here}/{told['id']}")).status_code == 204
    assert (await api.get(here)).json()["items"] == []
    [event] = await ledger.events(acme, Event.IDENTITY_UNLINKED)
    assert set(event.details) == {"connection", "issuer", "subject", "username"}
    assert event.details["subject"] == "7"


@on_sqlite
async def test_ad_10_ti_32_several_are_named_by_their_ids_and_all_are_the_tenants_own(
    api: ApiClient, acme: Tenant, alice: User, carol: User, bob: User, ledger: Ledger
) -> None:
    before = await ledger.rows(acme)
    ids = [str(alice.id), str(bob.id)]
    for act in ("disable", "enable", "sign-out", "delete", "invite"):
        here = f"/bulk/users/{act}"
        mixed = await api.post(here, {"ids": ids})
        assert is_problem(mixed, 422, "invalid")
        assert [each["pointer"] for each in mixed.json()["errors"]] == ["/ids/1"]
        for wrong in ([], ["*"], "*", [str(alice.id)] * 2, [str(uuid4()) for _ in range(101)]):
            assert is_problem(await api.post(here, {"ids": wrong}), 422, "invalid"), wrong
        assert is_problem(await api.post(here, {}), 422, "invalid")
    assert is_problem(await api.delete("/users?"), 405, "method-not-allowed")
    assert await ledger.rows(acme) == before
    told = (await api.post("/bulk/users/disable", {"ids": [str(alice.id), str(carol.id)]})).json()
    assert (told["done"], told["unchanged"], told["refused"]) == (2, 0, 0)
    assert [each["username"] for each in told["items"]] == ["alice", "carol"]
    again = (await api.post("/bulk/users/disable", {"ids": [str(alice.id)]})).json()
    assert again["items"][0]["outcome"] == "unchanged"
    group = {"ids": [str(alice.id)], "group_id": str(uuid4())}
    assert is_problem(await api.post("/bulk/users/add-to-group", group), 422, "invalid")
