"""What a rule has found becomes an alert: a row, an event of the log, and one mail for all that was
found at once.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog
from uuid_utils.compat import uuid7

from authgate import audit, mail, mail_addresses
from authgate.alerts import bounding, words
from authgate.alerts.rules import Chosen, Rule
from authgate.audit import SYSTEM, Event
from authgate.installation import Installation
from authgate.languages import Language, offered
from authgate.mail_addresses import BadAddress
from authgate.permissions import UserRole
from authgate.storage.audit import alerts
from authgate.storage.audit.alerts import Alert, Finding
from authgate.storage.people import locales, users
from authgate.storage.people.users import User
from authgate.telemetry import metrics
from authgate.vocabulary import MailPurpose, Severity
from authgate_tenants import current_tenant

_MOST_READERS = 20
"""People who are written to; the console shows it to all."""
_MOST_TOLD = 10
"""Alerts that a mail tells of; of more it says how many."""
MOST_LETTERS = 3
"""Letters that tell of one rule within an hour; what comes besides is in the next one."""
_WHILE = timedelta(hours=1)
_HELD = timedelta(days=1)
"""What waits for longer to be told is told by the console alone."""
_HERE = "/admin/audit/alerts"

_log = structlog.get_logger(__name__)


async def raise_all(
    parts: Installation, found: Sequence[Finding], rules: Mapping[Rule, Chosen]
) -> int:
    """Raise alerts of the current tenant, with the open unit of work; how many are new."""
    raised, now = [], parts.clock()
    for finding in await bounding.bounded(found, rules, now=now):
        how = rules[Rule(finding.rule)]
        alert = await alerts.add(finding, window=how.window, severity=how.severity, now=now)
        if alert is not None:
            await _note(alert)
            raised.append(alert)
    if raised:
        await _write(parts, raised)
    return len(raised)


async def _note(alert: Alert) -> None:
    metrics.security_alerts.add(alert.rule)
    _log.warning("security alert", tenant=current_tenant().slug, rule=alert.rule)
    is_of_person = alert.subject_type == "user"
    subject = {"subject_type": alert.subject_type, "subject_id": alert.subject_id}
    await audit.record(
        Event.SECURITY_ALERT,
        actor=SYSTEM,
        success=False,
        client_id=str(alert.details.get("client_id", "")),
        resource=("user", alert.subject_id) if is_of_person else ("alert", str(alert.id)),
        details={
            "alert": str(alert.id),
            "rule": alert.rule,
            "severity": alert.severity,
            "events": alert.events,
            "since": alert.first_at.isoformat(),
            "event": str(alert.event_id or ""),
            **subject,
            **alert.details,
        },
    )


async def _write(parts: Installation, raised: Sequence[Alert]) -> None:
    """Leave a letter for each of those who want it."""
    choice = current_tenant().settings.alert_mail
    told = [each for each in raised if choice == "all" or each.severity is Severity.CRITICAL]
    readers = _readers(await users.team()) if told and choice != "off" else []
    if not readers:
        return
    now = parts.clock()
    # Each rule by itself: whoever makes noise is not to keep away what is as bad, or worse.
    full = {
        rule
        for rule in {each.rule for each in told}
        if await alerts.letters(rule, since=now - _WHILE) >= MOST_LETTERS
    }
    await alerts.hold_back([each.id for each in told if each.rule in full])
    shown = [each for each in told if each.rule not in full]
    if not shown:
        return
    shown.sort(key=lambda each: each.severity is not Severity.CRITICAL)
    held, number = await alerts.held_back(since=now - _HELD, limit=_MOST_TOLD)
    letter_id = uuid7()
    await alerts.told([each.id for each in shown], letter_id, since=now - _HELD, now=now)
    count = len(shown) + number
    await _post(parts, readers, [*shown, *held][:_MOST_TOLD], count=count, held=number)


async def _post(
    parts: Installation,
    readers: Sequence[User],
    shown: Sequence[Alert],
    *,
    count: int,
    held: int,
) -> None:
    known = await words.names(shown)
    read = await locales.of([each.id for each in readers])
    for person in readers:
        letter = mail.written(
            "security_alert",
            language=_language(read.get(person.id, "")),
            lines=[words.line(each, known) for each in shown],
            more=count - len(shown),
            held=held,
            count=count,
            link=f"{current_tenant().issuer}{_HERE}",
        )
        with suppress(BadAddress):
            await mail.post_owed(
                parts, letter, recipient=person.email or "", purpose=MailPurpose.ALERT
            )


def _language(tag: str) -> Language | None:
    among = offered(current_tenant().settings.languages)
    return next((each for each in among if each.tag == tag), None)


def _readers(team: Sequence[User]) -> Sequence[User]:
    """Those who are named, and those in charge where none of them can be written to; of whom share
    a mailbox one."""
    named = current_tenant().settings.alert_recipients
    reached = [each for each in team if _is_reached(each)]
    wanted = [each for each in reached if each.username in named]
    among = wanted or [each for each in reached if each.role in _IN_CHARGE]
    by_mailbox = {mail_addresses.mailbox(each.email or ""): each for each in reversed(among)}
    return list(reversed(by_mailbox.values()))[:_MOST_READERS]


def _is_reached(person: User) -> bool:
    has_address = bool(person.email) and person.email_verified
    return has_address and person.is_active and not person.is_guest


_IN_CHARGE = (UserRole.OWNER, UserRole.ADMIN)
