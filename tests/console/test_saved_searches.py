"""Searches of the audit log that have a name: of one's own, and shared."""

import re
from html import unescape

import httpx2
import pytest

from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.audit import saved_searches
from authgate.storage.audit.saved_searches import MOST, SavedSearchRow
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

FAILED = "severity=WARNING&result=failed"


def saved(page: httpx2.Response) -> dict[str, str]:
    """Where each that is shown leads, by its name."""
    found = re.findall(r'<a class="btn sm" href="([^"]+)"[^>]*><bdi>([^<]+)<', page.text)
    return {unescape(name): unescape(url) for url, name in found}


async def save(
    person: Person, tenant: Tenant, query: str, name: str, **more: str
) -> httpx2.Response:
    """Look for something, and give that a name."""
    await person.visit(f"{tenant.issuer}/admin/audit?{query}")
    return await person.submit({"name": name, **more}, to="/audit/searches")


@pytest.fixture
async def auditor(server: RunningServer, acme: Tenant, carol: User) -> Person:
    """Carol, who may look at everything in acme and change nothing."""
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(role=UserRole.AUDITOR)
    person = Person(server.browser())
    await person.sign_in(acme.issuer, carol.username, PASSWORD)
    return person


async def test_what_is_looked_for_gets_a_name_and_is_found_by_it(
    acme: Tenant, admin: Person, auditor: Person
) -> None:
    page = await save(admin, acme, f"{FAILED}&limit=50", "Failed sign-ins")
    assert "The search is saved under its name." in page.text
    assert saved(page)["Failed sign-ins"].endswith(f"/admin/audit?{FAILED}")
    await save(admin, acme, "ip=192.0.2.0/24", "Failed sign-ins")
    again = await admin.visit(f"{acme.issuer}/admin/audit")
    assert saved(again) == {"Failed sign-ins": f"{acme.prefix}/admin/audit?ip=192.0.2.0%2F24"}
    assert saved(await auditor.visit(f"{acme.issuer}/admin/audit")) == {}, "it is her own"
    assert "search-name" not in again.text, "there is nothing to be saved"


async def test_what_is_shared_is_seen_by_all_readers_and_written_down(
    acme: Tenant, admin: Person, auditor: Person, alice: User, ledger: Ledger
) -> None:
    await save(admin, acme, FAILED, "<b>Failed", shared="1")
    page = await auditor.visit(f"{acme.issuer}/admin/audit")
    assert saved(page) == {"<b>Failed": f"{acme.prefix}/admin/audit?{FAILED}"}
    assert "<b>Failed" not in page.text
    with use_tenant(acme):
        [search] = await saved_searches.seen_by(alice.id)
    where = f"{acme.issuer}/admin/audit/searches/{search.id}/delete"
    page = await save(auditor, acme, FAILED, "Of my own")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    refused = await auditor.http.post(where, data={"csrf_token": token[1]})
    assert refused.status_code == 403, "she shares nothing"
    await auditor.visit(f"{acme.issuer}/admin/audit?{FAILED}")
    assert "shared" not in auditor.page.text.partition("search-name")[2].partition("</form>")[0]  # type: ignore[union-attr]
    forged = await auditor.submit({"name": "For all", "shared": "1"}, to="/audit/searches")
    assert forged.status_code == 403
    await admin.visit(f"{acme.issuer}/admin/audit")
    page = await admin.submit({}, to=f"{search.id}/delete")
    assert "The search is removed." in page.text
    for event in (Event.AUDIT_SEARCH_SHARED, Event.AUDIT_SEARCH_REMOVED):
        [told] = await ledger.events(acme, event)
        assert told.details == {"name": "<b>Failed"}


@on_sqlite
async def test_ti_01_another_tenant_sees_and_removes_none(
    acme: Tenant, admin: Person, foreign_admin: Person, globex: Tenant, alice: User
) -> None:
    await save(admin, acme, FAILED, "Failed", shared="1")
    with use_tenant(acme):
        [search] = await saved_searches.seen_by(alice.id)
    await save(foreign_admin, globex, FAILED, "Of globex")
    page = foreign_admin.page
    assert page is not None
    assert set(saved(page)) == {"Of globex"}
    where = re.search(r'action="([^"]+/searches/)[0-9a-f-]+/delete"', page.text)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert where is not None
    assert token is not None
    there = f"{globex.issuer}{where[1].removeprefix(globex.prefix)}{search.id}/delete"
    gone = await foreign_admin.http.post(there, data={"csrf_token": token[1]})
    assert gone.status_code == 404
    with use_tenant(acme):
        assert await saved_searches.find(search.id)


@on_sqlite
async def test_nobody_has_more_than_fifty_and_nothing_is_saved_without_a_name(
    server: RunningServer, acme: Tenant, admin: Person, alice: User
) -> None:
    with use_tenant(acme):
        for number in range(MOST):
            await SavedSearchRow.create(
                user_id=alice.id, name=f"n{number}", query=FAILED, created_at=server.clock()
            )
    page = await save(admin, acme, FAILED, "One more")
    assert "you have fifty" in page.text
    await save(admin, acme, FAILED, "  ")
    page = await save(admin, acme, "result=failed", "n0")
    assert "is saved under its name" in page.text, "instead of the former one"
    with use_tenant(acme):
        assert len(await saved_searches.seen_by(alice.id)) == MOST


@on_sqlite
async def test_a_search_for_what_is_not_known_any_more_says_so(
    server: RunningServer, acme: Tenant, admin: Person, alice: User
) -> None:
    with use_tenant(acme):
        await SavedSearchRow.create(
            user_id=alice.id,
            name="Old",
            query="result=failed&type=NEVER_HEARD_OF",
            created_at=server.clock(),
        )
    page = await admin.visit(f"{acme.issuer}/admin/audit")
    assert saved(page) == {"Old": f"{acme.prefix}/admin/audit?result=failed"}
    assert "Says what is not known any more" in page.text


async def test_au_07_who_is_forgotten_is_looked_for_by_nobody(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    with use_tenant(acme):
        for name, query in (
            ("Somebody", "user=Mira"),
            ("By mail", "search=mira%40acme.example"),
            ("What mira does", FAILED),
            ("Admirable", "search=admirable"),
        ):
            await saved_searches.save(alice.id, name, query, shared=True, now=server.clock())
        assert await saved_searches.forget(("mira", "mira@acme.example")) == 3
        assert [each.name for each in await saved_searches.seen_by(alice.id)] == ["Admirable"]
