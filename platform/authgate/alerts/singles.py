"""Rules of which one event is enough."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from authgate.alerts.rules import Rule
from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.audit import looked_at
from authgate.storage.audit.alerts import Finding
from authgate.storage.audit.looked_at import Seen
from authgate.storage.people import users
from authgate.web import row_ids
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


class Known(NamedTuple):
    """What is known besides of what some events tell of."""

    in_charge: Collection[UUID] = frozenset()
    """Whoever is administrator or owner by now."""
    people: Mapping[UUID, UUID] = {}
    """By the family of tokens, whose it is."""


async def known(events: Sequence[Seen]) -> Known:
    """Read it, for all of them at once."""
    kinds = {RULES.get(Event(each.event_type)) for each in events}
    named = [
        row_ids.find(each.resource_id)
        for each in events
        if each.event_type == Event.SUSPICIOUS_ACTIVITY
    ]
    families = {each for each in named if each is not None}
    return Known(
        await users.with_role(*_IN_CHARGE) if Rule.NEW_ADMINISTRATOR in kinds else frozenset(),
        await looked_at.people_of(families) if families else {},
    )


def found(event: Seen, known: Known) -> Finding | None:
    """What its rule says of an event."""
    match RULES[Event(event.event_type)]:
        case Rule.NEW_ADMINISTRATOR:
            return _new_administrator(event, known)
        case Rule.TOKEN_REUSED:
            return _token_reused(event, known)
        case Rule.AUDIT_LOG_BROKEN as rule:
            # Also one that was checked, and is not as it was sealed.
            if event.success:
                return None
            return _finding(rule, event, ("tenant", str(current_tenant().id)))
        case Rule.SIGNING_KEY_REVOKED as rule:
            return _finding(rule, event, ("key", event.resource_id), by=_actor(event))
        case rule:
            return _finding(rule, event, (event.resource_type, event.resource_id))


def _new_administrator(event: Seen, known: Known) -> Finding | None:
    role, was = event.details.get("is"), event.details.get("was")
    if event.event_type == Event.USER_CREATED:
        role, was = event.details.get("role"), None
    if role not in _IN_CHARGE or (was in _IN_CHARGE and role != UserRole.OWNER):
        return None
    # The first one is news to nobody.
    if not set(known.in_charge) - {row_ids.find(event.resource_id)}:
        return None
    return _finding(
        Rule.NEW_ADMINISTRATOR, event, ("user", event.resource_id), role=role, by=_actor(event)
    )


def _token_reused(event: Seen, known: Known) -> Finding:
    family, named = event.resource_id, row_ids.find(event.resource_id)
    person = known.people.get(named) if named else None
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
