"""``/admin/audit/verification``: whether a log is whole, for whoever may read it."""

import pytest

from authgate import background
from authgate.jobs import Result, VerifyAudit, port
from authgate.sealing.sealer import Sealer
from authgate.storage.audit.audit_events import AuditEvent
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

pytestmark = on_sqlite


async def test_a_log_is_checked_by_a_click_and_what_is_wrong_leads_to_its_event_here_alone(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    admin: Person,
    foreign_admin: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def left(*_job: object, **_more: object) -> None:
        """As where the queue is full: the job is done when the test says so."""

    monkeypatch.setattr(port, "hint", left)
    here, there = (f"{each.issuer}/admin/audit/verification" for each in (acme, globex))
    nobody = "Nobody has asked for that yet."

    async def checked() -> str:
        await admin.submit({}, to="/verification")
        performer = background.performer(server.parts)
        assert await performer.perform(VerifyAudit(), tenant_id=None) is Result.DONE
        return (await admin.visit(here)).text

    assert nobody in (await admin.visit(here)).text
    assert nobody in await checked(), "nothing is sealed yet"
    with use_tenant(acme):
        assert await Sealer(server.parts).step()
    page = await checked()
    assert ("As it was sealed" in page, "Not as it was sealed" in page) == (True, False)
    with use_tenant(acme):
        changed = await AuditEvent.get(seq=1)
        await AuditEvent.filter(id=changed.id).update(success=not changed.success)
    page = await checked()
    assert "Not as it was sealed" in page
    assert f'/admin/audit/events/{changed.id}"' in page
    foreign = (await foreign_admin.visit(there)).text
    assert nobody in foreign
    assert str(changed.id) not in foreign
    assert (await foreign_admin.visit(here)).text.count(str(changed.id)) == 0
