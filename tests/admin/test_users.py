"""``/api/v1/users``: the people of a tenant, for programs."""

import asyncio

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
