"""Events are found by what is looked for, page by page, however many there are."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import cycle
from typing import Any
from uuid import UUID, uuid4

import pytest
from tortoise import connections
from uuid_utils import uuid7

from authgate.audit.meanings import AREAS
from authgate.settings import DatabaseSettings
from authgate.storage import connection
from authgate.storage.audit import audit_events, event_search, search, statistics, unsealed
from authgate.storage.audit.audit_events import NewEvent
from authgate.storage.audit.event_search import EventSearch
from authgate.storage.paging import BadCursor
from authgate.vocabulary import Severity
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_postgres
from authgate_testing.postgres import PostgresServer

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE = [str(UUID(int=each)) for each in range(1, 6)]
SESSION = str(UUID(int=99))
TYPES = ("ACCESS_TOKEN_ISSUED", "USER_UPDATED", "AUTHENTICATION_FAILURE", "CLIENT_UPDATED")


def some_events(count: int, seed: int = 7) -> list[NewEvent]:
    """Events of all kinds; some happen in the same moment."""
    chance = random.Random(seed)  # noqa: S311 - what happens in a test
    return [_event(chance, BEGIN + timedelta(seconds=each // 2)) for each in range(count)]


def _event(chance: random.Random, at: datetime) -> NewEvent:
    kind, person = chance.choice(TYPES), chance.choice(PEOPLE)
    is_token = kind == "ACCESS_TOKEN_ISSUED"
    return NewEvent(
        id=str(uuid7()),
        event_type=kind,
        severity="WARNING" if kind == "AUTHENTICATION_FAILURE" else "INFO",
        occurred_at=at,
        success=kind != "AUTHENTICATION_FAILURE",
        actor_type=chance.choice(("user", "client")) if is_token else "user",
        actor_id=person,
        actor_name=f"Mira_{person[-1]}",
        client_id=chance.choice(("console", "nightly")),
        resource_type="token" if is_token else "user",
        resource_id=str(uuid4()) if is_token else chance.choice(PEOPLE),
        ip=chance.choice(("192.0.2.7", "192.0.2.130", "2001:db8::7", "")),
        user_agent="",
        request_id=_of_moment(chance, at),
        session_id=chance.choice(("", SESSION)),
        details={"was": {"name": "Ada 100%"}} if kind == "USER_UPDATED" else {},
    )


def _of_moment(chance: random.Random, at: datetime) -> str:
    """A UUID of version 7 that was made then."""
    millis = int(at.timestamp() * 1000)
    return UUID(int=millis << 80 | 7 << 76 | 2 << 62 | chance.getrandbits(62)).hex


def holds(which: EventSearch, event: NewEvent) -> bool:
    """What is looked for, said once more."""
    concerns = (event.actor_type != "client" and event.actor_id == which.user_id) or (
        event.resource_type == "user" and event.resource_id == which.user_id
    )
    text = "".join((event.event_type, event.actor_name, event.client_id, str(event.details)))
    is_there = which.network and event.ip and ip_address(event.ip) in which.network
    said: Sequence[tuple[Any, bool]] = (
        (which.types, event.event_type in which.types),
        (which.severities, event.severity in which.severities),
        (which.success is not None, event.success == which.success),
        (which.user_id, concerns),
        (which.actor_type, event.actor_type == which.actor_type),
        (which.actor_id, event.actor_id == which.actor_id),
        (which.resource_type, event.resource_type == which.resource_type),
        (which.resource_id, event.resource_id == which.resource_id),
        (which.client_id, event.client_id == which.client_id),
        (which.session_id, event.session_id == which.session_id),
        (which.network, bool(is_there)),
        (which.request_id, event.request_id == which.request_id),
        (which.since, which.since is None or event.occurred_at >= which.since),
        (which.to, which.to is None or event.occurred_at < which.to),
        (which.text, which.text.lower() in text.lower()),
    )
    return all(is_so for is_said, is_so in said if is_said)


async def walked(which: EventSearch, *, limit: int) -> tuple[list[list[str]], list[list[str]]]:
    """The ids on all pages from the first to the last, and on the way back."""
    there, back, cursor = [], [], None
    while True:
        found = await search.find(which, cursor=cursor, limit=limit)
        there.append([str(each.id) for each in found.page.rows])
        last, cursor = found.page, found.page.next
        if cursor is None:
            break
    while last.previous is not None:
        last = (await search.find(which, cursor=last.previous, limit=limit)).page
        back.append([str(each.id) for each in last.rows])
    return there, back


SEARCHES = [
    EventSearch(),
    EventSearch(types=("USER_UPDATED", "CLIENT_UPDATED")),
    EventSearch(types=("ACCESS_TOKEN_ISSUED",)),
    EventSearch(types=("USER_UPDATED", "ACCESS_TOKEN_ISSUED"), success=True),
    EventSearch(types=("USER_UPDATED",), success=True, text="ADA 100%"),
    EventSearch(severities=(Severity.WARNING,)),
    EventSearch(success=False, client_id="console"),
    EventSearch(user_id=PEOPLE[0]),
    EventSearch(user_id=PEOPLE[1], types=("USER_UPDATED", "ACCESS_TOKEN_ISSUED")),
    EventSearch(actor_id=PEOPLE[2], actor_type="user"),
    EventSearch(actor_id=PEOPLE[2], actor_type="client"),
    EventSearch(resource_id=PEOPLE[3], resource_type="user"),
    EventSearch(session_id=SESSION, network=ip_network("192.0.2.7")),
    EventSearch(network=ip_network("192.0.2.0/25")),
    EventSearch(network=ip_network("2001:db8::/32"), severities=(Severity.INFO,)),
    EventSearch(network=ip_network("198.51.100.0/24")),
    EventSearch(network=ip_network("192.0.2.0/24")),
    EventSearch(network=ip_network("0.0.0.0/0"), types=("USER_UPDATED",)),
    EventSearch(text="mira_3", to=BEGIN + timedelta(seconds=100)),
    EventSearch(text="mira%3"),
    EventSearch(since=BEGIN + timedelta(seconds=20), to=BEGIN + timedelta(seconds=70)),
]


async def test_every_search_finds_each_event_once_however_little_a_page_looks_at(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = (replace(acme, id=uuid4()) for _ in range(2))
    made = some_events(300)
    with use_tenant(elsewhere):
        await audit_events.append(*some_events(50, seed=8))
    with use_tenant(here):
        await audit_events.append(*made)
        by_request = EventSearch(request_id=made[17].request_id)
        order = sorted(made, key=lambda each: (each.occurred_at, each.id), reverse=True)
        for looked_at in (40, search.LOOKED_AT):
            monkeypatch.setattr(search, "LOOKED_AT", looked_at)
            for which in (*SEARCHES, by_request):
                wanted = [each.id for each in order if holds(which, each)]
                there, back = await walked(which, limit=7)
                assert [each for page in there for each in page] == wanted, which
                again = [each for page in reversed(back) for each in page]
                assert again + there[-1] == wanted, which
                assert max(map(len, there)) <= 7
                if looked_at == search.LOOKED_AT == 20_000:
                    assert len(there) == max(1, -(-len(wanted) // 7)), which


async def test_a_look_says_how_far_it_went(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    made = some_events(100)
    monkeypatch.setattr(search, "LOOKED_AT", 40)
    with use_tenant(replace(acme, id=uuid4())):
        await audit_events.append(*made)
        found = await search.find(EventSearch(text="nobody"), limit=10)
        assert (found.page.rows, found.looked_to) == ([], made[60].occurred_at)
        rest = await search.find(EventSearch(text="nobody"), cursor=found.page.next, limit=10)
        assert rest.looked_to == made[20].occurred_at
        full = await search.find(EventSearch(text="mira"), limit=10)
        assert (len(full.page.rows), full.looked_to) == (10, None)
        with pytest.raises(BadCursor):
            await search.find(EventSearch(), cursor="x")


@on_postgres
async def test_a_network_is_looked_for_among_however_many_addresses(acme: Tenant) -> None:
    chance = random.Random(3)  # noqa: S311 - what happens in a test
    at, first = BEGIN, int(ip_address("10.16.0.0"))
    made = [
        _event(chance, at)._replace(id=str(uuid7()), event_type=kind, ip=str(ip_address(first + n)))
        for n, kind in zip(range(2000), cycle(AREAS["people"]))
    ]
    which = EventSearch(network=ip_network("10.16.0.0/12"), types=list(AREAS["people"]))
    with use_tenant(replace(acme, id=uuid4())):
        for begin in range(0, len(made), 1000):
            await audit_events.append(*made[begin : begin + 1000])
        found = await search.find(which, limit=100)
    assert len(AREAS["people"]) * len(made) > 32_767, "values that a statement may have"
    assert [each.id for each in made[:-101:-1]] == [str(each.id) for each in found.page.rows]


async def _plan(which: EventSearch) -> str:
    """How the database finds it."""
    client, asked = connections.get("default"), []
    ask = type(client).execute_query_dict

    async def noted(self: Any, query: str, *values: Any) -> Any:
        asked.append((query, *values))
        return await ask(self, query, *values)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(client), "execute_query_dict", noted)
        await search.find(which)
    found = [await ask(client, f"EXPLAIN {query}", *values) for query, *values in asked]
    return "\n".join(line["QUERY PLAN"] for lines in found for line in lines)


_MANY = f"""
INSERT INTO audit_events (id, tenant_id, event_type, severity, occurred_at, success, actor_type,
  actor_id, actor_name, client_id, resource_type, resource_id, ip, user_agent, request_id,
  session_id, details)
SELECT gen_random_uuid(), '{UUID(int=1)}', 'T' || n % 50, CASE WHEN n % 100 = 0 THEN 'WARNING' ELSE
  'INFO' END, now() - n * interval '1 second', n % 100 <> 0, CASE WHEN n % 2 = 0 THEN 'user' ELSE
  'client' END, 'a' || n % 500, '', 'c' || n % 20, CASE WHEN n % 2 = 0 THEN 'user' ELSE 'token' END,
  'r' || n, '192.0.2.' || n % 250, '', '', CASE WHEN n % 2 = 0 THEN 's' || n ELSE '' END, '{{}}'
FROM generate_series(1, 20000) AS n
"""  # noqa: S608


@on_postgres
async def test_what_is_looked_for_is_found_by_an_index(
    postgres: PostgresServer,
    database_settings: DatabaseSettings,
    acme: Tenant,
) -> None:
    name = database_settings.url.get_secret_value().rpartition("/")[2]
    postgres.execute(_MANY, "ANALYZE audit_events", database=name)
    everywhere = replace(acme, id=UUID(int=1))
    for which, index in (
        (EventSearch(types=("T1", "T2")), "audit_events_type"),
        (EventSearch(user_id="a1"), "audit_events_actor"),
        (EventSearch(user_id="r2"), "audit_events_resource"),
        (EventSearch(actor_id="a2", actor_type="user"), "audit_events_actor"),
        (EventSearch(resource_id="r2"), "audit_events_resource"),
        (EventSearch(session_id="s2"), "audit_events_session"),
        (EventSearch(network=ip_network("192.0.2.2")), "audit_events_ip"),
        (EventSearch(severities=(Severity.WARNING,)), "audit_events_severity"),
        (EventSearch(success=False), "audit_events_failed"),
        (EventSearch(text="x"), "occurred_at"),
        (EventSearch(types=("T1", "TOKEN_REFRESHED")), "occurred_at"),
    ):
        with use_tenant(everywhere):
            plan = await _plan(which)
        assert index in plan, (which, plan)
        assert "Seq Scan on audit_events" not in plan, (which, plan)
    [made] = postgres.execute(
        "SELECT pg_get_indexdef('audit_events_type'::regclass)", database=name
    )
    left_out = set(re.findall("'([A-Z_]+)'", made.partition("WHERE")[2]))
    assert left_out == set(event_search._OF_EVERY_TOKEN), "each token would pay for it twice"


async def test_whether_there_is_more_is_read_where_the_last_events_are(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = some_events(8)
    with use_tenant(replace(acme, id=uuid4())):
        assert await unsealed.stored() == "0"
        await audit_events.append(*made[:2], *made[3:6])
        assert await unsealed.stored() == "5"
        await unsealed.place(
            [unsealed.Placed(made[each].id, each + 1, b"", b"") for each in range(2)]
        )
        assert await unsealed.stored() == "5", "what is sealed is no news"
        await audit_events.append(made[2])
        assert await unsealed.stored() == "6", "it was committed after younger ones"
        monkeypatch.setattr(unsealed, "_COUNTED", 4)
        before = await unsealed.stored()
        await audit_events.append(made[6])
        assert await unsealed.stored() != before
        plan = await _plan_of_stored()
    assert "audit_events_unsealed" in plan, plan
    assert "audit_events_sealed" in plan, plan
    assert not any(each in plan for each in ("Sort", "TEMP B-TREE", "Seq Scan on audit")), plan


async def _plan_of_stored() -> str:
    """How the database finds what an open page looks at, in a table where that is worth while."""
    client, asked = connections.get("default"), []
    ask, explain = type(client).execute_query, "EXPLAIN"
    if connection.dialect() == "sqlite":
        explain = "EXPLAIN QUERY PLAN"
    else:
        await client.execute_script("SET enable_seqscan = off")

    async def noted(self: Any, query: str, values: Any = None) -> Any:
        asked.append((query, values))
        return await ask(self, query, values)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(client), "execute_query", noted)
        await unsealed.stored()
    [(query, values)] = asked
    _, lines = await ask(client, f"{explain} {query}", values)
    return "\n".join(
        str(tuple(line.values()) if hasattr(line, "values") else tuple(line)) for line in lines
    )


async def test_events_are_counted_by_the_hour_as_far_as_a_count_looks(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = some_events(200)
    failed = [each for each in made if not each.success]
    end = BEGIN + timedelta(hours=1)
    with use_tenant(replace(acme, id=uuid4())):
        await audit_events.append(*made)
        found = await statistics.of_period(BEGIN, end)
        assert found.counted_since == BEGIN
        assert {each.hour for each in found.counts} == {BEGIN}
        by_type = {each.event_type: (each.total, each.success) for each in found.counts}
        assert by_type == {
            kind: (sum(each.event_type == kind for each in made), kind != failed[0].event_type)
            for kind in TYPES
        }
        assert sum(each.total for each in found.failing_actors) == len(failed)
        assert {each.value for each in found.failing_addresses} <= {each.ip for each in failed}
        monkeypatch.setattr(statistics, "LOOKED_AT", 20)
        newest = await statistics.of_period(BEGIN, end)
        assert newest.counted_since == made[180].occurred_at
        assert sum(each.total for each in newest.counts) == 20
        nothing = await statistics.of_period(end, end + timedelta(days=1))
        assert (nothing.counts, nothing.failing_actors) == ([], [])
