"""Whatever a stranger has the log say, others are told of what is as bad."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from tortoise import connections

from authgate import audit, background, storage
from authgate.alerts import deciding, raising
from authgate.alerts.looking import Lookout
from authgate.alerts.rules import DEFAULTS
from authgate.audit import SYSTEM, Event
from authgate.jobs import RaiseAlerts, Result, SealAudit
from authgate.permissions import UserRole
from authgate.provisioning import roles
from authgate.sealing.sealer import Sealer
from authgate.storage.audit import audit_events
from authgate.storage.audit.alerts import AlertRow, Finding
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.mail.mails import Mail
from authgate.storage.people.users import User
from authgate.vocabulary import AlertState, MailPurpose
from authgate_tenants import Tenant, use_tenant
from authgate_testing import tenants
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

Happen = Callable[..., Awaitable[None]]
Look = Callable[[Tenant], Awaitable[list[AlertRow]]]

REUSED = Event.SUSPICIOUS_ACTIVITY


async def mails(tenant: Tenant) -> int:
    with use_tenant(tenant):
        return await Mail.filter(purpose=MailPurpose.ALERT).count()


async def changes_role(tenant: Tenant, user: User, role: UserRole) -> None:
    with use_tenant(tenant):
        await roles.change_role(user.id, role)


@on_postgres
async def test_an_event_that_is_too_long_or_no_id_of_ours_keeps_nothing_from_being_told(
    acme: Tenant, alice: User, carol: User, happen: Happen, look: Look
) -> None:
    await changes_role(acme, alice, UserRole.OWNER)
    assert await look(acme) == []
    long = f"https://{'client' * 50}"[:255]
    await happen(acme, REUSED, 3, client_id=long, resource=("authorization", "of another"))
    named = {"resource": ("user", "of another"), "details": {"is": "admin"}}
    await happen(acme, Event.USER_ROLE_CHANGED, 2, **named)
    await happen(acme, Event.QUOTA_EXCEEDED, 1, resource=("q" * 32, "q" * 128))
    await changes_role(acme, carol, UserRole.ADMIN)
    assert [(each.rule, each.subject_id) for each in await look(acme)] == [
        ("token-reused", long),
        ("quota-reached", "q" * 128),
        ("new-administrator", str(carol.id)),
    ]


@on_postgres
async def test_many_of_a_rule_are_in_few_letters_and_keep_no_other_rule_from_being_written_of(
    server: RunningServer,
    acme: Tenant,
    owner: Person,
    carol: User,
    happen: Happen,
    look: Look,
) -> None:
    await tenants.choose(server, acme, alert_mail="all")
    for number in range(6):
        await happen(acme, REUSED, 0, client_id=f"https://{number}.example")
        await look(acme)
    assert await mails(acme) == raising.MOST_LETTERS
    with use_tenant(acme):
        assert await AlertRow.filter(held_back=True).count() == 3
    await changes_role(acme, carol, UserRole.OWNER)
    await look(acme)
    # She is written to herself by now.
    assert await mails(acme) == raising.MOST_LETTERS + 2
    with use_tenant(acme):
        assert await AlertRow.filter(held_back=True).count() == 0
        assert await AlertRow.filter(told_at=None).count() == 0


@on_postgres
async def test_what_comes_after_somebody_was_done_with_an_alert_opens_it_again(
    server: RunningServer, acme: Tenant, owner: Person, happen: Happen, look: Look
) -> None:
    await happen(acme, REUSED, 0, client_id="console")
    [alert] = await look(acme)
    with use_tenant(acme):
        await deciding.close(server.parts, alert.id, actor=SYSTEM)
    # It happened before, and is in the log only now.
    await happen(acme, REUSED, 1, client_id="console")
    [alert] = await look(acme)
    assert (alert.state, alert.events, await mails(acme)) == (AlertState.CLOSED, 2, 1)
    await happen(acme, REUSED, 0, client_id="console")
    [alert] = await look(acme)
    assert (alert.state, alert.events, await mails(acme)) == (AlertState.OPEN, 3, 2)
    assert (alert.decided_by, alert.decided_at) == ("", None)
    with use_tenant(acme):
        assert await AuditEvent.filter(event_type="SECURITY_ALERT").count() == 2


@on_sqlite
async def test_a_log_that_waits_since_all_stood_still_or_with_old_events_is_not_told(
    server: RunningServer, acme: Tenant, happen: Happen
) -> None:
    async def told(seconds: float) -> int:
        server.clock.advance(seconds)
        assert await performer.perform(RaiseAlerts(), tenant_id=None) is Result.DONE
        with use_tenant(acme):
            return await AlertRow.filter(rule="audit-log-unsealed").count()

    performer = background.performer(server.parts)
    assert await told(3600) == 0
    with use_tenant(acme):
        await Sealer(server.parts).seal()
        await AuditEvent.filter(seq=None).delete()
    await happen(acme, Event.QUOTA_EXCEEDED, 90 * 24 * 60)
    assert [await told(70) for _ in range(3)] == [0, 0, 0]


@on_sqlite
async def test_what_goes_wrong_with_a_log_that_waits_keeps_nobody_else_from_being_told(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    happen: Happen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fails(_: Lookout) -> int:
        raise OSError

    performer = background.performer(server.parts)
    monkeypatch.setattr(Lookout, "look_at_seal", fails)
    for outcome, there in ((Result.DONE, 1), (Result.FAILED, 2)):
        server.clock.advance(120)
        await happen(globex, REUSED, 0, client_id=f"c{there}")
        with use_tenant(globex):
            await Sealer(server.parts).seal()
        assert await performer.perform(RaiseAlerts(), tenant_id=None) is outcome
        with use_tenant(globex):
            assert await AlertRow.all().count() == there


@on_postgres
async def test_who_raises_the_same_at_once_counts_it_in(
    server: RunningServer, acme: Tenant
) -> None:
    now = server.clock()
    finding = Finding(
        rule="audit-log-unsealed",
        subject_type="tenant",
        subject_id=str(acme.id),
        first_at=now,
        at=now,
        last_at=now,
        details={},
    )

    async def raises() -> int:
        async with storage.transaction():
            return await raising.raise_all(server.parts, [finding], DEFAULTS)

    with use_tenant(acme):
        assert sorted(await asyncio.gather(*(raises() for _ in range(3)))) == [0, 0, 1]
        assert await AlertRow.all().count() == 1


@on_sqlite
async def test_however_much_is_found_at_once_little_is_asked_and_nothing_is_lost(
    server: RunningServer, acme: Tenant, look: Look, caplog: pytest.LogCaptureFixture
) -> None:
    with use_tenant(acme):
        many = [
            audit.event(REUSED, success=False, client_id=f"c{number % 120}", actor=SYSTEM)
            for number in range(600)
        ]
        await audit_events.append(*many)
        while await Sealer(server.parts).seal():
            pass
        with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
            raised = await Lookout(server.parts).look()
        asked = [each for each in caplog.records if each.name == "tortoise.db_client"]
        assert 0 < len(asked) < 700
        rows = await AlertRow.all()
    assert raised == len(rows) == 101
    assert sum(each.events for each in rows) == 600
    assert [each.events for each in rows if each.subject_type == "tenant"] == [100]


@on_sqlite
async def test_after_many_of_a_day_the_rest_is_one(
    acme: Tenant, happen: Happen, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authgate.alerts.bounding.MOST_A_DAY", 2)
    for number in range(4):
        await happen(acme, REUSED, 0, client_id=f"c{number}")
        await look(acme)
    found = [(each.subject_type, each.events) for each in await look(acme)]
    assert found == [("client", 1), ("client", 1), ("tenant", 2)]


@on_sqlite
async def test_nothing_is_told_of_who_is_not_there(
    server: RunningServer, acme: Tenant, happen: Happen, look: Look
) -> None:
    gone = audit.user(uuid4(), "gone")
    await tenants.choose(server, acme, alert_rules={"failed-sign-ins-account": "2/10min"})
    await happen(acme, Event.AUTHENTICATION_FAILURE, 1, 0, actor=gone)
    assert await look(acme) == []


@on_sqlite
async def test_failures_from_one_network_of_ipv6_are_of_one_address(
    acme: Tenant, happen: Happen, look: Look
) -> None:
    for number in range(30):
        await happen(acme, Event.AUTHENTICATION_FAILURE, 0, ip=f"2001:db8::{number:x}")
    [alert] = await look(acme)
    assert (alert.subject_id, alert.events) == ("2001:db8::/64", 30)


@on_sqlite
async def test_without_the_file_of_places_that_is_named_jobs_are_done_nevertheless(
    server: RunningServer, acme: Tenant, tmp_path: Path
) -> None:
    nowhere = {"geoip_file": tmp_path / "nowhere.mmdb"}
    settings = server.parts.settings.model_copy(update=nowhere)
    performer = background.performer(replace(server.parts, settings=settings))
    for job in (SealAudit(), RaiseAlerts()):
        assert await performer.perform(job, tenant_id=None) is Result.DONE
    with use_tenant(acme):
        assert await AuditEvent.filter(seq=None).count() == 0


@on_sqlite
async def test_the_alerts_of_a_rule_are_found_by_an_index(server: RunningServer) -> None:
    asked = "SELECT id FROM alerts WHERE tenant_id = '' AND rule = '' AND at > ''"
    plan = str(await connections.get("default").execute_query_dict(f"EXPLAIN QUERY PLAN {asked}"))
    assert "(tenant_id=? AND rule=? AND at>?)" in plan


@on_postgres
async def test_a_client_that_nobody_can_have_is_not_there(acme: Tenant, owner: Person) -> None:
    page = await owner.visit(f"{acme.issuer}/admin/audit/respond?client=%00nobody&user=%00")
    assert page.status_code == 200
    assert "Somebody was named whom there is not" in page.text
