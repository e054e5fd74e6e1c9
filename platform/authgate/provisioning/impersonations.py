"""How somebody in charge acts for a person for a while: where the tenant lets them, the person has
allowed it, and both are named wherever anything of it is told (RFC 8693 section 1.1).

Nobody acts for somebody who administers the tenant, so nobody gets further by it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from authgate import audit, storage
from authgate.accounts import access
from authgate.audit import Actor, Event
from authgate.languages import text
from authgate.permissions import UserRole
from authgate.provisioning.people import held as held_person
from authgate.provisioning.roles import Authority, BeyondOwnRole, Refused
from authgate.storage.people import impersonations
from authgate.storage.people.impersonations import (
    ANSWERED_WITHIN,
    LONGEST_REASON,
    Impersonation,
)
from authgate.storage.people.users import User
from authgate.storage.sign_in import sessions
from authgate.vocabulary import AccessState
from authgate_tenants import current_tenant

OFF, STATED = "off", "stated"


class UnknownImpersonation(LookupError):
    """There is none that could be changed so."""


class NoReason(Refused):
    """Nobody asks without saying why."""


async def ask(user_id: UUID, reason: str, *, by: Authority, now: datetime) -> Impersonation:
    """Ask a person to let somebody act for them. Where the tenant has stated that this is done, it
    is granted at once, and the person sees it.

    Raises ``UnknownUser``, ``OwnAccount``, ``BeyondOwnRole`` and ``NoReason``.
    """
    said = " ".join(reason.split())
    if not said or len(said) > LONGEST_REASON or not said.isprintable():
        raise NoReason(text("Say why, in at most %(most)s characters.", most=LONGEST_REASON))
    _refuse_where_off()
    if by.user_id is None:
        raise BeyondOwnRole(text("Only people act for others."))
    async with storage.transaction():
        person = await held_person(user_id, by=by)
        _refuse_in_charge(person)
        stated = current_tenant().settings.impersonation == STATED
        made = await impersonations.add(
            user_id=user_id,
            actor_id=by.user_id,
            actor_name=by.actor.name,
            reason=said,
            state=AccessState.GRANTED if stated else AccessState.ASKED,
            now=now,
            ends_at=now + (_length() if stated else ANSWERED_WITHIN),
        )
        await _record(Event.IMPERSONATION_ASKED, by.actor, made, {"reason": said})
    return made


async def answer(impersonation_id: UUID, person: User, *, allows: bool, now: datetime) -> None:
    """The person has decided. Raises ``UnknownImpersonation``."""
    async with storage.transaction():
        known = await impersonations.held(impersonation_id)
        if known is None or known.user_id != person.id or not known.waits(now):
            raise UnknownImpersonation
        if allows:
            await impersonations.change(known, AccessState.GRANTED, ends_at=now + _length())
        else:
            await impersonations.change(known, AccessState.REFUSED, ends_at=now)
        event = Event.IMPERSONATION_ALLOWED if allows else Event.IMPERSONATION_REFUSED
        await _record(event, audit.user(person.id, person.username), known, {})


async def begin(
    impersonation_id: UUID, *, by: Authority, now: datetime
) -> tuple[User, Impersonation]:
    """For whom somebody acts from now on, in a browser of theirs that is signed in next. Needs a
    unit of work.

    Raises ``UnknownImpersonation``, ``UnknownUser``, ``OwnAccount`` and ``BeyondOwnRole``.
    """
    _refuse_where_off()
    known = await impersonations.held(impersonation_id)
    if known is None or known.actor_id != by.user_id or not known.is_open(now):
        raise UnknownImpersonation
    if known.session_id is not None:
        raise UnknownImpersonation
    person = await held_person(known.user_id, by=by)
    _refuse_in_charge(person)
    if not person.is_active:
        raise BeyondOwnRole(text("They are disabled."))
    await _record(Event.IMPERSONATION_BEGUN, by.actor, known, {"reason": known.reason})
    return person, known


async def note_session(known: Impersonation, session_id: UUID) -> None:
    """Remember in which browser it is. Needs the unit of work in which it was begun."""
    await impersonations.change(known, AccessState.GRANTED, session_id=session_id)


async def end(impersonation_id: UUID, *, person_id: UUID, by: Actor, now: datetime) -> None:
    """Nobody acts for this person by it any more, also with what applications were given. Raises
    ``UnknownImpersonation``."""
    async with storage.transaction():
        known = await impersonations.held(impersonation_id)
        if known is None or known.user_id != person_id:
            raise UnknownImpersonation
        if not known.is_open(now) and not known.waits(now):
            raise UnknownImpersonation
        await impersonations.change(known, AccessState.ENDED, ends_at=now)
        session_id = known.session_id
        if session_id and await sessions.end(session_id, user_id=person_id, now=now):
            await access.end_of_session(session_id, now=now)
        await _record(Event.IMPERSONATION_ENDED, by, known, {})


def _length() -> timedelta:
    return timedelta(minutes=current_tenant().settings.impersonation_minutes)


def _refuse_where_off() -> None:
    if current_tenant().settings.impersonation == OFF:
        raise BeyondOwnRole(text("Nobody acts for others here: the setting impersonation is off."))


def _refuse_in_charge(person: User) -> None:
    if person.role is not UserRole.USER:
        raise BeyondOwnRole(text("Nobody acts for somebody who has a role."))


async def _record(
    event: Event, actor: Actor, known: Impersonation, details: Mapping[str, str]
) -> None:
    await audit.record(
        event,
        actor=actor,
        resource=("user", str(known.user_id)),
        details={"impersonation": str(known.id), "by": known.actor_name, **details},
    )
