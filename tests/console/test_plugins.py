"""``/admin/plugins``: how each is, and what the tenant has it go by."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from authgate import audit, provisioning
from authgate.audit import SYSTEM, Event
from authgate.clock import utc_now
from authgate.feeds import telling
from authgate.provisioning.plugin_settings import plugin_of_tenant
from authgate.storage.audit import audit_feeds
from authgate.storage.sign_in.connections import ConnectionRow
from authgate_jsonl import files
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

pytestmark = on_sqlite


@pytest.fixture
async def here(server: RunningServer, acme: Tenant) -> str:
    """Where acme's console has its plugins, one of which may run."""
    await provisioning.change_tenant(
        server.parts, acme, change=lambda before: replace(before, enabled_plugins=("networks",))
    )
    return f"{acme.issuer}/admin/plugins"


async def test_a_form_is_made_of_what_a_plugin_says_and_saves_what_is_typed(
    server: RunningServer, acme: Tenant, admin: Person, here: str
) -> None:
    listed = await admin.visit(here)
    assert "networks" in listed.text
    assert "Waits for settings" in listed.text
    page = await admin.visit(f"{here}/networks")
    assert "Where people sign in from" in page.text
    typed = {"set-networks": "192.0.2.0/24\nnowhere", "set-told": "Ask <b>IT</b>."}
    wrong = await admin.submit(typed, to="/networks")
    assert wrong.status_code == 400
    assert "is no network" in wrong.text
    assert "192.0.2.0/24\nnowhere</textarea>" in wrong.text
    # Without it, who administers from elsewhere would be shut out.
    saved = await admin.submit(
        typed | {"set-networks": "192.0.2.0/24\n127.0.0.0/8"}, to="/networks"
    )
    assert "Saved" in saved.text
    assert "Ask &lt;b&gt;IT&lt;/b&gt;." in saved.text
    tenant = await server.parts.resolver.find("acme")
    assert tenant is not None
    with use_tenant(tenant):
        kept = await plugin_of_tenant(server.parts, "networks")
    assert kept.shown["networks"] == ["192.0.2.0/24", "127.0.0.0/8"]
    assert "Runs" in (await admin.visit(here)).text
    await admin.visit(f"{here}/networks")
    tested = await admin.submit({}, to="/test")
    assert "<b>Settings</b> They can be." in tested.text
    paused = await admin.visit(f"{here}/networks")
    paused = await admin.submit({}, to="/pause")
    assert "Let it run" in paused.text
    assert "Paused" in (await admin.visit(here)).text
    await admin.visit(f"{here}/networks")
    forgotten = await admin.submit({}, to="/reset")
    assert "127.0.0.0/8" not in forgotten.text


async def test_a_secret_that_is_made_is_shown_once_and_one_that_need_not_be_is_forgotten(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    await provisioning.change_tenant(
        server.parts, acme, change=lambda before: replace(before, enabled_plugins=("http-target",))
    )
    here, url = f"{acme.issuer}/admin/plugins/http-target", "https://hooks.acme.example/"
    await admin.visit(here)
    made = await admin.submit(
        {"set-url": url, "make-set-secret": "1", "make-set-next_secret": "1"}, to="/http-target"
    )
    shown = re.findall(r"whsec_[\w+/]{43}=(?=<)", made.text)
    assert len(set(shown)) == 2
    again = await admin.visit(here)
    assert "whsec_" not in again.text.replace("whsec_ and 24", "")
    tenant = await server.parts.resolver.find("acme")
    assert tenant is not None

    async def kept() -> dict[str, object]:
        with use_tenant(tenant):
            settings = (await plugin_of_tenant(server.parts, "http-target")).kept
            assert settings
            return await server.parts.plugin_configs.opened(settings)

    assert list((await kept()).values()) == shown
    await admin.submit({"set-url": url, "forget-set-next_secret": "1"}, to="/http-target")
    assert await kept() == {"secret": shown[0]}


async def test_a_page_says_why_a_plugin_is_not_paused_by_whose_connection_everybody_signs_in(
    server: RunningServer, acme: Tenant, admin: Person, here: str
) -> None:
    with use_tenant(acme):
        await ConnectionRow.create(
            slug="hub", connector="github", label="Hub", config={}, sealed_secrets=b"x"
        )
    only = {"enabled_plugins": ("github",), "password_sign_in": False}
    await provisioning.change_tenant(server.parts, acme, change=lambda it: it.changed(only))
    await admin.visit(f"{here}/github")
    refused = await admin.submit({}, to="/pause")
    assert refused.status_code == 400
    assert "Nobody could sign in" in refused.text
    assert "Let it run" not in refused.text


async def test_a_plugin_that_may_not_run_here_has_no_page(admin: Person, here: str) -> None:
    assert "github" not in (await admin.visit(here)).text
    assert (await admin.visit(f"{here}/github")).status_code == 404


async def test_a_page_says_what_waits_for_a_sink_since_when_and_why_in_the_readers_language(
    server: RunningServer, acme: Tenant, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(files.FOLDER, raising=False)
    await provisioning.change_tenant(
        server.parts, acme, change=lambda before: replace(before, enabled_plugins=("jsonl",))
    )
    here = f"{acme.issuer}/admin/plugins/jsonl"
    assert "It was told of all that has happened" in (await admin.visit(here)).text
    later = replace(server.parts, clock=lambda: utc_now() + timedelta(minutes=3))
    tenant = await server.parts.resolver.find("acme")
    assert tenant is not None
    with use_tenant(tenant):
        for name in ("ada", "bea"):
            await audit.record(Event.USER_CREATED, actor=SYSTEM, resource=("user", name))
        await telling.feed_plugins(later)
        feed = (await plugin_of_tenant(later, "jsonl")).feed
    assert feed is not None
    page = await admin.visit(here)
    assert f"{feed.waiting} events wait." in page.text
    assert "Nothing is lost." in page.text
    assert "It broke off" in page.text
    assert "FolderNotNamed" in page.text
    there = await admin.http.get(here, headers={"Accept-Language": "zh-TW"})
    assert f"有 {feed.waiting} 個事件在等候。" in there.text
    monkeypatch.setattr(audit_feeds, "MOST_COUNTED", 2)
    assert "At least 2 events wait." in (await admin.visit(here)).text
