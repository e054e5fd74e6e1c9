"""``/admin/audit/exports``: the log as a file, by a page without script and a link that ends."""

import csv
import hashlib
import io
from datetime import timedelta
from urllib.parse import urljoin

import httpx2

from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.people.users import User, UserRow
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, api_client
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.logged import ended
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

PATH = "/admin/audit/exports"


async def linked(person: Person, here: str) -> str:
    """The address of the file, which whoever may have it is led to."""
    await person.visit(here)
    answer = await person.submit({}, to="/link", follow=False)
    assert answer.status_code in (302, 303)
    return urljoin(here, answer.headers["Location"])


@on_sqlite
async def test_ex_09_ti_18_a_link_is_good_for_who_asked_for_it_for_a_quarter_of_an_hour(
    server: RunningServer, acme: Tenant, globex: Tenant, api: ApiClient, auditor: Person,
    carol: User, colleague: Person, stranger: Person, ledger: Ledger,
) -> None:  # fmt: skip
    here = f"{acme.issuer}{PATH}"
    page = await auditor.visit(here)
    assert page.status_code == 200, page.text
    page = await auditor.submit(
        {"format": "csv", "type": "", "severity": "", "outcome": ""}, to=PATH
    )
    assert "It is being written" in page.text
    [told] = (await api.get("/audit-exports")).json()["items"]
    told = await ended(api, told["id"])
    link = await linked(auditor, here)
    fetched = await auditor.http.get(link)
    assert fetched.status_code == 200
    assert fetched.headers["Content-Disposition"].startswith('attachment; filename="acme-audit-')
    assert int(fetched.headers["Content-Length"]) == len(fetched.content) == told["size"]
    assert hashlib.sha256(fetched.content).hexdigest() == told["sha256"]
    assert (fetched.headers["Cache-Control"], told["bom"]) == ("no-store", True)
    rows = list(csv.reader(io.StringIO(fetched.content.decode("utf-8-sig"), newline="")))
    assert len(rows) == told["rows"] + 1

    async def status(http: httpx2.AsyncClient, address: str) -> int:
        return (await http.get(address)).status_code

    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(role=UserRole.OWNER)
    assert await status(colleague.http, link) == 403
    with use_tenant(globex):
        await UserRow.all().update(role=UserRole.OWNER)
    assert await status(stranger.http, link.replace("/t/acme/", "/t/globex/")) == 404
    assert await status(auditor.http, link.partition("?")[0]) == 404
    assert await status(auditor.http, link[:-6]) == 404
    assert await status(server.http, link) in (302, 303, 401)
    server.clock.advance(15 * 60 + 1)
    assert await status(auditor.http, link) == 403
    assert await status(auditor.http, await linked(auditor, here)) == 200
    taken = await ledger.events(acme, Event.AUDIT_EXPORT_DOWNLOADED)
    assert [(each.actor_name, each.resource_id) for each in taken] == [("alice", told["id"])] * 2
    assert taken[0].details == {"format": "csv", "sha256": told["sha256"]}

    with use_tenant(acme):
        await UserRow.filter(username="alice").update(role=UserRole.CLIENT_MANAGER)
    assert await status(auditor.http, here) == 403
    assert await status(auditor.http, link) == 403


@on_sqlite
async def test_a_page_says_what_is_wrong_and_removes_what_is_there(
    server: RunningServer, acme: Tenant, auditor: Person
) -> None:
    here = f"{acme.issuer}{PATH}"
    await auditor.visit(here)
    wrong = {"format": "xls", "type": "X", "severity": "", "outcome": "", "since": "yesterday"}
    page = await auditor.submit(wrong | {"to": "9999-12-31"}, to=PATH)
    assert page.status_code == 400
    assert page.text.count("A day is written as") == 4
    said = {"format": "jsonl", "type": "LOGOUT", "severity": "INFO", "outcome": "failure"}
    page = await auditor.submit(
        said | {"since": "2026-01-01", "to": "2030-12-31", "search": "mira"}, to=PATH
    )
    assert "It is being written" in page.text
    assert "types: LOGOUT" in page.text
    api = await api_client(server, acme, Scope.AUDIT_READ.value)
    [told] = (await api.get("/audit-exports")).json()["items"]
    assert (await ended(api, told["id"]))["rows"] == 0
    assert told["chosen"]["to"] == "2031-01-01T00:00:00+00:00"
    answer = await auditor.http.get(await linked(auditor, here))
    assert (answer.status_code, answer.content) == (200, b"")
    await auditor.visit(here)
    assert "The file is gone" in (await auditor.submit({}, to="/delete")).text

    page = await auditor.visit(here)
    form = next(each for each in forms(page.text) if each.action.endswith(PATH))
    with use_tenant(acme):
        guest_until = server.clock() + timedelta(hours=1)
        await UserRow.filter(username="alice").update(guest_until=guest_until)
    refused = await auditor.http.post(urljoin(here, form.action), data=form.hidden | said)
    assert refused.status_code == 403
    assert "Write the file" not in (await auditor.visit(here)).text
