"""``/scim-tokens``: tokens by which another directory provisions the tenant's people.

A token is made and taken back, and never changed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, JsonValue

from authgate.admin.places import BASE
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import Conflict, Fault, Invalid, NotFound, RecentSignInRequired
from authgate.provisioning.scim_tokens import (
    LONGEST,
    TooManyScimTokens,
    UnfitScimToken,
    UnknownScimToken,
    allow_provisioning,
    withdraw_provisioning,
)
from authgate.storage.people import scim_tokens
from authgate.storage.people.scim_tokens import LONGEST_DESCRIPTION, ScimToken
from authgate.tokens.admin_scopes import Scope
from authgate.tokens.audiences import SCIM
from authgate_tenants import current_tenant

_EXAMPLE: dict[str, JsonValue] = {
    "id": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90eeee",
    "description": "Microsoft Entra ID",
    "trusts_emails": True,
    "created_by": "mira",
    "created_at": "2026-03-02T09:12:44Z",
    "expires_at": "2027-03-02T09:12:44Z",
    "last_used_at": None,
}


class ScimTokenCreation(Document):
    """A token to be made."""

    model_config = exemplified(description="Microsoft Entra ID", trusts_emails=True)

    description: Annotated[str, Field(min_length=1, max_length=LONGEST_DESCRIPTION)]
    """Which directory it is for."""

    trusts_emails: bool = False
    """Whether the addresses that come by it count as verified."""

    days: Annotated[int, Field(ge=1, le=LONGEST.days)] = 365
    """It ends after so many days."""


class ScimTokenDocument(Document):
    """A token, without itself."""

    model_config = exemplified(**_EXAMPLE)

    id: UUID
    description: str
    trusts_emails: bool
    """Whether the addresses that come by it count as verified."""

    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    """To the minute."""


class NewScimTokenDocument(ScimTokenDocument):
    """A token that was made."""

    model_config = exemplified(**_EXAMPLE, token="agscim_…", base_url="https://id.example/scim/v2")

    token: str
    """Told this once."""

    base_url: str
    """Where the directory uses it."""


class ScimTokenList(Document):
    """The tokens that have not ended, the newest first; there are at most twenty."""

    items: Sequence[ScimTokenDocument]


async def list_scim_tokens(call: Call[Nothing, Nothing]) -> Answer[ScimTokenList]:
    """List the tokens by which other directories provision people."""
    kept = await scim_tokens.all_tokens(now=call.parts.clock())
    return Answer(ScimTokenList(items=[_document(each) for each in kept]))


async def create_scim_token(call: Call[Nothing, ScimTokenCreation]) -> Answer[NewScimTokenDocument]:
    """Let another directory provision people, by a token that is told this once.

    Asks for a person, who has signed in lately: the token outlasts the one that it is made with,
    and whoever made it.
    """
    now, asked = call.parts.clock(), call.body
    call.caller.refuse_guest()
    call.caller.refuse_program()
    call.caller.require_recent_sign_in(now)
    try:
        token, kept = await allow_provisioning(
            description=asked.description,
            trusts_emails=asked.trusts_emails,
            now=now,
            expires_at=now + timedelta(days=asked.days),
            actor=call.caller.actor,
        )
    except TooManyScimTokens as error:
        raise Conflict(str(error)) from error
    except UnfitScimToken as error:
        raise Invalid(faults=[Fault(str(error), pointer="/description")]) from error
    issuer = current_tenant().issuer
    place = f"{issuer}{BASE}/scim-tokens/{kept.id}"
    made = NewScimTokenDocument(
        **_document(kept).model_dump(), token=token, base_url=f"{issuer}{SCIM}"
    )
    return Answer(made, ((b"location", place.encode("ascii")),))


async def read_scim_token(call: Call[Nothing, Nothing]) -> Answer[ScimTokenDocument]:
    """Read what is known of a token."""
    return Answer(_document(await _named(call)))


async def delete_scim_token(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Take a token back.

    Whom the directory has provisioned stays. The next request with the token is refused.
    """
    call.refuse_if_changed(_document(await _named(call)), required=False)
    try:
        await withdraw_provisioning(call.uuid("scim_token_id"), actor=call.caller.actor)
    except UnknownScimToken as error:
        raise NotFound from error
    return Answer(None)


async def _named(call: Call[Any, Any]) -> ScimToken:
    found = await scim_tokens.find(call.uuid("scim_token_id"), now=call.parts.clock())
    if found is None:
        raise NotFound
    return found


def _document(token: ScimToken) -> ScimTokenDocument:
    return told(token, ScimTokenDocument)


_ONE = "/scim-tokens/{scim_token_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/scim-tokens", list_scim_tokens, scope=Scope.SCIM_READ),
    operation(
        HTTPMethod.POST,
        "/scim-tokens",
        create_scim_token,
        scope=Scope.SCIM_WRITE,
        status=HTTPStatus.CREATED,
        problems=[RecentSignInRequired, Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_scim_token, scope=Scope.SCIM_READ),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        delete_scim_token,
        scope=Scope.SCIM_WRITE,
        status=HTTPStatus.NO_CONTENT,
    ),
]
