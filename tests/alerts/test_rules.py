"""Rules look at what has come into the log, and tell once of what deserves a look."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from authgate import audit, background
from authgate.alerts.looking import Lookout
from authgate.audit import SYSTEM, Event
from authgate.jobs import RaiseAlerts, Result
from authgate.permissions import UserRole
from authgate.provisioning import roles
from authgate.sealing.sealer import Sealer
from authgate.storage.audit.alerts import AlertRow
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.audit_logs import AuditLogRow
from authgate.storage.mail.mails import Mail
from authgate.storage.people.users import User
from authgate.vocabulary import MailPurpose
from authgate_tenants import Tenant, use_tenant
from authgate_testing import tenants
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

Happen = Callable[..., Awaitable[None]]
Look = Callable[[Tenant], Awaitable[list[AlertRow]]]

FAILED = Event.AUTHENTICATION_FAILURE


def shown(rows: list[AlertRow]) -> list[tuple[str, str, str, int]]:
    return [(each.rule, each.subject_type, each.subject_id, each.events) for each in rows]


async def mails(tenant: Tenant) -> int:
    with use_tenant(tenant):
        return await Mail.filter(purpose=MailPurpose.ALERT).count()


async def test_lg_03_many_failures_of_an_account_an_address_and_in_all_are_told_once_each(
    server: RunningServer, acme: Tenant, globex: Tenant, alice: User, happen: Happen, look: Look
) -> None:
    alerts = {
        "failed-sign-ins-account": "5/10min",
        "failed-sign-ins-address": "8/10min",
        "failed-sign-ins": "12/10min",
    }
    await tenants.choose(server, acme, alert_rules=alerts)
    her = audit.Actor("anonymous", str(alice.id), alice.username)
    await happen(acme, FAILED, 40, 30, 20, 19, 9.9, 9, actor=her, ip="198.51.100.1")
    assert await look(acme) == []
    # Of hers there are four more within ten minutes, from an address from which eight come.
    await happen(acme, FAILED, 6, 5, 4, 3, actor=her)
    await happen(acme, FAILED, 2, 2, 2, 2)
    found = shown(await look(acme))
    assert sorted(found) == [
        ("failed-sign-ins-account", "user", str(alice.id), 6),
        ("failed-sign-ins-address", "address", "203.0.113.7", 8),
    ]
    # It goes on: the same alerts count it in, and one tells of all together.
    await happen(acme, FAILED, 1, 1, 0)
    assert sorted(shown(await look(acme))) == [
        ("failed-sign-ins", "tenant", str(acme.id), 13),
        ("failed-sign-ins-account", "user", str(alice.id), 6),
        ("failed-sign-ins-address", "address", "203.0.113.7", 11),
    ]
    with use_tenant(acme):
        events = await AuditEvent.filter(event_type="SECURITY_ALERT").order_by("id")
    assert {each.details["rule"] for each in events} == set(alerts)
    assert len(events) == 3
    assert {each.resource_id for each in events if each.resource_type == "user"} == {str(alice.id)}
    assert await look(globex) == []


@on_sqlite
async def test_an_alert_is_told_again_when_its_window_is_over_and_not_before(
    server: RunningServer, acme: Tenant, owner: Person, happen: Happen, look: Look
) -> None:
    await tenants.choose(server, acme, alert_rules={"failed-sign-ins-address": "3/10min"})
    await happen(acme, FAILED, 0, 0, 0)
    await look(acme)
    for _ in range(3):
        server.clock.advance(150)
        await happen(acme, FAILED, 0)
        assert len(await look(acme)) == 1
    assert await mails(acme) == 1
    # It goes on, and would be another one by itself by now.
    server.clock.advance(151)
    await happen(acme, FAILED, 0)
    assert [each.events for each in await look(acme)] == [6, 4]
    assert await mails(acme) == 2
    await happen(acme, FAILED, 0, 0)
    assert [each.events for each in await look(acme)] == [6, 6]
    assert await mails(acme) == 2


@on_sqlite
async def test_two_who_look_at_the_same_raise_it_once_and_who_is_killed_raises_nothing(
    server: RunningServer,
    acme: Tenant,
    happen: Happen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await happen(acme, Event.SIGNING_KEY_REVOKED, 0, resource=("signing_key", "k1"), success=True)
    with use_tenant(acme):
        await Sealer(server.parts).seal()
        before = [each.alerted_seq for each in await AuditLogRow.all()]

        async def killed(*_: object, **__: object) -> int:
            raise asyncio.CancelledError

        with monkeypatch.context() as patched:
            patched.setattr("authgate.alerts.raising._write", killed)
            with pytest.raises(asyncio.CancelledError):
                await Lookout(server.parts).look()
        assert await AlertRow.all().count() == 0
        assert [each.alerted_seq for each in await AuditLogRow.all()] == before
        raised = await asyncio.gather(*(Lookout(server.parts).look() for _ in range(3)))
        assert sum(raised) == 1
        assert [each.rule for each in await AlertRow.all()] == ["signing-key-revoked"]


@on_sqlite
async def test_a_new_administrator_is_told_but_not_the_first_one(
    acme: Tenant, alice: User, carol: User, look: Look
) -> None:
    with use_tenant(acme):
        await roles.change_role(alice.id, UserRole.OWNER)
    # The log was not looked at while nobody else was in charge: that is what counts by now.
    assert await look(acme) == []
    with use_tenant(acme):
        await roles.change_role(carol.id, UserRole.AUDITOR)
        await roles.change_role(carol.id, UserRole.ADMIN)
    [alert] = await look(acme)
    assert (alert.rule, alert.subject_id) == ("new-administrator", str(carol.id))
    assert alert.details["role"] == "admin"


@on_sqlite
async def test_each_of_the_other_events_raises_its_alert(
    server: RunningServer, acme: Tenant, happen: Happen, look: Look
) -> None:
    rules = {"limit-reached": "3/1h", "export-taken": "2/1h"}
    await tenants.choose(server, acme, alert_rules=rules)
    await happen(acme, Event.QUOTA_EXCEEDED, 9, resource=("quota", "users"))
    for is_whole in (False, True):
        checked = {"resource": ("audit_log", "1"), "success": is_whole}
        await happen(acme, Event.AUDIT_LOG_VERIFIED, 8, **checked)
    reused = {"resource": ("authorization", str(uuid4())), "client_id": "console"}
    await happen(acme, Event.SUSPICIOUS_ACTIVITY, 7, details={"reason": "a code"}, **reused)
    await happen(acme, Event.RATE_LIMIT_EXCEEDED, 6, 5, 4, resource=("limit", "token_per_ip"))
    taker = audit.user(uuid4(), "mira")
    await happen(acme, Event.TENANT_EXPORTED, 3, actor=taker, success=True)
    await happen(acme, Event.AUDIT_EXPORT_DOWNLOADED, 2, actor=taker, success=True)
    assert shown(await look(acme)) == [
        ("quota-reached", "quota", "users", 1),
        ("audit-log-broken", "tenant", str(acme.id), 1),
        ("token-reused", "client", "console", 1),
        ("limit-reached", "limit", "token_per_ip", 3),
        # Whoever is not there any more is not named.
        ("export-taken", "tenant", str(acme.id), 2),
    ]


@on_sqlite
async def test_a_rule_that_is_off_says_nothing_and_nobody_is_told_of_old_times(
    server: RunningServer, acme: Tenant, happen: Happen, look: Look
) -> None:
    off = {"signing-key-revoked": "off"}
    await tenants.choose(server, acme, alert_rules=off)
    await happen(acme, Event.SIGNING_KEY_REVOKED, 0, resource=("signing_key", "k1"))
    await happen(acme, Event.QUOTA_EXCEEDED, 4 * 24 * 60, resource=("quota", "users"))
    assert await look(acme) == []


async def test_a_log_that_is_not_sealed_is_told(server: RunningServer, acme: Tenant) -> None:
    performer = background.performer(server.parts)
    for seconds, there in ((0, 0), (300, 0), (320, 1), (200, 1)):
        server.clock.advance(seconds)
        assert await performer.perform(RaiseAlerts(), tenant_id=None) is Result.DONE
        with use_tenant(acme):
            rows = await AlertRow.filter(rule="audit-log-unsealed")
        assert len(rows) == there, seconds


@on_sqlite
async def test_those_who_want_it_are_written_to_and_nobody_else(
    server: RunningServer, acme: Tenant, owner: Person, alice: User, happen: Happen, look: Look
) -> None:
    wanted: tuple[tuple[dict[str, object], int], ...] = (
        ({"alert_mail": "off"}, 0),
        ({"alert_mail": "critical"}, 0),
        ({"alert_mail": "all", "alert_recipients": ["nobody"]}, 1),
        ({"alert_recipients": [alice.username]}, 2),
        ({"alert_recipients": []}, 3),
    )
    for number, (choice, sent) in enumerate(wanted):
        await tenants.choose(server, acme, **choice)
        await happen(acme, Event.QUOTA_EXCEEDED, 0, resource=("quota", f"q{number}"))
        await look(acme)
        assert await mails(acme) == sent, choice
    # Of each rule people are written to three times an hour.
    for number in range(3):
        await happen(acme, Event.QUOTA_EXCEEDED, 0, resource=("quota", f"more{number}"))
        await look(acme)
    assert await mails(acme) == 3
    await happen(acme, Event.AUDIT_LOG_BROKEN, 0)
    assert len(await look(acme)) == len(wanted) + 4
    assert await mails(acme) == 4
    server.clock.advance(timedelta(hours=2).total_seconds())
    await happen(acme, Event.QUOTA_EXCEEDED, 0, actor=SYSTEM, resource=("quota", "later"))
    await look(acme)
    assert await mails(acme) == 5
