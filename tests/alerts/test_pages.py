"""The pages of alerts, and what can be done about one; the same by the API, for nobody else."""

import re
from collections.abc import Awaitable, Callable
from html import unescape
from urllib.parse import urljoin

from authgate.audit import Event
from authgate.storage.audit.alerts import AlertRow
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.exports import AuditExportRow
from authgate.storage.people.users import User, UserRow
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, blocks, use_tenant
from authgate_tenants.models import TenantRow
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

pytestmark = on_sqlite

Happen = Callable[..., Awaitable[None]]
Look = Callable[[Tenant], Awaitable[list[AlertRow]]]


async def test_an_alert_is_looked_after_and_closed_by_the_api_and_in_the_console(
    acme: Tenant,
    api: ApiClient,
    foreign_api: ApiClient,
    owner: Person,
    happen: Happen,
    look: Look,
) -> None:
    await happen(acme, Event.SUSPICIOUS_ACTIVITY, 0, client_id="console")
    [alert] = await look(acme)
    [told] = (await api.get("/alerts?state=open&rule=token-reused")).json()["items"]
    assert (told["id"], told["subject_id"]) == (str(alert.id), "console")
    for path in (f"/alerts/{alert.id}", f"/alerts/{alert.id}/close"):
        asked = foreign_api.post(path) if "close" in path else foreign_api.get(path)
        assert is_problem(await asked, 404, "not-found")
    assert (await foreign_api.get("/alerts")).json()["items"] == []
    assert (await api.post(f"/alerts/{alert.id}/acknowledge")).json()["state"] == "acknowledged"
    assert is_problem(await api.post(f"/alerts/{alert.id}/acknowledge"), 409, "conflict")
    page = await owner.visit(f"{acme.issuer}/admin/audit/alerts")
    assert "Looked after" in page.text
    assert "A used code or refresh token came back" in page.text
    answer = await owner.submit({}, to=f"{alert.id}/close")
    assert "Closed." in answer.text
    assert (await api.get(f"/alerts/{alert.id}")).json()["decided_by"] == "alice"
    with use_tenant(acme):
        kinds = ("ALERT_ACKNOWLEDGED", "ALERT_CLOSED")
        assert await AuditEvent.filter(event_type__in=kinds).count() == 2
    page = await owner.visit(f"{acme.issuer}/admin/audit/alerts?state=open")
    assert "Nothing deserves a look." in page.text


async def test_rules_are_chosen_in_a_form_and_what_cannot_be_is_said(
    acme: Tenant, api: ApiClient, owner: Person
) -> None:
    here = f"{acme.issuer}/admin/audit/alerts/rules"
    page = await owner.visit(here)
    typed = {
        name: unescape(value)
        for name, value in re.findall(r'name="([a-z-]+)" value="(\d+/[^"]+)"', page.text)
    }
    assert typed["failed-sign-ins-address"] == "30/10min"
    wrong = typed | {"failed-sign-ins-address": "many", "token-reused": "2/1h"}
    answer = await owner.submit(wrong, to="/rules")
    assert answer.status_code == 400
    assert "Of this rule only the time can be chosen." in answer.text
    form = next(each for each in forms(answer.text) if each.action.endswith("/rules"))
    del form.hidden["on-export-taken"]
    chosen = form.hidden | typed | {"failed-sign-ins-address": "5/1h"}
    answer = await owner.http.post(urljoin(here, form.action), data=chosen, follow_redirects=True)
    assert "Saved. It is in force." in answer.text
    with use_tenant(acme):
        row = await TenantRow.get(id=acme.id)
    expected = {"failed-sign-ins-address": "5/1h", "export-taken": "off"}
    assert row.settings["alert_rules"] == expected
    rules = {each["rule"]: each for each in (await api.get("/alert-rules")).json()["items"]}
    address = rules["failed-sign-ins-address"]
    assert (address["threshold"], address["window_minutes"], address["default"]) == (
        5,
        60,
        "30/10min",
    )
    assert not rules["export-taken"]["is_on"]
    for bad in ({"no-such-rule": "off"}, {"quota-reached": "5/1h"}, {"export-taken": "1/2d"}):
        tag = (await api.get("/settings")).headers["etag"]
        refused = await api.patch("/settings", {"settings": {"alert_rules": bad}}, if_match=tag)
        assert is_problem(refused, 422, "invalid"), bad


async def test_whom_an_event_is_about_is_shut_out_at_once_by_who_is_sure(
    server: RunningServer, acme: Tenant, owner: Person, carol: User
) -> None:
    here = f"{acme.issuer}/admin/audit/respond?user={carol.id}&address=198.51.100.9&client=console"
    page = await owner.visit(here)
    commands = [unescape(each) for each in re.findall(r"<code>(authgate [^<]+)</code>", page.text)]
    assert f"authgate user disable {carol.username} -t acme" in commands
    assert "authgate address-block create 198.51.100.9 -t acme" in commands
    unsure = await owner.submit({}, to="disable-user?" + here.partition("?")[2])
    assert unsure.status_code == 400
    assert "Tick that you are sure." in unsure.text
    acts = ("sign-out", "disable-user", "block-address", "rotate-keys", "export-window")
    known = {each.action.partition("?")[0].rpartition("/")[2]: each for each in forms(page.text)}

    async def sure(act: str) -> str:
        where = urljoin(here, known[act].action)
        answer = await owner.http.post(where, data=known[act].hidden | {"sure": "1"})
        assert answer.status_code == 303, act
        return urljoin(here, answer.headers["location"])

    for act in acts:
        assert "done=" in await sure(act), act
    page = await owner.visit(here)
    assert f"/users/{carol.id}" in page.text
    with use_tenant(acme):
        person = await UserRow.get(id=carol.id)
        assert person.status is UserStatus.DISABLED
        assert [each.network for each in await blocks.every()] == ["198.51.100.9"]
        assert await AuditExportRow.all().count() == 1
    # Who has signed in some time ago does so again first.
    server.clock.advance(1000)
    assert "done=" not in await sure("rotate-keys")
