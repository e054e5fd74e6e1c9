"""Who may change whom, and how a person is given another role.

Nobody changes what they are themselves, or somebody who may more than they may; nobody gives more
than they have; and the last owner stays. All of it is looked at while those are held who are in
charge, so that two who remove each other at once don't both succeed.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.languages import text
from authgate.permissions import Area, Permission, UserRole, covers, permits, writes
from authgate.storage.people import users
from authgate.storage.people.users import User


class Authority(NamedTuple):
    """In whose name people are changed."""

    actor: Actor = SYSTEM
    role: UserRole = UserRole.OWNER
    """What they were when they came; a person's is looked up again."""

    @property
    def user_id(self) -> UUID | None:
        """The person, where it is one."""
        return UUID(self.actor.id) if self.actor.type == "user" else None


OPERATOR = Authority()
"""Of the installation: they may whatever an owner may."""


class UnknownUser(LookupError):
    """The tenant has no user with this name or address."""


class Refused(ValueError):
    """It stays as it is. The text says why, for whoever asked."""


class OwnAccount(Refused):
    """Somebody would change what they are themselves."""


class BeyondOwnRole(Refused):
    """Somebody may more than the one who would change them, or would by it."""


class LastAdministrator(Refused):
    """Nobody would be left who is in charge of the tenant."""


async def change_role(user_id: UUID, role: UserRole, *, by: Authority = OPERATOR) -> User:
    """The person, who has this role from now on, in every process.

    Raises ``UnknownUser``, ``OwnAccount``, ``BeyondOwnRole`` and ``LastAdministrator``.
    """
    async with storage.transaction():
        person = await held(user_id, by=by, asks=writes(Area.ROLES), becomes=role)
        if person.role is role:
            return person
        await users.set_role(user_id, role)
        await audit.record(
            Event.USER_ROLE_CHANGED,
            actor=by.actor,
            resource=("user", str(user_id)),
            details={"was": person.role, "is": role},
        )
    return person._replace(role=role)


async def held(
    user_id: UUID, *, by: Authority, asks: Permission, becomes: UserRole | None = None
) -> User:
    """The person as they are, until the end of the unit of work, where ``by`` may change them: to
    be in charge as ``becomes`` from then on, or as before.

    Raises ``UnknownUser``, ``OwnAccount``, ``BeyondOwnRole`` and ``LastAdministrator``.
    """
    people = await users.hold_in_charge(*filter(None, (user_id, by.user_id)))
    person = people.get(user_id)
    if person is None:
        raise UnknownUser(str(user_id))
    if becomes is not None and _is_guest(by, people):
        raise BeyondOwnRole(text("Operators who are here as guests change nobody's standing."))
    if person.is_guest and becomes not in (None, UserRole.USER):
        raise BeyondOwnRole(text("An operator who is here as a guest is given no other role."))
    if by.user_id == user_id:
        raise OwnAccount(text("Nobody changes what they are themselves: ask a colleague."))
    role = becomes or person.role
    refuse_beyond(role_now(by, people), person.role, role, asks=asks)
    if person.is_active and person.role is not role:
        own = [each for each in people.values() if each != person and not each.is_guest]
        _refuse_last(person, role, left=own)
    return person


async def refuse_last(user_id: UUID) -> None:
    """Raises ``LastAdministrator`` where nobody would be in charge of the tenant without this
    person, who is held until the end of the unit of work."""
    people = await users.hold_in_charge(user_id)
    person = people.get(user_id)
    if person is not None and person.is_active:
        own = [each for each in people.values() if each != person and not each.is_guest]
        _refuse_last(person, UserRole.USER, left=own)


async def is_guest(actor: Actor) -> bool:
    """Whether this is an operator of the installation whom the current tenant has let in."""
    person = await users.find(UUID(actor.id)) if actor.type == "user" else None
    return person is not None and person.is_guest


def _is_guest(by: Authority, people: Mapping[UUID, User]) -> bool:
    person = people.get(by.user_id) if by.user_id else None
    return person is not None and person.is_guest


async def refuse_inviter(by: Authority, role: UserRole, *, asks: Permission) -> None:
    """Raises ``BeyondOwnRole`` where ``by``, as they are until the end of the unit of work, may
    bring nobody in with this role."""
    people = await users.hold_in_charge(*filter(None, (by.user_id,)))
    if _is_guest(by, people):
        raise BeyondOwnRole(text("Operators who are here as guests invite nobody."))
    refuse_beyond(role_now(by, people), role, asks=asks)


def refuse_beyond(mine: UserRole, *theirs: UserRole, asks: Permission) -> None:
    """Raises ``BeyondOwnRole`` where this role is not enough for what is asked of people who have
    those."""
    if not permits(mine, asks) or not all(covers(mine, each) for each in theirs):
        raise BeyondOwnRole(text("That takes a role that may more than yours."))


def role_now(by: Authority, people: Mapping[UUID, User]) -> UserRole:
    """What ``by`` may by now, who is among these people where it is a person."""
    if by.user_id is None:
        return by.role
    person = people.get(by.user_id)
    return person.role if person is not None and person.is_active else UserRole.USER


def _refuse_last(person: User, becomes: UserRole, *, left: Collection[User]) -> None:
    roles = {each.role for each in left if each.is_active} | {becomes}
    if person.role is UserRole.OWNER and UserRole.OWNER not in roles:
        raise LastAdministrator(text("It is the last owner of the tenant: make another one first."))
    if person.role is UserRole.ADMIN and roles.isdisjoint((UserRole.OWNER, UserRole.ADMIN)):
        raise LastAdministrator(text("Nobody would be left who administers the tenant."))
