"""The operators' pages: who sees them, and what is done there."""

import re
from collections.abc import Mapping
from typing import Any, cast

from quart import Quart

from authgate.operator.console.frame import OperatorConsole
from authgate.operator.console.pages import blueprints
from authgate.operator.places import CONSOLE
from authgate.permissions import Access, Permission, UserRole, permits
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.wiretap import Wiretap

_NOWHERE = "01930000-0000-7000-8000-000000000009"
HTML = {"Accept": "text/html"}


def asked_by_routes(server: RunningServer) -> Mapping[tuple[str, str], Permission]:
    """What each route of the operators says that it asks for."""
    nothing = cast(Any, None)
    console = OperatorConsole(parts=server.parts, pages=nothing, streams=nothing)
    assert list(blueprints(console))
    return console.doors.asked


def filled(rule: str, tenant: str = _NOWHERE) -> str:
    return re.sub(r"<[a-z_]+>", tenant, rule)


def content(html: str) -> str:
    """What is in the page itself, without the menu."""
    return html.partition("<main")[2]


async def status(server: RunningServer, tenant: Tenant) -> TenantStatus:
    found = await server.parts.resolver.find_by_id(tenant.id)
    assert found is not None
    return found.status


@on_sqlite
def test_every_route_of_the_operators_says_what_it_asks_for(server: RunningServer) -> None:
    people: Quart = cast(Any, cast(Wiretap, server.transport.app).app)._people
    served = {
        (method, rule.rule)
        for rule in people.url_map.iter_rules()
        if rule.rule == CONSOLE or rule.rule.startswith(f"{CONSOLE}/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    asked = asked_by_routes(server)
    assert served == set(asked)
    changing = {route for route, permission in asked.items() if permission.access is Access.WRITE}
    assert {route for route in asked if route[0] == "POST"} <= changing


@on_sqlite
async def test_ad_04_every_page_opens_to_those_roles_that_the_table_says(
    server: RunningServer, at_browser: Person, ops: Tenant, mira: User
) -> None:
    await at_browser.visit(f"{ops.issuer}/operator")
    assert at_browser.page is not None
    token = forms(at_browser.page.text)[0].hidden["csrf_token"]
    told = 0
    for role in UserRole:
        with use_tenant(ops):
            await UserRow.filter(id=mira.id).update(role=role)
        for (method, rule), permission in asked_by_routes(server).items():
            answer = await at_browser.http.request(
                method,
                f"{ops.issuer}{filled(rule)}",
                data={"csrf_token": token} if method == "POST" else None,
            )
            wanted = (200, 204, 303, 404, 422) if permits(role, permission) else (403,)
            assert answer.status_code in wanted, (role, method, rule, answer.status_code)
            told += 1
    assert told >= 10 * len(UserRole)


@on_sqlite
async def test_wb_01_without_its_token_no_form_of_the_operators_is_taken(
    server: RunningServer, at_browser: Person, ops: Tenant, mira: User
) -> None:
    with use_tenant(ops):
        await UserRow.filter(id=mira.id).update(role=UserRole.OWNER)
    await at_browser.visit(f"{ops.issuer}/operator")
    assert at_browser.page is not None
    genuine = forms(at_browser.page.text)[0].hidden["csrf_token"]
    posted = [rule for method, rule in asked_by_routes(server) if method == "POST"]
    assert len(posted) >= 5
    for rule in posted:
        for token, origin in (("", {}), ("x", {}), (genuine, {"Origin": "https://evil.test"})):
            answer = await at_browser.http.post(
                f"{ops.issuer}{filled(rule)}", data={"csrf_token": token}, headers=origin
            )
            assert answer.status_code == 403, (rule, token)
            assert "You may not do this" not in answer.text, "it is the form that is refused"


@on_sqlite
async def test_ti_another_tenants_owner_finds_nothing_there_however_they_ask(
    server: RunningServer, ops: Tenant, acme: Tenant, alice: User, person: Person
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.OWNER)
    unknown = await person.visit(f"{acme.issuer}/nowhere")
    rules = {rule for _, rule in asked_by_routes(server)} | {"/operator/", "/operator/nowhere"}
    for rule in rules:
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
            where = f"{acme.issuer}{filled(rule, str(acme.id))}"
            answer = await person.http.request(method, where, headers=HTML)
            assert answer.status_code == unknown.status_code == 404, (method, rule)
            assert "allow" not in answer.headers, (method, rule)
    stranger = await server.http.get(f"{acme.issuer}/operator", headers=HTML)
    assert stranger.status_code == 404, "nobody is asked to sign in for it"
    console = await person.visit(f"{acme.issuer}/admin")
    assert "/operator" not in console.text
    elsewhere = await person.visit(f"{ops.issuer}/operator")
    assert elsewhere.url.path.endswith("/login"), "a session of acme's is none there"


@on_sqlite
async def test_operators_come_to_their_pages_from_their_own_console_and_back(
    at_browser: Person, ops: Tenant
) -> None:
    console = await at_browser.visit(f"{ops.issuer}/admin")
    assert f'href="{ops.prefix}/operator"' in console.text
    overview = await at_browser.visit(f"{ops.issuer}/operator")
    assert f'href="{ops.prefix}/admin"' in overview.text
    assert "Well" in content(overview.text)
    assert "roll-up-usage" in content(overview.text)


@on_sqlite
async def test_an_operator_finds_a_tenant_suspends_it_and_serves_it_again(
    server: RunningServer, at_browser: Person, ops: Tenant, acme: Tenant, globex: Tenant
) -> None:
    for query in ("search=ac", "search=ACM&by=name", "status=active&search=acme"):
        listed = await at_browser.visit(f"{ops.issuer}/operator/tenants?{query}")
        assert str(acme.id) in content(listed.text), query
        assert str(globex.id) not in content(listed.text), query
    where = f"{ops.issuer}/operator/tenants/{acme.id}"
    await at_browser.visit(f"{where}/suspend")
    wrong = await at_browser.submit({"slug": "globex"}, to="/suspend")
    assert "That is not its slug" in wrong.text
    assert await status(server, acme) is TenantStatus.ACTIVE
    page = await at_browser.submit({"slug": "acme"}, to="/suspend")
    assert "nobody is served there any more" in page.text
    assert await status(server, acme) is TenantStatus.SUSPENDED
    await at_browser.submit({}, to="/resume")
    assert await status(server, acme) is TenantStatus.ACTIVE
    page = await at_browser.visit(where)
    assert "Access tokens" in content(page.text)
    page = await at_browser.submit({"plan": "free"}, to="/plan")
    assert "It has this plan" in page.text
    found = await server.parts.resolver.find_by_id(acme.id)
    assert found is not None
    assert found.plan.name == "free"
    page = await at_browser.submit({"name": "Acme & Sons"}, to="/name")
    assert "Acme &amp; Sons" in content(page.text)


@on_sqlite
async def test_who_suspends_or_deletes_has_signed_in_lately(
    server: RunningServer, at_browser: Person, ops: Tenant, acme: Tenant
) -> None:
    for act in ("suspend", "delete"):
        await at_browser.visit(f"{ops.issuer}/operator/tenants/{acme.id}/{act}")
        server.clock.advance(seconds=16 * 60)
        page = await at_browser.submit({"slug": "acme"}, to=f"/{act}")
        assert page.url.path.endswith("/login"), act
        assert await status(server, acme) is TenantStatus.ACTIVE
        await at_browser.sign_in(ops.issuer, "mira", PASSWORD)


@on_sqlite
async def test_an_operator_makes_a_tenant_whose_owner_signs_in(
    server: RunningServer, at_browser: Person, ops: Tenant
) -> None:
    await at_browser.visit(f"{ops.issuer}/operator/tenants/new")
    typed = {"slug": "login", "name": "", "username": "nora", "email": "nora@northwind.example"}
    for unfit in ("nora@", "nora@localhost"):
        wrong = typed | {"slug": "northwind", "email": unfit}
        assert (await at_browser.submit(wrong, to="/new")).status_code == 422
    assert (await at_browser.submit(typed, to="/new")).status_code == 422, "it is reserved"
    made = await at_browser.submit(typed | {"slug": "northwind"}, to="/new")
    assert made.status_code == 201, made.text
    password = re.search(r"[a-z2-9]{5}(?:-[a-z2-9]{5}){4}", content(made.text))
    assert password is not None
    northwind = await server.parts.resolver.find("northwind")
    assert northwind is not None
    assert northwind.name == "Northwind"
    page = await Person(server.browser()).sign_in(northwind.issuer, "nora", password[0])
    assert page.url.path.endswith("/account/sessions"), page.text


@on_sqlite
async def test_a_tenant_is_deleted_and_restored(
    server: RunningServer, at_browser: Person, ops: Tenant, acme: Tenant
) -> None:
    where = f"{ops.issuer}/operator/tenants/{acme.id}"
    await at_browser.visit(f"{where}/delete")
    wrong = await at_browser.submit({"slug": "globex"}, to="/delete")
    assert "That is not its slug" in wrong.text
    await at_browser.submit({"slug": "acme"}, to="/delete")
    assert await status(server, acme) is TenantStatus.DELETING
    listed = await at_browser.visit(f"{ops.issuer}/operator/deletions")
    assert str(acme.id) in content(listed.text)
    await at_browser.visit(where)
    await at_browser.submit({}, to="/restore")
    assert await status(server, acme) is TenantStatus.ACTIVE


@on_sqlite
async def test_the_operators_own_tenant_is_not_stopped_here(
    server: RunningServer, at_browser: Person, ops: Tenant, ledger: Ledger
) -> None:
    before = (await ledger.rows(ops))["tenant_data_keys"]
    for act in ("suspend", "delete"):
        await at_browser.visit(f"{ops.issuer}/operator/tenants/{ops.id}/{act}")
        assert (await at_browser.submit({"slug": "ops"}, to=f"/{act}")).status_code == 409
    assert await status(server, ops) is TenantStatus.ACTIVE
    assert (await ledger.rows(ops))["tenant_data_keys"] == before
