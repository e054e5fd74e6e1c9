"""``/admin/audit``: what has happened, narrowed by links, and each event by itself."""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2

from authgate.audit import Event
from authgate.provisioning import audit_views
from authgate.storage.people.users import User
from authgate_tenants import Tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

pytestmark = on_sqlite


def types(page: httpx2.Response) -> list[str]:
    """What is in the list."""
    return re.findall(r'class="first">\s*<a href="[^"]+"><code>(\w+)</code>', page.text)


def link(page: httpx2.Response, text: str) -> str:
    """Where the first link of this text leads."""
    found = re.search(rf'<a href="([^"]+)">(?:<bdi>|<code>){re.escape(text)}<', page.text)
    assert found is not None, text
    return unescape(found[1])


async def test_a_click_on_somebody_an_address_or_a_type_narrows_the_list(
    acme: Tenant, admin: Person, alice: User
) -> None:
    here = f"{acme.issuer}/admin/audit"
    await admin.visit(f"{acme.issuer}/admin/scopes/new")
    await admin.submit({"name": "orders:read", "title": "See orders"}, to="/scopes/new")
    page = await admin.visit(here)
    assert page.status_code == 200, page.text
    assert {"SCOPE_CREATED", "AUTHENTICATION_SUCCESS", "TENANT_CREATED"} <= set(types(page))
    of_alice = await admin.visit(link(page, "alice"))
    assert parse_qs(urlsplit(str(of_alice.url)).query) == {
        "actor": [str(alice.id)],
        "actor_type": ["user"],
    }
    assert "TENANT_CREATED" not in types(of_alice)
    narrowed = await admin.visit(link(of_alice, "SCOPE_CREATED"))
    assert types(narrowed) == ["SCOPE_CREATED"]
    assert parse_qs(urlsplit(str(narrowed.url)).query)["actor"] == [str(alice.id)]
    assert "Do not look for by" in narrowed.text
    typed = "user=alice&search=ORDERS&since=2026-03-02&result=succeeded"
    by_form = await admin.visit(f"{here}?{typed}")
    assert types(by_form) == ["SCOPE_CREATED"]
    for query, said in (
        ("user=nobody", "Nobody has this name."),
        ("ip=nowhere", "That is no address and no network."),
        ("search=zzz", "No event is like that."),
        ("since=0001-01-01&to=9999-12-31&search=zzz", "No event is like that."),
    ):
        found = await admin.visit(f"{here}?{query}")
        assert said in found.text
        assert types(found) == []


async def test_an_event_shows_what_was_before_and_is_after(
    acme: Tenant, admin: Person, alice: User
) -> None:
    await admin.visit(f"{acme.issuer}/admin/settings/lifetimes")
    settings = await admin.visit(f"{acme.issuer}/admin/scopes/new")
    assert settings.status_code == 200
    await admin.submit({"name": "orders:read", "title": "See orders"}, to="/scopes/new")
    scopes = await admin.visit(f"{acme.issuer}/admin/scopes")
    form = re.search(r'href="([^"]+/admin/scopes/[0-9a-f-]{36})"', scopes.text)
    assert form is not None
    await admin.visit(form[1])
    await admin.submit({"name": "orders:read", "title": "Look at orders"}, to=form[1])
    listed = await admin.visit(f"{acme.issuer}/admin/audit?type={Event.SCOPE_UPDATED}")
    event = re.search(r'href="([^"]+/audit/events/[^"]+)"', listed.text)
    assert event is not None
    page = (await admin.visit(event[1])).text
    assert "What it changed" in page
    assert "<bdi>See orders</bdi>" in page
    assert "<bdi>Look at orders</bdi>" in page
    assert f"/admin/users/{alice.id}" in page
    assert re.search(r'href="[^"]+/admin/audit\?session=[0-9a-f-]{36}"', page)
    request = re.search(r'href="([^"]+/admin/audit\?request=[0-9a-f]{32})"', page)
    assert request is not None
    assert types(await admin.visit(request[1])) == ["SCOPE_UPDATED"]


async def test_ti_20_nothing_of_another_tenant_is_shown(
    acme: Tenant, globex: Tenant, admin: Person, foreign_admin: Person, alice: User
) -> None:
    listed = await admin.visit(f"{acme.issuer}/admin/audit")
    event = re.search(r"/admin(/audit/events/[^\"]+)", listed.text)
    assert event is not None
    there = await foreign_admin.visit(f"{globex.issuer}/admin{event[1]}")
    assert there.status_code == 404
    for query in (f"user={alice.id}", "search=alice", f"actor={alice.id}&actor_type=user"):
        assert types(await foreign_admin.visit(f"{globex.issuer}/admin/audit?{query}")) == []
    cursor = re.search(r"cursor=([^\"&]+)", listed.text)
    if cursor:
        page = await foreign_admin.visit(f"{globex.issuer}/admin/audit?cursor={cursor[1]}")
        assert "alice" not in page.text


async def test_who_looks_is_written_down_once_and_not_page_by_page(
    acme: Tenant, admin: Person, alice: User, ledger: Ledger
) -> None:
    here = f"{acme.issuer}/admin/audit"
    looks = ("limit=50", f"user={quote('alice')}", "", "user=mallory", "search=alice", "search=bob")
    for address in (f"{here}?{each}" for each in (*looks, *looks)):
        await admin.visit(address)
    listed = await admin.visit(here)
    event = re.search(r"(/audit/events/[^\"]+)", listed.text)
    assert event is not None
    await admin.visit(f"{acme.issuer}/admin{event[1]}")
    await admin.visit(f"{acme.issuer}/admin/users/{alice.id}")
    viewed = await ledger.events(acme, Event.AUDIT_LOG_VIEWED)
    *known, one, other = (each.details["filter"] for each in viewed)
    assert known == [{}, {"user": str(alice.id)}, {"user": "nobody"}]
    assert one != other, "which are two looks, of whose words nothing is left"
    assert all(re.fullmatch(r"#[0-9a-f]{4}", each["search"]) for each in (one, other))
    assert {each.actor_name for each in viewed} == {"alice"}
    assert audit_views.ONCE_IN.total_seconds() == 900


async def test_a_text_is_not_looked_for_again_and_again(acme: Tenant, admin: Person) -> None:
    here = f"{acme.issuer}/admin/audit"
    assert "data-live" in (await admin.visit(here)).text
    page = await admin.visit(f"{here}?search=alice")
    assert "data-live" not in page.text
    assert re.search(r'href="[^"]*/admin/audit\?search=alice"[^>]*>.*Look again', page.text)


async def test_a_page_that_is_left_open_keeps_nobody_signed_in(
    server: RunningServer, acme: Tenant, admin: Person, ledger: Ledger
) -> None:
    def seen(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Any]:
        return [
            (each["last_seen_at"], each["idle_expires_at"]) for each in rows["browser_sessions"]
        ]

    before = seen(await ledger.rows(acme))
    server.clock.advance(120)
    for headers in ({"X-Live": "1"}, {"Accept": "text/event-stream"}):
        for path in ("/admin/audit", "/admin"):
            answer = await admin.http.get(f"{acme.issuer}{path}", headers=headers)
            assert answer.status_code == 200
    assert seen(await ledger.rows(acme)) == before
    await admin.visit(f"{acme.issuer}/admin")
    assert seen(await ledger.rows(acme)) != before
