"""``/admin``: what the tenant comes to, beside the time before, and what needs attention."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import aiosqlite
import pytest

from authgate import audit
from authgate.admin.console.overview import PAGES
from authgate.audit import SYSTEM, Event
from authgate.permissions import UserRole
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.jobs import kept_jobs
from authgate.storage.metering import usage_days, usage_hours
from authgate.storage.metering.usage_days import ALL_CLIENTS, Count, Measure
from authgate.storage.people import account_deletions
from authgate.storage.people.users import User, UserRow
from authgate.storage.tenants.attention import Matter
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

STATEMENTS = 50
"""As many the page asks of the database at the most, whatever has happened."""


def figures(page: str) -> Mapping[str, str]:
    """What stands beside each figure, by its heading."""
    plain = re.sub(r"<svg.*?</svg>|</?(?:a|b|span|bdi|time)\b[^>]*>", "", page, flags=re.DOTALL)
    found = re.findall(r"<h2>(.*?)</h2>\s*<p>(.*?)</p>", plain, re.DOTALL)
    return {" ".join(name.split()): " ".join(said.split()) for name, said in found}


async def test_figures_are_told_beside_the_time_before_by_day_and_by_hour(
    server: RunningServer, acme: Tenant, globex: Tenant, admin: Person
) -> None:
    now = server.clock()
    hour = now.replace(minute=0, second=0, microsecond=0)
    for where, factor in ((acme, 1), (globex, 100)):
        with use_tenant(where):
            for days, total in ((0, 30), (8, 40)):
                day = now.date() - timedelta(days=days)
                for measure in (Measure.FAILURES, Measure.ACTIVE_USERS, Measure.NEW_CLIENTS):
                    counted = [Count(ALL_CLIENTS, day, "", total * 7 * factor)]
                    await usage_days.add(measure, counted)
            hours = {hour: 3 * factor, hour - timedelta(hours=25): 2 * factor}
            await usage_hours.add({Measure.FAILURES: hours}, now=now)
    here = f"{acme.issuer}/admin"
    page = (await admin.visit(here)).text
    told = figures(page)
    assert told["People a day"].startswith("30 25 % less than before")
    assert told["Failed sign-ins"] == "210 25 % less than before"
    assert told["New clients"].startswith("210 25 % less")
    assert told["Sign-ins"] == "1 none before", "hers, which was a moment ago"
    assert f"{now.date()}: 210 failed" in page
    assert "Counted until" in page
    page = (await admin.visit(f"{here}?span=24h")).text
    assert figures(page)["Failed sign-ins"] == "3 50 % more than before"
    assert f"{hour:%H:%M} UTC: 3 failed" in page
    assert figures((await admin.visit(f"{here}?span=nonsense")).text) == told


async def test_at_a_new_tenant_nothing_waits(acme: Tenant, admin: Person) -> None:
    page = (await admin.visit(f"{acme.issuer}/admin")).text
    assert "Nothing waits for you." in page
    assert "Nothing out of the ordinary has happened." in page
    assert "There are no clients yet." in page
    assert figures(page)["Access tokens"] == "0 none"


async def test_what_needs_attention_is_told_to_those_who_may_see_it(
    server: RunningServer, acme: Tenant, globex: Tenant, admin: Person, alice: User
) -> None:
    now = server.clock()
    with use_tenant(acme):
        for number in range(2):
            await kept_jobs.bury(
                "end-the-rest",
                {"client_id": str(number)},
                now=now,
                attempts=5,
                error="OSError",
                reason="",
            )
        await account_deletions.ask(alice.id, due_at=now + timedelta(days=7), now=now)
        await audit.record(Event.SIGNING_KEY_REVOKED, actor=SYSTEM, resource=("signing_key", "k1"))
    here = f"{acme.issuer}/admin"
    page = (await admin.visit(here)).text
    assert "Jobs were given up: 2" in page
    assert "People want to be deleted: 1" in page
    assert "SIGNING_KEY_REVOKED" in page
    await admin.visit(here)
    with use_tenant(acme):
        other = await AuditEvent.filter(event_type=Event.AUTHENTICATION_SUCCESS).get()
    # Whoever has seen what is on the overview has not listed the rest.
    assert (await admin.visit(f"{here}/audit/events/{other.id}")).status_code == 200
    with use_tenant(acme):
        looked = AuditEvent.filter(event_type=Event.AUDIT_LOG_VIEWED).order_by("id")
        told = [each.details["filter"] for each in await looked]
        assert told == [{"overview": True}, {"id": str(other.id)}]
        await UserRow.filter(id=alice.id).update(role=UserRole.CLIENT_MANAGER)
    page = (await admin.visit(here)).text
    assert "Jobs were given up" not in page
    assert "People want to be deleted" not in page
    assert "SIGNING_KEY_REVOKED" not in page
    assert "Nothing waits for you." in page


async def test_nothing_of_a_tenant_is_on_the_page_of_another(
    server: RunningServer, acme: Tenant, globex: Tenant, foreign_admin: Person
) -> None:
    with use_tenant(acme):
        await kept_jobs.bury("x", {}, now=server.clock(), attempts=5, error="OSError", reason="")
        await audit.record(Event.SIGNING_KEY_REVOKED, actor=SYSTEM, resource=("signing_key", "k1"))
    page = (await foreign_admin.visit(f"{globex.issuer}/admin")).text
    assert "Nothing waits for you." in page
    assert "SIGNING_KEY_REVOKED" not in page
    assert (await foreign_admin.visit(f"{acme.issuer}/admin")).url.path.endswith("/login")


def test_every_matter_leads_to_a_page() -> None:
    named_one_by_one = {"clients_waiting", "clients_unseen", "secrets_ending"}
    assert set(Matter) - set(PAGES) == named_one_by_one


@on_sqlite
async def test_the_page_asks_a_limited_number_of_statements(
    server: RunningServer, acme: Tenant, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    with use_tenant(acme):
        for _ in range(50):
            await audit.record(
                Event.AUTHENTICATION_FAILURE, actor=SYSTEM, resource=("user", "x"), success=False
            )
    await admin.visit(f"{acme.issuer}/admin")
    asked = list[str]()
    for name in ("execute", "execute_fetchall", "execute_insert", "executemany"):
        ask = getattr(aiosqlite.Connection, name)

        def noted(line: Any, sql: str, *values: Any, ask: Any = ask) -> Any:
            asked.append(sql)
            return ask(line, sql, *values)

        monkeypatch.setattr(aiosqlite.Connection, name, noted)
    await admin.visit(f"{acme.issuer}/admin")
    assert 10 < len(asked) <= STATEMENTS, asked
