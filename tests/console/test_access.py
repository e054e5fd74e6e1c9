"""The console is its own tenant's administrators' alone, on every page there is."""

import re
from typing import Any, cast
from uuid import uuid4

from quart import Quart

from authgate import provisioning
from authgate.permissions import UserRole
from authgate.provisioning import NewClient
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.wiretap import Wiretap

FIELDS = {
    "name": "Nightly backup",
    "decision": "approve",
    "status": "inactive",
    "overlap": "0",
    "redirect_uris": "https://a.example/cb",
    "client_credentials": "1",
}


def routes(server: RunningServer, row_id: object) -> list[tuple[str, str]]:
    """Every page of the console, about this client where it is about one."""
    edge = cast(Wiretap, server.transport.app).app
    people: Quart = cast(Any, edge)._people
    return [
        (
            method,
            re.sub(
                "<kind>", "machine", re.sub("<(row_id|consent_id|slug)>", str(row_id), rule.rule)
            ),
        )
        for rule in people.url_map.iter_rules()
        if rule.rule.startswith("/admin")
        for method in ("GET", "POST")
        if method in (rule.methods or ())
    ]


async def make_owners(tenant: Tenant) -> None:
    """Let those in charge see what is for owners alone as well."""
    with use_tenant(tenant):
        await UserRow.filter(role=UserRole.ADMIN).update(role=UserRole.OWNER)


def csrf_token(person: Person) -> str:
    assert person.page is not None
    return forms(person.page.text)[0].hidden["csrf_token"]


async def asked(
    person: Person, tenant: Tenant, method: str, path: str, token: str
) -> tuple[int, str]:
    answer = await person.http.request(
        method,
        f"{tenant.issuer}{path}",
        data=FIELDS | {"csrf_token": token} if method == "POST" else None,
    )
    return answer.status_code, answer.headers.get("location", answer.text)


def steady(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The rows, without when a browser was last seen."""
    for session in rows["browser_sessions"]:
        session.pop("last_seen_at")
        session.pop("idle_expires_at")
    return rows


@on_sqlite
def test_every_page_is_found(server: RunningServer) -> None:
    found = routes(server, "1")
    assert ("GET", "/admin") in found
    assert ("POST", "/admin/clients/1/delete") in found
    assert len(found) >= 17


@on_sqlite
async def test_whoever_is_no_administrator_is_refused_by_every_page(
    server: RunningServer, acme: Tenant, person: Person, machine: NewClient, ledger: Ledger
) -> None:
    token = csrf_token(person)
    before = steady(await ledger.rows(acme))
    for method, path in routes(server, machine.client.id):
        status, page = await asked(person, acme, method, path, token)
        assert status == 403, (method, path)
        assert "Nightly backup" not in page
        assert "You may not do this" in page
    assert steady(await ledger.rows(acme)) == before


@on_sqlite
async def test_whoever_is_not_signed_in_is_led_to_sign_in(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    nobody = Person(server.browser())
    await nobody.visit(f"{acme.issuer}/login")
    token = csrf_token(nobody)
    for method, path in routes(server, machine.client.id):
        status, where = await asked(nobody, acme, method, path, token)
        assert status == 303, (method, path)
        assert where.startswith(f"{acme.prefix}/login?return_to=")


@on_sqlite
async def test_ti_01_another_tenants_administrator_finds_nothing_and_changes_nothing(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    foreign_admin: Person,
    machine: NewClient,
    ledger: Ledger,
) -> None:
    await make_owners(globex)
    await foreign_admin.visit(f"{globex.issuer}/admin")
    token, before = csrf_token(foreign_admin), steady(await ledger.rows(acme))
    there = routes(server, machine.client.id)
    nowhere = routes(server, uuid4())
    about_one = [(a, b) for a, b in zip(there, nowhere, strict=True) if a != b]
    assert len(about_one) >= 12
    for (method, path), (_, other) in about_one:
        status, page = await asked(foreign_admin, globex, method, path, token)
        assert status == 404, (method, path)
        unknown = await asked(foreign_admin, globex, method, other, token)
        assert _plain(unknown[1]) == _plain(page), "as one that never was"
    # With its own cookies it is nobody in acme.
    for method, path in there:
        status, _ = await asked(foreign_admin, acme, method, path, token)
        assert status in (303, 403), (method, path)
    assert steady(await ledger.rows(acme)) == before


@on_sqlite
async def test_un_15_an_id_is_spelled_in_one_way(
    server: RunningServer, acme: Tenant, admin: Person, machine: NewClient, ledger: Ledger
) -> None:
    await make_owners(acme)
    await admin.visit(f"{acme.issuer}/admin")
    token, before, here = csrf_token(admin), await ledger.rows(acme), str(machine.client.id)
    real, nowhere = routes(server, here), set(routes(server, uuid4()))
    for odd in (
        here.upper(),
        f"{{{here}}}",
        f"urn:uuid:{here}",
        here.replace("-", ""),
        "x" * 9_000,
    ):
        for (method, path), (_, own) in zip(routes(server, odd), real, strict=True):
            if (method, own) not in nowhere:
                status, _ = await asked(admin, acme, method, path, token)
                assert status == 404, (method, path)
    assert steady(await ledger.rows(acme)) == steady(before)


@on_sqlite
async def test_ti_03_another_tenants_things_are_found_by_no_search(
    server: RunningServer, globex: Tenant, foreign_admin: Person, machine: NewClient, alice: User
) -> None:
    await foreign_admin.visit(f"{globex.issuer}/admin/clients")
    for query in (
        "clients?search=Nightly",
        f"clients?search={machine.client.client_id}",
        f"clients?owner={alice.id}",
        f"tokens?client={machine.client.client_id}",
        "tokens?user=alice",
        f"tokens?user={alice.email}",
        "scopes?search=read",
    ):
        page = await foreign_admin.visit(f"{globex.issuer}/admin/{query}")
        assert page.status_code == 200, query
        shown = page.text.replace(f'value="{query.partition("=")[2]}"', "")
        assert "Nightly backup" not in shown, query
        assert str(machine.client.id) not in shown, query
        assert str(alice.id) not in shown.replace(query, ""), query


@on_sqlite
async def test_wb_07_who_is_no_longer_an_administrator_is_out_at_once(
    server: RunningServer, acme: Tenant, admin: Person, alice: object
) -> None:
    link = f'href="{acme.prefix}/admin"'
    assert link in (await admin.visit(f"{acme.issuer}/account/sessions")).text
    assert (await admin.visit(f"{acme.issuer}/admin")).status_code == 200
    with use_tenant(acme):
        await UserRow.filter(username="alice").update(role=UserRole.USER)
    assert (await admin.visit(f"{acme.issuer}/admin")).status_code == 403
    with use_tenant(acme):
        await provisioning.disable_user("alice", now=server.clock())
    assert (await admin.visit(f"{acme.issuer}/admin")).url.path.endswith("/login")


@on_sqlite
async def test_a_secret_on_its_way_is_worth_nothing_to_another_session_or_client(
    server: RunningServer, acme: Tenant, admin: Person, machine: NewClient
) -> None:
    await admin.visit(f"{acme.issuer}/admin/clients/{machine.client.id}/secret")
    sent = await admin.submit({"overlap": "1"}, to="/secret", follow=False)
    cookie = admin.http.cookies["authgate_fresh_secret"]
    assert "agsec_" not in str(sent.headers)
    await admin.visit(f"{acme.issuer}/admin/clients/new/machine")
    other = await admin.submit({"name": "Other"}, to="/machine", follow=False)
    admin.http.cookies.delete("authgate_fresh_secret")
    admin.http.cookies.set("authgate_fresh_secret", cookie)
    page = await admin.http.get(other.headers["location"])
    assert "agsec_" not in page.text
    admin.http.cookies.delete("authgate_fresh_secret")
    admin.http.cookies.set("authgate_fresh_secret", cookie)
    server.clock.advance(301)
    page = await admin.http.get(sent.headers["location"])
    assert "agsec_" not in page.text, "it waits for five minutes only"


def _plain(page: str) -> str:
    return re.sub(r"[0-9a-f]{32}", "", page)
