"""What is done to several people at once: to each of them for whom it can be done.

They are held together and in one order, so whoever does the same meanwhile waits. What is refused
for one of them is told, and the others go on.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from authgate import storage
from authgate.installation import Installation
from authgate.languages import text
from authgate.mail import TooManyMails
from authgate.permissions import Area, UserRole, writes
from authgate.provisioning import groups, invitations, people, roles
from authgate.provisioning.groups import TooManyMembers, UnknownGroup
from authgate.provisioning.invitations import UnfitInvitation
from authgate.provisioning.roles import OPERATOR, Authority, OwnAccount, Refused, UnknownUser
from authgate.provisioning.users import let_in, shut_out
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.telemetry import metrics
from authgate.vocabulary import UserAct, UserStatus

MOST = 100
"""People of one selection."""


class ActOutcome(StrEnum):
    """What came of it for one of them."""

    DONE = "done"
    UNCHANGED = "unchanged"
    """It was so already."""
    REFUSED = "refused"


class Told(NamedTuple):
    """One of them, and what came of it."""

    user_id: UUID
    username: str
    outcome: ActOutcome
    fault: str = ""
    """Why it was refused."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to be done, in whose name and when."""

    parts: Installation
    act: UserAct
    group_id: UUID | None = None
    """To which they are added."""
    by: Authority = field(default=OPERATOR)

    @property
    def now(self) -> datetime:
        """The present moment."""
        return self.parts.clock()


async def act_on_users(selection: Selection, user_ids: Collection[UUID]) -> Sequence[Told]:
    """Do it to these people of the current tenant, ``MOST`` at the most; what came of it for each.

    Raises ``UnknownUser`` with the first of them that does not exist, and ``UnknownGroup``: nothing
    is done then.
    """
    async with storage.transaction():
        held = await users.hold_in_charge(*user_ids, *filter(None, (selection.by.user_id,)))
        for user_id in user_ids:
            if user_id not in held:
                raise UnknownUser(str(user_id))
        await _refuse_group(selection)
        told = [await _told(selection, held[each]) for each in user_ids]
    for each in told:
        metrics.user_selections.add(selection.act, each.outcome)
    return told


async def _told(selection: Selection, person: User) -> Told:
    try:
        # What one of them is refused leaves nothing behind.
        async with storage.savepoint():
            is_done = await _ACTS[selection.act](selection, person)
    except (Refused, TooManyMembers, TooManyMails, UnfitInvitation) as error:
        return Told(person.id, person.username, ActOutcome.REFUSED, str(error))
    outcome = ActOutcome.DONE if is_done else ActOutcome.UNCHANGED
    return Told(person.id, person.username, outcome)


async def _refuse_group(selection: Selection) -> None:
    if selection.act is UserAct.ADD_TO_GROUP:
        await groups.refuse_unknown(selection.group_id)


async def _disable(selection: Selection, person: User) -> bool:
    asks = writes(Area.USERS)
    held = await roles.held(person.id, by=selection.by, asks=asks, becomes=UserRole.USER)
    if held.status is UserStatus.DISABLED:
        return False
    await shut_out(held, now=selection.now, actor=selection.by.actor)
    return True


async def _enable(selection: Selection, person: User) -> bool:
    held = await roles.held(person.id, by=selection.by, asks=writes(Area.USERS))
    if held.status is UserStatus.ACTIVE:
        return False
    await let_in(held, actor=selection.by.actor)
    return True


async def _sign_out(selection: Selection, person: User) -> bool:
    if person.id == selection.by.user_id:
        # They would have to sign in before they learn what came of it, or go on.
        raise OwnAccount(text("You stay signed in yourself."))
    await people.sign_out_person(person.id, by=selection.by, now=selection.now)
    return True


async def _delete(selection: Selection, person: User) -> bool:
    await people.remove_person(person.id, by=selection.by, now=selection.now)
    return True


async def _add_to_group(selection: Selection, person: User) -> bool:
    if selection.group_id is None:
        raise UnknownGroup("")
    if person.is_guest:
        raise Refused(text("An operator who is here as a guest belongs to no group."))
    added = await groups.add_members(
        selection.group_id, [person.id], now=selection.now, actor=selection.by.actor
    )
    return bool(added)


async def _invite(selection: Selection, person: User) -> bool:
    await invitations.invite_first(selection.parts, person, by=selection.by)
    return True


_ACTS: Mapping[UserAct, Callable[[Selection, User], Awaitable[bool]]] = {
    UserAct.DISABLE: _disable,
    UserAct.ENABLE: _enable,
    UserAct.SIGN_OUT: _sign_out,
    UserAct.DELETE: _delete,
    UserAct.ADD_TO_GROUP: _add_to_group,
    UserAct.INVITE: _invite,
}
