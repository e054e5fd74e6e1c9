"""``/invitations``: whom the tenant has invited, as what, and what became of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from authgate import provisioning
from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import (
    BeyondOwnRole,
    Conflict,
    Fault,
    Invalid,
    NotFound,
    RecentSignInRequired,
)
from authgate.mail import TooManyMails
from authgate.permissions import UserRole
from authgate.provisioning import invitations
from authgate.provisioning.invitations import NoInvitation, UnfitInvitation
from authgate.storage.people import invitations as stored
from authgate.storage.people.invitations import Invitation
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import InvitationStatus


class InvitationQuery(ListQuery):
    """Which invitations are looked for."""

    status: InvitationStatus | None = None


class InvitationCreation(Document):
    """Who is to be invited."""

    model_config = exemplified(email="ada@northwind.example", role="user")

    email: Annotated[str, Field(min_length=3, max_length=100)]
    """Where the link is sent to; whoever has no account signs in by it."""

    role: UserRole = UserRole.USER
    """What they are to be at the tenant."""


class InvitationDocument(Document):
    """An invitation."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90dddd",
        email="ada@northwind.example",
        role="user",
        status="pending",
        invited_by="mira",
        user_id=None,
        created_at="2026-03-02T09:12:44Z",
        ends_at="2026-03-09T09:12:44Z",
    )

    id: UUID
    email: str
    role: UserRole
    status: InvitationStatus
    invited_by: str
    user_id: UUID | None
    """Who accepted it."""

    created_at: datetime
    ends_at: datetime
    """From then on it cannot be accepted."""


class InvitationList(ListDocument):
    """Invitations, the newest first."""

    items: Sequence[InvitationDocument]


async def list_invitations(call: Call[InvitationQuery, Nothing]) -> Answer[InvitationList]:
    """List invitations. What became of one can be seen for 30 days."""
    page = await stored.page(
        status=call.query.status, cursor=await lists.opened(call), limit=call.query.limit
    )
    return await lists.answer(call, page, InvitationList, _document)


async def invite(call: Call[Nothing, InvitationCreation]) -> Answer[InvitationDocument]:
    """Invite somebody, by a mail with a link that is good for a week.

    What waits for the same address is replaced. Whoever accepts begins an account, or keeps the one
    that has this address and is at least what they were invited as. Nobody gives a role that may
    more than their own, and whoever is to be more than a user is invited with the scope
    `authgate:roles:write` besides, and after a recent sign-in.
    """
    _require(call, call.body.role)
    with _worded():
        made = await invitations.invite(
            call.parts, call.body.email, call.body.role, by=call.caller.authority
        )
    return Answer(_document(made))


async def resend_invitation(call: Call[Nothing, Nothing]) -> Answer[InvitationDocument]:
    """Send another link for an invitation that waits. The former one is good for nothing more."""
    found = await stored.find(call.uuid("invitation_id"))
    if found is not None:
        _require(call, found.role)
    with _worded():
        made = await invitations.resend(
            call.parts, call.uuid("invitation_id"), by=call.caller.authority
        )
    return Answer(_document(made))


async def withdraw_invitation(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Take an invitation back that waits."""
    with _worded():
        await invitations.withdraw(call.uuid("invitation_id"), by=call.caller.authority)
    return Answer(None)


def _require(call: Call[Any, Any], role: UserRole) -> None:
    """Nobody is given a role without the scope for that, or long after signing in. Raises
    ``InsufficientScope`` and ``RecentSignInRequired``."""
    if role is not UserRole.USER:
        call.caller.require(Scope.ROLES_WRITE)
        call.caller.require_recent_sign_in(call.parts.clock())


def _document(invitation: Invitation) -> InvitationDocument:
    return told(invitation, InvitationDocument)


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except NoInvitation as error:
        raise NotFound from error
    except UnfitInvitation as error:
        raise Invalid(faults=[Fault(str(error), pointer="/email")]) from error
    except TooManyMails as error:
        raise Conflict(str(error)) from error
    except provisioning.BeyondOwnRole as error:
        raise BeyondOwnRole(str(error)) from error


_READ, _WRITE = Scope.USERS_READ, Scope.USERS_WRITE
_ALL, _ONE = "/invitations", "/invitations/{invitation_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, _ALL, list_invitations, scope=_READ),
    operation(
        HTTPMethod.POST,
        _ALL,
        invite,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[RecentSignInRequired, Conflict, BeyondOwnRole],
    ),
    operation(
        HTTPMethod.POST,
        f"{_ONE}/resend",
        resend_invitation,
        scope=_WRITE,
        problems=[RecentSignInRequired, Conflict, BeyondOwnRole],
    ),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        withdraw_invitation,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[BeyondOwnRole],
    ),
]
