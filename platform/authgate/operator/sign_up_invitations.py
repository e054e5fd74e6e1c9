"""``/sign-up-invitations``: whom operators let begin a tenant."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated
from uuid import UUID

from pydantic import Field

from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import Conflict, Fault, Invalid, NotFound
from authgate.mail import TooManyMails
from authgate.provisioning import sign_ups
from authgate.provisioning.sign_ups import NoSignUp, UnfitSignUp
from authgate.storage.tenants import sign_ups as stored
from authgate.tokens.operator_scopes import Scope

_MOST = 1000


class SignUpInvitation(Document):
    """Who is to be invited."""

    model_config = exemplified(email="ada@lovelace.example")

    email: Annotated[str, Field(min_length=3, max_length=100)]


class SignUpInvitationDocument(Document):
    """An invitation that nobody has followed yet."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90cccc",
        email="ada@lovelace.example",
        invited_by="mira",
        created_at="2026-03-02T09:12:44Z",
        expires_at="2026-03-09T09:12:44Z",
    )

    id: UUID
    """That of the tenant, once it is there."""

    email: str
    invited_by: str
    created_at: datetime
    expires_at: datetime


class SignUpInvitationList(Document):
    """Invitations, the newest first."""

    items: Sequence[SignUpInvitationDocument]


async def list_sign_up_invitations(
    call: Call[Nothing, Nothing],
) -> Answer[SignUpInvitationList]:
    """List the invitations to begin a tenant that nobody has followed yet."""
    found = await stored.waiting(now=call.parts.clock(), limit=_MOST)
    items = [told(each, SignUpInvitationDocument) for each in found]
    return Answer(SignUpInvitationList(items=items))


async def invite_to_sign_up(
    call: Call[Nothing, SignUpInvitation],
) -> Answer[SignUpInvitationDocument]:
    """Invite somebody to begin a tenant.

    They are sent a link that is good for a week. An address is sent three mails an hour.
    """
    if not sign_ups.is_here(call.parts):
        raise Conflict("Nobody signs up at this installation: sign_up.mode is off.")
    try:
        kept = await sign_ups.invite_to_sign_up(
            call.parts, call.body.email, actor=call.caller.actor
        )
    except UnfitSignUp as error:
        raise Invalid(faults=[Fault(str(error), pointer=f"/{error.field}")]) from error
    except TooManyMails as error:
        raise Conflict(str(error)) from error
    return Answer(told(kept, SignUpInvitationDocument))


async def withdraw_sign_up_invitation(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Take an invitation back. Its link is good for nothing from then on."""
    try:
        await sign_ups.withdraw_sign_up(call.uuid("invitation_id"), actor=call.caller.actor)
    except NoSignUp as error:
        raise NotFound from error
    return Answer(None)


_PATH = "/sign-up-invitations"

OPERATIONS = [
    operation(HTTPMethod.GET, _PATH, list_sign_up_invitations, scope=Scope.TENANTS_READ),
    operation(
        HTTPMethod.POST,
        _PATH,
        invite_to_sign_up,
        scope=Scope.TENANTS_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(
        HTTPMethod.DELETE,
        f"{_PATH}/{{invitation_id}}",
        withdraw_sign_up_invitation,
        scope=Scope.TENANTS_WRITE,
        status=HTTPStatus.NO_CONTENT,
    ),
]
