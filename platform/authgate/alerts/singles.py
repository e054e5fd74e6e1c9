"""Rules of which one event is enough."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from authgate.alerts.rules import Rule
from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.audit import looked_at
from authgate.storage.audit.alerts import Finding
from authgate.storage.audit.looked_at import Seen
from authgate.storage.people import users
from authgate_tenants import current_tenant

RULES: Final[Mapping[Event, Rule]] = {
    Event.USER_ROLE_CHANGED: Rule.NEW_ADMINISTRATOR,
    Event.USER_CREATED: Rule.NEW_ADMINISTRATOR,
    Event.SIGNING_KEY_REVOKED: Rule.SIGNING_KEY_REVOKED,
    Event.QUOTA_EXCEEDED: Rule.QUOTA_REACHED,
    Event.SUSPICIOUS_ACTIVITY: Rule.TOKEN_REUSED,
    Event.AUDIT_LOG_BROKEN: Rule.AUDIT_LOG_BROKEN,
    Event.AUDIT_LOG_VERIFIED: Rule.AUDIT_LOG_BROKEN,
}
"""By the event, the rule that looks at it."""

_IN_CHARGE = (UserRole.OWNER, UserRole.ADMIN)


async def found(event: Seen) -> Finding | None:
    """What its rule says of an event."""
    match RULES[Event(event.event_type)]:
        case Rule.NEW_ADMINISTRATOR:
            return await _new_administrator(event)
        case Rule.TOKEN_REUSED:
            return await _token_reused(event)
        case Rule.AUDIT_LOG_BROKEN as rule:
            # Also one that was checked, and is not as it was sealed.
            if event.success:
                return None
            return _finding(rule, event, ("tenant", str(current_tenant().id)))
        case Rule.SIGNING_KEY_REVOKED as rule:
            return _finding(rule, event, ("key", event.resource_id), by=_actor(event))
        case rule:
            return _finding(rule, event, (event.resource_type, event.resource_id))


async def _new_administrator(event: Seen) -> Finding | None:
    role, was = event.details.get("is"), event.details.get("was")
    if event.event_type == Event.USER_CREATED:
        role, was = event.details.get("role"), None
    if role not in _IN_CHARGE or (was in _IN_CHARGE and role != UserRole.OWNER):
        return None
    # The first one is news to nobody.
    others = await users.with_role(*_IN_CHARGE) - {UUID(event.resource_id)}
    if not others:
        return None
    return _finding(
        Rule.NEW_ADMINISTRATOR, event, ("user", event.resource_id), role=role, by=_actor(event)
    )


async def _token_reused(event: Seen) -> Finding:
    family = event.resource_id
    person = await looked_at.person_of(UUID(family)) if family else None
    subject = ("user", str(person)) if person else ("client", event.client_id)
    reason = str(event.details.get("reason", ""))
    return _finding(
        Rule.TOKEN_REUSED,
        event,
        subject,
        authorization=family,
        client_id=event.client_id,
        reason=reason,
    )


def _actor(event: Seen) -> str:
    return event.actor_id or event.actor_type


def _finding(rule: Rule, event: Seen, subject: tuple[str, str], **details: object) -> Finding:
    address = {"address": event.ip} if event.ip else {}
    return Finding(
        rule=rule,
        subject_type=subject[0],
        subject_id=subject[1],
        first_at=event.occurred_at,
        at=event.occurred_at,
        last_at=event.occurred_at,
        event_id=event.id,
        details={**address, **details},
    )
