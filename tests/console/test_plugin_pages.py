"""Pages of the console that plugins declare: drawn, permitted, sent and logged by the server."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.people.users import UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.installed_plugins import put_plugin
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

pytestmark = on_sqlite

BILLING = """
    import asyncio
    from dataclasses import dataclass
    from typing import Annotated

    from authgate.plugin_api import (
        ConnectorConfigError, ConsoleFacts, ConsoleFigures, ConsoleForm, ConsoleLink,
        ConsoleNotice, ConsolePage, ConsoleTable, ConsoleText, Secret, Setting, hookimpl,
    )

    plugin_api_version = "1.2"
    BREAKS = []
    SENT = []

    class Html(str):
        def __html__(self):
            return self

    @dataclass(frozen=True)
    class Refund:
        invoice: Annotated[str, Setting("Which one.", label="Invoice")]
        cents: Annotated[int, Setting("How much.")] = 100
        pin: Annotated[Secret, Setting("Yours.")] = Secret("")
        at_once: Annotated[bool, Setting("Today.")] = False

        def __post_init__(self):
            if not self.invoice.startswith("A-"):
                raise ConnectorConfigError("invoice", "begins with A-")

    @hookimpl
    def register_console_pages():
        return [
            ConsolePage(name="invoices", title="Invoices <b>", icon="download"),
            ConsolePage(name="apps", title="Paid apps", area="clients"),
        ]

    @hookimpl
    async def console_page(request):
        if BREAKS:
            return await BREAKS[0]()
        if request.action == "refund":
            SENT.append(request)
            if request.values.cents > 500:
                raise ConnectorConfigError("cents", "is too much")
            if request.values.invoice == "A-list":
                raise ConnectorConfigError(["cents"], "is odd")
            if request.values.invoice == "A-html":
                raise ConnectorConfigError("cents", Html("<b>is odd</b>"))
            if request.values.invoice == "A-long":
                raise ConnectorConfigError("cents", "odd " * 1000)
            return [ConsoleNotice(title=f"Refunded {request.values.cents}.", kind="good")]
        return [
            ConsoleText(text=f"{request.tenant} reads {request.language}\\n\\n<script>x</script>"),
            ConsoleFigures(figures=(("Open", 1234), ("Share", "7 %"))),
            ConsoleFacts(title="Contract", facts=(("Until", "2027"),)),
            ConsoleTable(
                title="Invoices", columns=("Number", "Of"),
                rows=((
                    ConsoleLink("A-7", "https://pay.example/7"),
                    ConsoleLink("Mira", "/admin/users"),
                ),),
            ),
            ConsoleForm(
                action="refund", title="Refund one", button="Refund", takes=Refund,
                values={"invoice": "A-7"},
            ),
            ConsoleForm(
                action="remind", title="Remind of one", button="Remind", takes=Refund,
                values={"invoice": "A-9"},
            ),
        ]
"""


@pytest.fixture(autouse=True)
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugin of the test, installed beside the bundled ones."""
    site = tmp_path / "site"
    put_plugin(site, "billing", BILLING, module="billing_with_pages")
    monkeypatch.syspath_prepend(str(site))
    yield
    sys.modules.pop("billing_with_pages", None)


@pytest.fixture
async def here(plugins: None, server: RunningServer, acme: Tenant) -> str:
    """Where acme has the page; globex has not enabled the plugin."""
    await provisioning.change_tenant(
        server.parts, acme, change=lambda before: replace(before, enabled_plugins=("billing",))
    )
    return f"{acme.issuer}/admin/plugin-pages/settings/billing/invoices"


async def test_a_page_is_drawn_of_what_the_plugin_declares_and_nothing_of_it_is_html(
    acme: Tenant, admin: Person, here: str
) -> None:
    page = await admin.visit(here)
    assert page.status_code == 200
    assert "acme reads en" in page.text
    assert "&lt;script&gt;x&lt;/script&gt;" in page.text
    assert "<b>1,234</b>" in page.text
    assert 'href="https://pay.example/7" rel="noopener noreferrer"' in page.text
    assert f'href="{acme.prefix}/admin/users"' in page.text
    assert 'value="A-7"' in page.text
    there = await admin.http.get(here, headers={"Accept-Language": "zh-TW"})
    assert "acme reads zh-Hant" in there.text
    menu = (await admin.visit(f"{acme.issuer}/admin")).text
    assert "Invoices &lt;b&gt;" in menu
    assert "/settings/billing/invoices" in menu


async def test_a_form_is_checked_handed_over_typed_and_logged_without_its_secrets(
    server: RunningServer, acme: Tenant, admin: Person, here: str, ledger: Ledger
) -> None:
    await admin.visit(here)
    sent = {"refund-invoice": "A-8", "refund-cents": "250", "refund-pin": "a-pin-of-alice"}
    for wrong, told in (
        ({"refund-cents": "much"}, "must be a whole number"),
        ({"refund-invoice": "B-1"}, "begins with A-"),
        ({"refund-cents": "501"}, "is too much"),
    ):
        page = await admin.submit(sent | wrong, to="/invoices")
        assert (page.status_code, told in page.text) == (400, True), told
        assert "a-pin-of-alice" not in page.text
        assert 'value="A-9"' in page.text, "the other form is as it was"
    assert admin.page is not None
    odd = forms(admin.page.text)[0].hidden | sent | {"action": "refund", "refund-cents": "much"}
    page = await admin.http.post(here, data=odd, headers={"Accept-Language": "zh-TW"})
    assert "須為整數" in page.text
    await admin.visit(here)
    done = await admin.submit(sent | {"refund-at_once": "1"}, to="/invoices")
    assert (done.status_code, "Refunded 250." in done.text) == (200, True)
    module = server.parts.plugins.installed.get_plugin("billing")
    assert module is not None
    last = module.SENT[-1]
    assert (last.values.invoice, last.values.cents) == ("A-8", 250)
    assert last.values.at_once is True
    assert last.values.pin.reveal() == "a-pin-of-alice"
    log = await ledger.events(acme, Event.PLUGIN_ACTION)
    assert [each.success for each in log] == [False, False, False, False, True]
    assert log[-1].details["values"] == [
        {"field": "invoice", "is": "A-8"},
        {"field": "cents", "is": 250},
        {"field": "pin", "is": "given"},
        {"field": "at_once", "is": True},
    ]
    assert "a-pin-of-alice" not in str(await ledger.rows(acme))
    await admin.visit(here)
    await admin.submit(sent | {"refund-invoice": f"A-{'8' * 300}"}, to="/invoices")
    [*_, event] = await ledger.events(acme, Event.PLUGIN_ACTION)
    assert event.details["values"][0] == {"field": "invoice", "is": f"A-{'8' * 198}"}


async def test_a_page_is_for_those_of_its_area_and_its_forms_for_those_who_change_it(
    server: RunningServer, acme: Tenant, admin: Person, here: str
) -> None:
    apps = f"{acme.issuer}/admin/plugin-pages/clients/billing/apps"
    await admin.visit(here)
    assert admin.page is not None
    token = forms(admin.page.text)[0].hidden["csrf_token"]

    async def refund(token: str) -> int:
        said = {"csrf_token": token, "action": "refund", "refund-invoice": "A-8"}
        return (await admin.http.post(here, data=said)).status_code

    for role, seen, acts in (
        (UserRole.CLIENT_MANAGER, (403, 200), 403),
        (UserRole.AUDITOR, (200, 200), 403),
        (UserRole.ADMIN, (200, 200), 200),
    ):
        with use_tenant(acme):
            await UserRow.filter(username="alice").update(role=role)
        found = [await admin.visit(each) for each in (here, apps)]
        assert tuple(each.status_code for each in found) == seen, role
        menu = (await admin.visit(f"{acme.issuer}/admin")).text
        assert ("/settings/billing/invoices" in menu) == (seen[0] == 200), role
        assert await refund(token) == acts, role
        if role is UserRole.AUDITOR:
            assert "<fieldset" in found[0].text
            assert 'action="refund"' not in found[0].text
            assert ">Refund<" not in found[0].text
    assert await refund("forged") == 403
    with use_tenant(acme):
        until = server.clock() + timedelta(hours=1)
        await UserRow.filter(username="alice").update(guest_until=until)
    assert (await admin.visit(here)).status_code == 200
    assert await refund(token) == 403, "nobody who is here as a guest"
    nowhere = (here.replace("invoices", "others"), here.replace("settings", "clients"))
    for each in (*nowhere, here.replace("billing", "networks")):
        assert (await admin.visit(each)).status_code == 404
    await provisioning.change_tenant(
        server.parts, acme, change=lambda before: replace(before, paused_plugins=("billing",))
    )
    assert (await admin.visit(here)).status_code == 404
    assert "Paid apps" not in (await admin.visit(f"{acme.issuer}/admin")).text


async def test_another_tenant_has_no_such_page(
    globex: Tenant, foreign_admin: Person, here: str
) -> None:
    there = here.replace("/acme/", "/globex/")
    assert (await foreign_admin.visit(there)).status_code == 404
    assert "Invoices" not in (await foreign_admin.visit(f"{globex.issuer}/admin")).text


async def test_a_plugin_that_fails_is_told_of_in_place_of_its_page(
    server: RunningServer, acme: Tenant, admin: Person, here: str
) -> None:
    module = server.parts.plugins.installed.get_plugin("billing")
    assert module is not None

    async def fails() -> None:
        raise ValueError("a-secret-of-the-plugin")

    module.BREAKS.append(fails)
    for _ in range(5):
        page = await admin.visit(here)
        assert (page.status_code, "The plugin failed." in page.text) == (200, True)
        assert "a-secret-of-the-plugin" not in page.text
    assert "has failed too often" in (await admin.visit(here)).text
    assert (await admin.visit(f"{acme.issuer}/admin")).status_code == 200


async def test_whoever_waits_for_a_plugin_keeps_nobody_else_waiting(
    server: RunningServer, acme: Tenant, admin: Person, here: str
) -> None:
    module = server.parts.plugins.installed.get_plugin("billing")
    assert module is not None
    stored: list[int] = []

    async def writes() -> list[object]:
        with use_tenant(acme):
            async with asyncio.timeout(0.5):
                stored.append(await UserRow.filter(username="alice").update(name="Written"))
        return [] if len(stored) % 2 else [form]

    form = module.ConsoleForm(action="refund", title="R", button="R", takes=module.Refund)
    await admin.visit(here)
    module.BREAKS.append(writes)
    assert "The plugin failed." not in (await admin.visit(here)).text
    assert admin.page is not None
    said = forms(admin.page.text)[0].hidden | {"action": "refund", "refund-invoice": "A-1"}
    page = await admin.http.post(here, data=said)
    assert "The plugin failed." not in page.text
    assert stored == [1, 1, 1]


@pytest.mark.parametrize("invoice", ["A-list", "A-html", "A-long"])
async def test_what_a_plugin_refuses_by_is_two_lines_or_the_plugin_has_failed(
    admin: Person, here: str, invoice: str
) -> None:
    await admin.visit(here)
    page = await admin.submit({"refund-invoice": invoice}, to="/invoices")
    assert (page.status_code, "The plugin failed." in page.text) == (200, True)
    assert "odd" not in page.text
