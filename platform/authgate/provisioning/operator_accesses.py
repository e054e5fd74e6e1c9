"""How operators of the installation come into a tenant: asked for, let in, for a while, as guests.

Everything here is done in the scope of that tenant. A guest is a person of it like others, with a
role and an end, whom nobody is confused with and who is in charge of nothing.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.permissions import OperatorArea, UserRole, permits, writes
from authgate.provisioning.roles import BeyondOwnRole, is_guest
from authgate.provisioning.users import end_access
from authgate.storage.people import operator_accesses, users
from authgate.storage.people.operator_accesses import Access
from authgate.storage.people.users import User
from authgate.telemetry import metrics
from authgate.vocabulary import AccessState, UserStatus
from authgate_tenants import current_tenant, lifecycle, use_tenant

LONGEST: Final = timedelta(hours=8)
EMERGENCY: Final = timedelta(hours=1)
ANNOUNCED: Final = timedelta(minutes=15)
"""From when everybody in charge can see it to when it begins, where nobody has to approve."""

DOOR: Final = timedelta(minutes=1)
"""How long an operator has to come in once they have asked for the door."""

ENTRY: Final = "/operator-entry"
"""Where they come in, below the tenant's issuer."""

ROLES: Final = (UserRole.AUDITOR, UserRole.CLIENT_MANAGER, UserRole.ADMIN)
"""What a guest may be: never an owner."""


_STATES: Final = {
    AccessState.ASKED: text("asked"),
    AccessState.GRANTED: text("granted"),
    AccessState.REFUSED: text("refused"),
    AccessState.ENDED: text("ended"),
    AccessState.OVER: text("over"),
}


class UnfitAccess(ValueError):
    """It cannot be so as things are. The text says why."""


class UnknownAccess(LookupError):
    """There is none of this id."""


class Wanted(NamedTuple):
    """What an operator asks for."""

    operator_id: UUID
    operator_name: str
    role: UserRole
    reason: str
    lasts: timedelta
    emergency: bool = False

    @property
    def actor(self) -> Actor:
        """Who asks, for the tenant's log."""
        return Actor("operator", str(self.operator_id), self.operator_name)


async def ask(wanted: Wanted, *, now: datetime) -> Access:
    """Ask the current tenant to let an operator in; what it has chosen says what follows.

    Raises ``UnfitAccess``.
    """
    _refuse_unfit(wanted)
    announced = current_tenant().settings.operator_access == "announced"
    begins = now if wanted.emergency else now + ANNOUNCED if announced else None
    lasts = min(wanted.lasts, EMERGENCY) if wanted.emergency else wanted.lasts
    access = Access(
        id=uuid7(),
        operator_id=wanted.operator_id,
        operator_name=wanted.operator_name,
        role=wanted.role,
        reason=wanted.reason,
        emergency=wanted.emergency,
        state=AccessState.ASKED if begins is None else AccessState.GRANTED,
        asked_at=now,
        begins_at=begins,
        ends_at=(begins or now) + lasts,
        decided_at=None,
        decided_by="",
        guest_id=None,
    )
    async with storage.transaction():
        await lifecycle.locked(current_tenant().id)  # of those who ask at once one is the first
        if await operator_accesses.open_of(wanted.operator_id, now=now):
            raise UnfitAccess(text("You have asked already, and that is not over."))
        await operator_accesses.store(access)
        asked = Event.OPERATOR_ACCESS_EMERGENCY if wanted.emergency else Event.OPERATOR_ACCESS_ASKED
        details = {
            "reason": wanted.reason,
            "role": wanted.role,
            "begins": begins.isoformat() if begins else None,
            "ends": access.ends_at.isoformat(),
        }
        await _record(asked, access, wanted.actor, details)
    return access


async def approve(access_id: UUID, *, by: Actor, now: datetime) -> Access:
    """Let an operator in from now on. Raises ``UnknownAccess``, ``UnfitAccess`` and
    ``BeyondOwnRole``."""
    async with storage.transaction():
        access = await _held(access_id)
        await _refuse_others(by)
        await _decided(access, AccessState.GRANTED, (AccessState.ASKED,), by, now, begins_at=now)
        await _record(Event.OPERATOR_ACCESS_APPROVED, access, by)
        return await _held(access_id)


async def refuse(access_id: UUID, *, by: Actor, now: datetime) -> Access:
    """Don't let an operator in. Raises ``UnknownAccess``, ``UnfitAccess`` and ``BeyondOwnRole``."""
    async with storage.transaction():
        access = await _held(access_id)
        await _refuse_others(by)
        await _decided(access, AccessState.REFUSED, (AccessState.ASKED,), by, now)
        await _record(Event.OPERATOR_ACCESS_REFUSED, access, by)
        return await _held(access_id)


async def end(access_id: UUID, *, by: Actor, now: datetime) -> Access:
    """Let an operator be here no longer, in any process. Raises ``UnknownAccess`` and
    ``UnfitAccess``."""
    former = (AccessState.ASKED, AccessState.GRANTED)
    async with storage.transaction():
        access = await _held(access_id)
        await _decided(access, AccessState.ENDED, former, by, now)
        if access.guest_id is not None:
            await _dismiss(access.guest_id, now)
        await _record(Event.OPERATOR_ACCESS_ENDED, access, by)
        return await _held(access_id)


async def open_door(access_id: UUID, operator_id: UUID, *, now: datetime) -> str:
    """What lets the operator in once, within a minute. Raises ``UnknownAccess`` and
    ``UnfitAccess``."""
    async with storage.transaction():
        access = await _held(access_id)
        if access.operator_id != operator_id:
            raise UnknownAccess(str(access_id))
        if not access.is_open(now):
            raise UnfitAccess(text("It is not open now."))
        if await _is_shut_out(access):
            raise UnfitAccess(text("Those in charge of the tenant have shut you out."))
        return await operator_accesses.open_door(access_id, until=now + DOOR)


async def arrive(key: str, *, now: datetime) -> User | None:
    """The guest that an operator is who comes through the door; ``None`` where it is closed."""
    async with storage.transaction():
        access = await operator_accesses.go_through(key, now=now)
        if access is None or await _is_shut_out(access):
            return None
        guest_id = await users.invite(
            access.guest_id or await operator_accesses.guest_of(access.operator_id),
            username=await _name(access),
            name=f"{access.operator_name} (operator)",
            role=access.role,
            until=access.ends_at,
        )
        await operator_accesses.note_guest(access.id, guest_id)
        who = Actor("operator", str(access.operator_id), access.operator_name)
        await _record(Event.OPERATOR_ACCESS_ENTERED, access, who, {"guest": str(guest_id)})
        return await users.held(guest_id)


async def still_operate(parts: Installation) -> frozenset[UUID] | None:
    """Those who may be guests of tenants: nobody where their own tenant is not served; ``None``
    where the setting names none, so that nobody can be asked."""
    slug = parts.settings.operator_tenant
    if not slug:
        return None
    tenant = await parts.resolver.find(slug)
    if tenant is None or not tenant.is_served:
        return frozenset()
    asks = writes(OperatorArea.ACCESS)
    with use_tenant(tenant):
        team = await users.team()
    return frozenset(each.id for each in team if each.is_active and permits(each.role, asks))


async def settle(operators: Collection[UUID] | None, *, now: datetime) -> None:
    """At the current tenant, end what is over, and what those have who operate no more."""
    for access in await operator_accesses.pending():
        if access.ends_at <= now:
            await _conclude(access, now)
        elif operators is not None and access.operator_id not in operators:
            with suppress(UnfitAccess):  # somebody was quicker
                await end(access.id, by=SYSTEM, now=now)


async def newest() -> Sequence[Access]:
    """All that there were lately at the current tenant, the newest first."""
    return await operator_accesses.newest()


def _refuse_unfit(wanted: Wanted) -> None:
    tenant = current_tenant()
    if wanted.role not in ROLES:
        raise UnfitAccess(text("A guest is one of %(roles)s.", roles=", ".join(ROLES)))
    if not timedelta(0) < wanted.lasts <= LONGEST:
        raise UnfitAccess(text("It lasts eight hours at the most."))
    if not wanted.reason.strip():
        raise UnfitAccess(text("Say why: those in charge of the tenant read it."))
    if tenant.operates:
        raise UnfitAccess(text("It is the operators' own tenant."))
    if not tenant.is_served:
        raise UnfitAccess(text("The tenant is not served: nobody can come in."))


async def _held(access_id: UUID) -> Access:
    access = await operator_accesses.held(access_id)
    if access is None:
        raise UnknownAccess(str(access_id))
    return access


async def _decided(
    access: Access,
    state: AccessState,
    former: Sequence[AccessState],
    by: Actor,
    now: datetime,
    *,
    begins_at: datetime | None = None,
) -> None:
    done = await operator_accesses.decide(
        access.id, state, former=former, by=by.name or by.id, at=now, begins_at=begins_at
    )
    if not done:
        state_now = _STATES[access.state]
        raise UnfitAccess(text("It is %(state)s, or over, and stays so.", state=state_now))


async def _refuse_others(by: Actor) -> None:
    """Neither a program lets somebody in, which may be a guest's, nor a guest. Raises
    ``BeyondOwnRole``."""
    if by.type == "client":
        raise BeyondOwnRole(text("Only the tenant's people decide who is let in."))
    if await is_guest(by):
        raise BeyondOwnRole(text("Operators who are here as guests decide about no access."))


async def _is_shut_out(access: Access) -> bool:
    """Whether somebody in charge has disabled who was here by it, or taken their role."""
    guest = await users.held(access.guest_id) if access.guest_id is not None else None
    return guest is not None and not (
        guest.status is UserStatus.ACTIVE and guest.role is access.role
    )


async def _name(access: Access) -> str:
    """What the guest is called; otherwise where one of the tenant's own people is called so."""
    name = f"{access.operator_name[:80]}@operator"
    taken = await users.find_by_login(name)
    return name if taken is None else f"{name}-{access.id.hex[-6:]}"


async def _conclude(access: Access, now: datetime) -> None:
    async with storage.transaction():
        done = await operator_accesses.conclude(access.id, now=now)
        if done:
            await _record(Event.OPERATOR_ACCESS_ENDED, access, SYSTEM)
        guest = await users.held(access.guest_id) if done and access.guest_id else None
        # Who was let in once more meanwhile stays until then.
        if guest is not None and guest.guest_until is not None and guest.guest_until <= now:
            await _dismiss(guest.id, now)


async def _dismiss(guest_id: UUID, now: datetime) -> None:
    guest = await users.held(guest_id)
    if guest is not None and guest.is_guest:
        await users.set_status(guest_id, UserStatus.DISABLED)
        await end_access(guest, now)


async def _record(
    event: Event, access: Access, by: Actor, details: dict[str, str | None] | None = None
) -> None:
    resource = ("operator-access", str(access.id))
    await audit.record(event, actor=by, resource=resource, details=details or {})
    metrics.operator_accesses.add(event.removeprefix("OPERATOR_ACCESS_").lower())
