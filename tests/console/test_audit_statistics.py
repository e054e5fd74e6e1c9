"""``/admin/audit/statistics``: how much of what has happened, with the way to each of it."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urljoin
from uuid import UUID

from authgate import audit
from authgate.audit import SYSTEM, Event
from authgate.storage.audit import audit_events
from authgate.storage.audit.audit_events import AuditEvent
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer


@on_sqlite
async def test_each_figure_leads_to_the_events_that_it_counts(
    server: RunningServer, acme: Tenant, globex: Tenant, admin: Person
) -> None:
    for where, times in ((acme, 3), (globex, 40)):
        with use_tenant(where):
            for _ in range(times):
                await audit.record(
                    Event.LOGIN_DENIED, actor=SYSTEM, resource=("user", "x"), success=False
                )
    here = f"{acme.issuer}/admin/audit/statistics"
    page = (await admin.visit(here)).text
    day = server.clock().date()
    assert re.search(rf"<title>{day}: 3 failed</title>", page)
    line = re.search(
        r'<a href="([^"]+)"><code>LOGIN_DENIED</code></a></td>\s*<td[^>]*>3</td>\s*'
        r'<td[^>]*><a href="([^"]+)">3</a>',
        page,
    )
    assert line is not None
    for link in line.groups():
        found = (await admin.visit(urljoin(here, unescape(link)))).text
        assert found.count("<code>LOGIN_DENIED</code>") == 3
        assert "AUTHENTICATION_SUCCESS" not in found
    [all_failed] = re.findall(r'<a href="([^"]+)">Failed</a>', page)
    assert "result=failed" in all_failed
    by_hour = (await admin.visit(f"{here}?span=24h")).text
    assert f"{server.clock():%H}:00 UTC: 3 failed" in by_hour
    with use_tenant(acme):
        looked = await AuditEvent.filter(event_type=Event.AUDIT_LOG_VIEWED)
    assert {"statistics": True} in [each.details["filter"] for each in looked]


@on_sqlite
async def test_figures_of_a_day_lead_to_no_event_before_it_and_names_to_nobody_else(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    now = server.clock()
    with use_tenant(acme):
        for number, (name, hours) in enumerate((("ann", 30), ("ann", 1), ("ann-marie", 1))):
            who = audit.user(UUID(int=len(name)), name)
            made = audit.event(Event.LOGIN_DENIED, actor=who, success=False)
            at = now - timedelta(hours=hours, seconds=number)
            await audit_events.append(made._replace(occurred_at=at))
    here = f"{acme.issuer}/admin/audit/statistics?span=24h"
    page = (await admin.visit(here)).text

    async def found(link: str) -> int:
        [url] = re.findall(link, page)
        return (await admin.visit(urljoin(here, unescape(url)))).text.count("LOGIN_DENIED</code>")

    assert await found(r'<a href="([^"]+)"><code>LOGIN_DENIED</code>') == 2
    for name in ("ann", "ann-marie"):
        assert await found(rf'<a href="([^"]+)">(?:<bdi>)?{name}</') == 1
    url = f"{acme.issuer}/admin/audit"
    for wrong in ("x", "2026-03-02T09:00", "0001-01-01T00:00%2B01:00"):
        assert (await admin.visit(f"{url}?from={wrong}")).text.count("LOGIN_DENIED</code>") == 3
