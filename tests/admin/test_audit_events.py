"""``/api/v1/audit-events``: what has happened, for those who may read it."""

import asyncio
import re
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from authgate.audit import Actor, Event
from authgate.clock import utc_now
from authgate.permissions import UserRole
from authgate.provisioning import audit_views
from authgate.storage.audit import audit_events, statistics
from authgate.storage.people.users import User, UserRow
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, administering, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

pytestmark = on_sqlite
_HERE = "/audit-events"


async def test_what_happened_is_listed_and_told_one_by_one(api: ApiClient, alice: User) -> None:
    changed = await api.patch(f"/users/{alice.id}", {"name": "Zaphod"}, if_match="*")
    assert changed.status_code == 200, changed.text
    page = (await api.get(f"{_HERE}?user_id={alice.id}&types={Event.USER_UPDATED}")).json()
    (event,) = page["items"]
    assert (page["next"], page["previous"], page["looked_to"]) == (None, None, None)
    assert event["request_id"] == changed.headers["x-request-id"]
    assert event["resource"] == {"type": "user", "id": str(alice.id)}
    assert event["details"]["is"] == {"name": "Zaphod"}
    assert (await api.get(f"{_HERE}/{event['id']}")).json() == event
    beside = (await api.get(f"{_HERE}?request_id={event['request_id']}")).json()
    assert [each["id"] for each in beside["items"]] == [event["id"]]
    for query, found in (
        ("area=people&search=ZAPHOD", True),
        (f"since={quote(event['occurred_at'])}&to=2999-01-01T00:00:00Z&area=people", True),
        (f"to={quote(event['occurred_at'])}&area=people&search=zaphod", False),
        ("severities=WARNING,CRITICAL&search=zaphod", False),
        (f"actor_type=client&actor_id={event['actor']['id']}&types={Event.USER_UPDATED}", True),
        (f"ip={event['ip']}&types={Event.USER_UPDATED}", True),
        ("ip=198.51.100.0/24", False),
        ("request_id=ffffffffffff7fff8fffffffffffffff", False),
        ("request_id=e677d21fdbff7fff8fffffffffffffff", False),
        ("request_id=00000000000070008000000000000000", False),
    ):
        items = (await api.get(f"{_HERE}?{query}")).json()["items"]
        assert [each["id"] for each in items] == [event["id"]] * found, query


async def test_a_list_goes_on_page_by_page(api: ApiClient) -> None:
    for number in range(5):
        await api.post("/scopes", {"name": f"orders:{number}", "title": "Orders"})
    there, cursor = [], ""
    while True:
        page = (await api.get(f"{_HERE}?types={Event.SCOPE_CREATED}&limit=2{cursor}")).json()
        there.append([each["resource"]["id"] for each in page["items"]])
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert there == [["orders:4", "orders:3"], ["orders:2", "orders:1"], ["orders:0"]]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("types=NOTHING", "types"),
        ("types=user", "types"),
        ("severities=LOUD", "severities"),
        ("area=moon", "area"),
        ("ip=nowhere", "ip"),
        ("since=yesterday", "since"),
        ("since=2026-03-02", "since"),
        ("to=0001-01-01T00:00:00%2B14:00", "to"),
        ("user_id=7", "user_id"),
        ("actor_type=god", "actor_type"),
        (f"search={'x' * 101}", "search"),
    ],
)
async def test_what_cannot_be_looked_for_is_said(
    api: ApiClient, query: str, parameter: str
) -> None:
    answer = await api.get(f"{_HERE}?{query}")
    assert is_problem(answer, 422, "invalid")
    assert [each["parameter"] for each in answer.json()["errors"]] == [parameter]


async def test_ti_20_another_tenants_log_is_not_read(
    api: ApiClient, foreign_api: ApiClient, alice: User
) -> None:
    page = (await api.get(f"{_HERE}?limit=1")).json()
    (event,) = page["items"]
    assert page["next"] is not None
    assert is_problem(await foreign_api.get(f"{_HERE}/{event['id']}"), 404, "not-found")
    stolen = await foreign_api.get(f"{_HERE}?limit=1&cursor={page['next']}")
    assert is_problem(stolen, 400, "bad-cursor")
    other_search = await api.get(f"{_HERE}?search=a&cursor={page['next']}")
    assert is_problem(other_search, 400, "bad-cursor")
    for query in (f"user_id={alice.id}", f"resource_id={alice.id}", "search=alice"):
        assert (await foreign_api.get(f"{_HERE}?{query}")).json()["items"] == [], query


async def test_only_roles_that_may_read_the_log_do(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    application = await administering(server, acme, Scope.AUDIT_READ)
    answers = {}
    for role in (UserRole.AUDITOR, UserRole.CLIENT_MANAGER):
        with use_tenant(acme):
            await UserRow.filter(id=alice.id).update(role=role)
        issued = await application.signed_in(person, scope=Scope.AUDIT_READ)
        caller = ApiClient(server.http, acme, issued.get("access_token", ""))
        answers[role] = (await caller.get(_HERE)).status_code
    assert answers[UserRole.AUDITOR] == 200
    assert answers[UserRole.CLIENT_MANAGER] in (401, 403)


async def test_that_the_log_was_read_is_in_it_once_in_a_quarter_of_an_hour(
    api: ApiClient, acme: Tenant, ledger: Ledger
) -> None:
    (event, *_) = (await api.get(f"{_HERE}?limit=1")).json()["items"]
    await api.get(_HERE)
    await api.get(f"{_HERE}/{event['id']}")
    await api.get(f"{_HERE}?search=mira&since=2026-03-02T00:00:00Z")
    await api.get(f"{_HERE}?search=mira")
    viewed = await ledger.events(acme, Event.AUDIT_LOG_VIEWED)
    assert [set(each.details["filter"]) for each in viewed] == [set(), {"search"}]
    late = utc_now() + audit_views.ONCE_IN + timedelta(seconds=1)
    with use_tenant(acme):
        actor = Actor(viewed[0].actor_type, viewed[0].actor_id)
        await audit_views.note(actor, {}, now=late)
    assert len(await ledger.events(acme, Event.AUDIT_LOG_VIEWED)) == 3


async def test_who_counts_has_seen_no_event_and_who_looks_very_often_is_said_to(
    api: ApiClient, acme: Tenant, ledger: Ledger
) -> None:
    with use_tenant(acme):
        [event, *_] = await audit_events.latest(limit=1)
    for path in ("/audit-statistics", f"{_HERE}/{event.id}"):
        assert (await api.get(path)).status_code == 200
    viewed = await ledger.events(acme, Event.AUDIT_LOG_VIEWED)
    assert [each.details["filter"] for each in viewed] == [
        {"statistics": True},
        {"id": str(event.id)},
    ]
    actor = Actor(viewed[0].actor_type, viewed[0].actor_id)
    with use_tenant(acme):
        for number in range(audit_views.MANY):
            await audit_views.note(actor, {"actor_id": str(number)}, now=utc_now())
    viewed = await ledger.events(acme, Event.AUDIT_LOG_VIEWED)
    assert len(viewed) == audit_views.MANY + 1
    assert viewed[-1].details["filter"] == {"many": True}


async def test_whoever_would_wait_is_answered_when_there_is_something_new(
    api: ApiClient, server: RunningServer
) -> None:
    asked = f"{_HERE}?types={Event.SCOPE_CREATED}"
    before = await api.get(asked)
    headers = {"If-None-Match": before.headers["etag"], "Prefer": "wait=20"}
    began = time.monotonic()
    waiting = asyncio.create_task(api.call("GET", asked, headers=headers))
    await asyncio.sleep(0.1)
    await api.post("/scopes", {"name": "orders:read", "title": "Orders"})
    answer = await waiting
    assert (answer.status_code, answer.headers["preference-applied"]) == (200, "wait")
    assert answer.json()["items"][0]["resource"]["id"] == "orders:read"
    assert time.monotonic() - began < 3.5
    plain = await api.get(asked, if_none_match=answer.headers["etag"])
    assert (plain.status_code, "preference-applied" in plain.headers) == (304, False)


async def test_ti_33_nobody_waits_for_longer_than_a_right_that_is_lost_may_be_used(
    api: ApiClient,
) -> None:
    asked = f"{_HERE}?types={Event.SCOPE_DELETED}"
    known = (await api.get(asked)).headers["etag"]
    began = time.monotonic()
    headers = {"If-None-Match": known, "Prefer": "wait=20"}
    answer = await api.call("GET", asked, headers=headers)
    assert (answer.status_code, answer.headers["preference-applied"]) == (304, "wait")
    assert 3.5 < time.monotonic() - began < 5


async def test_what_happened_is_counted_by_the_hour_and_where_it_failed(
    server: RunningServer,
    api: ApiClient,
    foreign_api: ApiClient,
    acme: Tenant,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(2):
        stranger = Person(server.browser())
        await stranger.sign_in(acme.issuer, "alice", "wrong-horse-battery")
    told = (await api.get("/audit-statistics")).json()
    failed = [each for each in told["items"] if each["event_type"] == Event.AUTHENTICATION_FAILURE]
    assert sum(each["total"] for each in failed) == 2
    assert {(each["severity"], each["success"]) for each in failed} == {("WARNING", False)}
    assert all(each["hour"].endswith(":00:00Z") for each in failed)
    alike = {"value": "alice", "actor_type": "anonymous", "actor_id": str(alice.id)}
    assert told["failing_actors"] == [alike | {"total": 2}]
    assert [each["total"] for each in told["failing_addresses"]] == [2]
    theirs = (await foreign_api.get("/audit-statistics")).json()
    assert (theirs["failing_actors"], theirs["failing_addresses"]) == ([], [])
    early = (await api.get("/audit-statistics?to=2020-01-01T00:00:00Z")).json()
    assert (early["items"], early["counted_since"]) == ([], "2019-12-25T00:00:00Z")
    monkeypatch.setattr(statistics, "LOOKED_AT", 3)
    newest = (await api.get("/audit-statistics")).json()
    assert sum(each["total"] for each in newest["items"]) == 3
    assert newest["counted_since"] > told["counted_since"]


async def test_whoever_does_something_can_be_looked_for(api: ApiClient) -> None:
    root = Path(audit_views.__file__).parents[1]
    made = re.compile(r'\bActor\(\s*"(\w+)"')
    given = {kind for path in root.rglob("*.py") for kind in made.findall(path.read_text())}
    assert given >= {"user", "scim_token", "operator"}
    for kind in given:
        assert (await api.get(f"{_HERE}?actor_type={kind}")).status_code == 200, kind
