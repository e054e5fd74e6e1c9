"""``/admin/webhooks``: where what happens is sent, and what became of it, in a browser."""

import re
from urllib.parse import urljoin

import pytest

from authgate.permissions import UserRole
from authgate.storage.people.users import User, UserRow
from authgate.storage.webhooks import endpoints
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.hooks import Hook, happen
from authgate_testing.person import Person

pytestmark = on_sqlite


@pytest.fixture
async def admin(acme: Tenant, alice: User, person: Person) -> Person:
    """Alice, who administers acme and has signed in."""
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.ADMIN)
    return person


async def test_a_webhook_is_made_shows_its_secret_once_and_is_changed_and_deleted(
    acme: Tenant, admin: Person
) -> None:
    here = f"{acme.issuer}/admin/webhooks"
    await admin.visit(f"{here}/new")
    fields = {
        "name": "billing",
        "url": "http://hooks.example/",
        "lifecycles": "user.created\nuser.deleted",
        "enabled": "1",
    }
    refused = await admin.submit(fields, to="/webhooks/new")
    assert refused.status_code == 400
    assert "user.deleted" in refused.text
    page = await admin.submit(fields | {"url": "https://hooks.example/"}, to="/webhooks/new")
    assert re.search(r"whsec_[\w+/=]+", page.text)
    assert "whsec_" not in (await admin.visit(str(page.url))).text
    await admin.visit(f"{page.url}/edit")
    fit = {"url": "https://hooks.example/", "description": "<b>For the books</b>"}
    changed = await admin.submit(fields | fit, to="/edit")
    assert "&lt;b&gt;For the books&lt;/b&gt;" in changed.text
    assert "billing" in (await admin.visit(here)).text
    await admin.visit(str(page.url))
    gone = await admin.submit({}, to="/delete")
    assert "Deleted" in gone.text
    with use_tenant(acme):
        assert await endpoints.every() == []


async def test_what_was_sent_is_looked_at_and_sent_once_more(
    hook: Hook, acme: Tenant, admin: Person
) -> None:
    await happen(acme, "ada")
    await hook.round()
    here = f"{acme.issuer}/admin{hook.here}"
    page = await admin.visit(f"{here}?status=delivered")
    [link] = set(re.findall(r'href="([^"]*/deliveries/[^"]+)"', page.text))
    shown = await admin.visit(urljoin(here, link))
    assert "&#34;resource_id&#34;: &#34;ada&#34;" in shown.text
    again = await admin.submit({}, to="/replay")
    assert "It is sent once more." in again.text
    await hook.round()
    assert hook.whom() == ["ada", "ada"]
    tested = await (await _at(admin, here)).submit({}, to="/test")
    assert "It was taken." in tested.text
    added = await (await _at(admin, here)).submit({"overlap": "24"}, to="/secrets")
    assert "whsec_" in added.text
    none = await (await _at(admin, here)).submit({"since": "2026-01-01"}, to=f"{hook.id}/replay")
    assert "0 are sent once more." in none.text


async def _at(admin: Person, place: str) -> Person:
    await admin.visit(place)
    return admin
