"""What a rule has found becomes an alert: a row, an event of the log, and one mail for all that was
found at once.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import structlog

from authgate import audit, mail
from authgate.alerts import words
from authgate.alerts.rules import Chosen, Rule
from authgate.audit import SYSTEM, Event
from authgate.installation import Installation
from authgate.languages import Language, offered
from authgate.mail_addresses import BadAddress
from authgate.permissions import UserRole
from authgate.storage.audit import alerts
from authgate.storage.audit.alerts import Alert, Finding
from authgate.storage.audit.audit_erasures import LATE
from authgate.storage.people import locales, person_erasures, users
from authgate.storage.people.users import User
from authgate.telemetry import metrics
from authgate.vocabulary import MailPurpose, Severity
from authgate_tenants import current_tenant

_MOST_READERS = 20
"""People who are written to; the console shows it to all."""
_MOST_TOLD = 10
"""Alerts that a mail tells of; of more it says how many."""
_HERE = "/admin/audit/alerts"

_log = structlog.get_logger(__name__)


async def raise_all(
    parts: Installation, found: Sequence[Finding], rules: Mapping[Rule, Chosen]
) -> int:
    """Raise alerts of the current tenant, with the open unit of work; how many are new."""
    raised = []
    found = await _of_those_there(found, parts.clock())
    for finding in sorted(found, key=lambda each: each.at):
        how, now = rules[Rule(finding.rule)], parts.clock()
        alert = await alerts.add(finding, window=how.window, severity=how.severity, now=now)
        if alert is not None:
            await _note(alert)
            raised.append(alert)
    if raised:
        await _write(parts, raised)
    return len(raised)


async def _of_those_there(found: Sequence[Finding], now: datetime) -> Sequence[Finding]:
    """Without what is about people whom the log forgets: it would not forget what is said now."""
    ids = {each.subject_id: UUID(each.subject_id) for each in found if each.subject_type == "user"}
    over = await person_erasures.gone(ids.values(), before=now - LATE) if ids else set()
    return [each for each in found if ids.get(each.subject_id) not in over]


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
    if choice == "off" or not told:
        return
    is_critical = any(each.severity is Severity.CRITICAL for each in told)
    known = await words.names(told[:_MOST_TOLD])
    readers = _readers(await users.team())[:_MOST_READERS]
    read = await locales.of([each.id for each in readers])
    for person in readers:
        language = _language(read.get(person.id, ""))
        letter = mail.written(
            "security_alert",
            language=language,
            lines=[words.line(each, known) for each in told[:_MOST_TOLD]],
            more=max(0, len(told) - _MOST_TOLD),
            count=len(told),
            link=f"{current_tenant().issuer}{_HERE}",
        )
        # Whoever makes noise is not to keep away what is worse.
        with suppress(BadAddress, mail.TooManyMails):
            if not is_critical:
                await mail.refuse_flood(parts, person.email or "", MailPurpose.ALERT)
            await mail.post_owed(
                parts, letter, recipient=person.email or "", purpose=MailPurpose.ALERT
            )


def _language(tag: str) -> Language | None:
    among = offered(current_tenant().settings.languages)
    return next((each for each in among if each.tag == tag), None)


def _readers(team: Sequence[User]) -> Sequence[User]:
    """Those who are named, and those in charge where none of them can be written to."""
    named = current_tenant().settings.alert_recipients
    reached = [each for each in team if _is_reached(each)]
    wanted = [each for each in reached if each.username in named]
    return wanted or [each for each in reached if each.role in _IN_CHARGE]


def _is_reached(person: User) -> bool:
    has_address = bool(person.email) and person.email_verified
    return has_address and person.is_active and not person.is_guest


_IN_CHARGE = (UserRole.OWNER, UserRole.ADMIN)
