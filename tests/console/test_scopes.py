"""``/admin/scopes``: scopes in a tenant's words, read where people allow them."""

import re

from authgate import provisioning
from authgate.audit import Event
from authgate.storage.people.users import User
from authgate.storage.tenants import scopes
from authgate.storage.tenants.scopes import ScopeDraft
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, sent_on
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

HOSTILE = "<img src=x onerror=alert(1)>"


async def test_a_scope_is_described_read_changed_and_forgotten(
    acme: Tenant, admin: Person, alice: User, console: Application, ledger: Ledger
) -> None:
    here = f"{acme.issuer}/admin/scopes"
    assert "No scope is described yet." in (await admin.visit(here)).text
    await admin.visit(f"{here}/new")
    said = {
        "name": "write",
        "title": "Change your orders",
        "advertised": "1",
        "language-1": "de",
        "title-1": "Bestellungen",
    }
    page = await admin.submit(said, to="/scopes/new")
    assert "Saved." in page.text
    row = re.findall(r'href="([^"]*/admin/scopes/[0-9a-f-]{36})"', page.text)[0]
    asked = await sent_on(admin, console.ask(scope="openid write").url)
    assert "Change your orders" in asked.text
    await admin.visit(f"http://localhost:8080{row}")
    page = await admin.submit(said | {"title": HOSTILE, "sensitive": "1"}, to=row)
    assert HOSTILE not in page.text
    assert "changes things" in page.text
    await admin.visit(f"http://localhost:8080{row}")
    page = await admin.submit({}, to="/delete")
    assert "Not deleted: clients may ask for it still." in page.text
    for kind, count in (
        (Event.SCOPE_CREATED, 1),
        (Event.SCOPE_UPDATED, 1),
        (Event.SCOPE_DELETED, 0),
    ):
        events = await ledger.events(acme, kind)
        assert [event.actor_id for event in events] == [str(alice.id)] * count


async def test_what_is_wrong_with_a_scope_is_said_and_what_was_typed_is_kept(
    acme: Tenant, admin: Person
) -> None:
    here = f"{acme.issuer}/admin/scopes"
    page = await admin.visit(f"{here}/new")
    good = {"name": "orders", "title": "Orders", "language-3": "de", "title-3": "Kept"}
    for wrong, fault in (
        ({"name": "two words"}, "name"),
        ({"name": ""}, "name"),
        ({"title": " "}, "title"),
        ({"language-3": "no language!"}, "translations"),
        ({"title-3": ""}, "translations"),
        ({"language-1": "DE", "title-1": "Twice"}, "translations"),
    ):
        page = await admin.submit(good | wrong, to="/scopes/new")
        assert page.status_code == 400, wrong
        assert f'href="#{fault}"' in page.text, wrong
    assert 'value="Kept"' in page.text
    page = await admin.submit(good, to="/scopes/new")
    assert page.status_code == 200
    await admin.visit(f"{here}/new")
    page = await admin.submit(good, to="/scopes/new")
    assert "described already" in page.text
    row = re.findall(r'href="([^"]*/admin/scopes/[0-9a-f-]{36})"', (await admin.visit(here)).text)[
        0
    ]
    await admin.visit(f"http://localhost:8080{row}")
    assert "Deleted." in (await admin.submit({}, to="/delete")).text


@on_sqlite
async def test_ad_07_nobody_describes_a_scope_over_what_somebody_else_has_said_meanwhile(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    with use_tenant(acme):
        scope = await provisioning.add_scope(server.parts, ScopeDraft(name="orders", title="One"))
    here = f"{acme.issuer}/admin/scopes/{scope.id}"
    await admin.visit(here)
    with use_tenant(acme):
        await provisioning.change_scope(server.parts, ScopeDraft(name="orders", title="Two"))
    page = await admin.submit({}, to="/delete")
    assert "it had changed meanwhile" in page.text
    with use_tenant(acme):
        await provisioning.change_scope(server.parts, ScopeDraft(name="orders", title="Three"))
    page = await admin.submit({"title": "Mine"}, to=f"/scopes/{scope.id}")
    assert page.status_code == 409
    assert 'value="Three"' in page.text
    page = await admin.submit({"title": "Mine"}, to=f"/scopes/{scope.id}")
    assert page.status_code == 200
    with use_tenant(acme):
        [after] = await scopes.all_scopes()
    assert after.words.title == "Mine"
