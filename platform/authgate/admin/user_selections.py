"""``/bulk/users``: the same done to several people, each of whom is told of."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPMethod
from typing import Annotated
from uuid import UUID

from pydantic import Field

from authgate.admin.selections import refuse_twice
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, Operation, operation, told
from authgate.api.problems import Fault, Invalid, RecentSignInRequired
from authgate.provisioning import UnknownGroup, UnknownUser, user_selection
from authgate.provisioning.user_selection import MOST, ActOutcome, Selection
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import UserAct

_MIRA = "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abcd"


class UserSelection(Document):
    """Several people, each once. There is none of all: whoever means many names them."""

    model_config = exemplified(ids=[_MIRA])

    ids: Annotated[Sequence[UUID], Field(min_length=1, max_length=MOST)]


class UsersForGroup(UserSelection):
    """Several people, and the group that they are added to."""

    model_config = exemplified(ids=[_MIRA], group_id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90aaaa")

    group_id: UUID


class UserOutcome(Document):
    """What came of it for one of them."""

    model_config = exemplified(user_id=_MIRA, username="mira", outcome="done", fault="")

    user_id: UUID
    username: str
    outcome: ActOutcome
    fault: str
    """Why it was refused."""


class UserOutcomes(Document):
    """What came of it."""

    done: int
    unchanged: int
    """For whom it was so already."""

    refused: int
    items: Sequence[UserOutcome]
    """Each of them, in the order in which they were named."""


async def disable_users(call: Call[Nothing, UserSelection]) -> Answer[UserOutcomes]:
    """Shut people out.

    Each is signed out everywhere, and whatever acts in their name ends for good.
    """
    return await _done(call, UserAct.DISABLE)


async def enable_users(call: Call[Nothing, UserSelection]) -> Answer[UserOutcomes]:
    """Let people sign in again."""
    return await _done(call, UserAct.ENABLE)


async def sign_out_users(call: Call[Nothing, UserSelection]) -> Answer[UserOutcomes]:
    """Sign people out everywhere, applications and devices included."""
    return await _done(call, UserAct.SIGN_OUT)


async def delete_users(call: Call[Nothing, UserSelection]) -> Answer[UserOutcomes]:
    """Remove people for good. It asks a person for a recent sign-in."""
    call.caller.require_recent_sign_in(call.parts.clock())
    return await _done(call, UserAct.DELETE)


async def invite_users(call: Call[Nothing, UserSelection]) -> Answer[UserOutcomes]:
    """Send people who have no way in yet a link by which they choose a password."""
    return await _done(call, UserAct.INVITE)


async def add_users_to_group(call: Call[Nothing, UsersForGroup]) -> Answer[UserOutcomes]:
    """Have people belong to a group."""
    call.caller.refuse_guest()
    return await _done(call, UserAct.ADD_TO_GROUP, call.body.group_id)


async def _done(
    call: Call[Nothing, UserSelection] | Call[Nothing, UsersForGroup],
    act: UserAct,
    group_id: UUID | None = None,
) -> Answer[UserOutcomes]:
    ids = call.body.ids
    refuse_twice("ids", ids)
    selection = Selection(call.parts, act, group_id, call.caller.authority)
    try:
        found = await user_selection.act_on_users(selection, ids)
    except UnknownUser as error:
        place = [str(each) for each in ids].index(str(error))
        fault = Fault("The tenant has nobody with this id.", f"/ids/{place}")
        raise Invalid(faults=[fault]) from error
    except UnknownGroup as error:
        raise Invalid(faults=[Fault("There is no such group.", "/group_id")]) from error
    outcomes = [each.outcome for each in found]
    return Answer(
        UserOutcomes(
            done=outcomes.count(ActOutcome.DONE),
            unchanged=outcomes.count(ActOutcome.UNCHANGED),
            refused=outcomes.count(ActOutcome.REFUSED),
            items=[told(each, UserOutcome) for each in found],
        )
    )


def _on_users(
    act: UserAct,
    perform: Callable[[Call[Nothing, UserSelection]], Awaitable[Answer[UserOutcomes]]],
) -> Operation:
    problems = [RecentSignInRequired] if act is UserAct.DELETE else []
    return operation(
        HTTPMethod.POST,
        f"/bulk/users/{act}",
        perform,
        scope=Scope.USERS_WRITE,
        problems=problems,
    )


OPERATIONS = [
    _on_users(UserAct.DISABLE, disable_users),
    _on_users(UserAct.ENABLE, enable_users),
    _on_users(UserAct.SIGN_OUT, sign_out_users),
    _on_users(UserAct.DELETE, delete_users),
    _on_users(UserAct.INVITE, invite_users),
    operation(
        HTTPMethod.POST,
        f"/bulk/users/{UserAct.ADD_TO_GROUP}",
        add_users_to_group,
        scope=Scope.GROUPS_WRITE,
    ),
]
