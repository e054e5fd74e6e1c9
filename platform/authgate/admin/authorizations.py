"""``/authorizations``: what people have allowed applications."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from authgate import provisioning, storage
from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import NotFound
from authgate.storage.clients import ids
from authgate.storage.grants import consents
from authgate.storage.grants.consents import Consent
from authgate.storage.paging import Order
from authgate.tokens.admin_scopes import Scope


class AuthorizationQuery(ListQuery):
    """Which authorizations are looked for, and in which order."""

    user_id: UUID | None = None
    """Those of this person."""

    client_id: Annotated[str, Field(min_length=1, max_length=ids.LONGEST)] | None = None
    """Those of this client."""

    sort: Literal["updated_at", "-updated_at"] = "-updated_at"


class AuthorizationDocument(Document):
    """What a person has allowed a client, all in all."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f905678",
        user_id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abcd",
        client_id="orders",
        scopes=["openid", "orders:read"],
        granted_at="2026-03-02T09:13:02Z",
        updated_at="2026-03-02T09:13:02Z",
    )

    id: UUID
    user_id: UUID
    client_id: str
    scopes: Sequence[str]
    granted_at: datetime
    updated_at: datetime


class AuthorizationList(ListDocument):
    """Authorizations."""

    items: Sequence[AuthorizationDocument]


async def list_authorizations(
    call: Call[AuthorizationQuery, Nothing],
) -> Answer[AuthorizationList]:
    """List what people have allowed applications."""
    asked = call.query
    page = await consents.page(
        Order.of(asked.sort),
        user_id=asked.user_id,
        client_id=asked.client_id,
        cursor=await lists.opened(call),
        limit=asked.limit,
    )
    return await lists.answer(call, page, AuthorizationList, _document)


def _document(consent: Consent) -> AuthorizationDocument:
    return told(consent, AuthorizationDocument)


async def read_authorization(call: Call[Nothing, Nothing]) -> Answer[AuthorizationDocument]:
    """Read an authorization."""
    return Answer(_document(await _found(call)))


async def revoke_authorization(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Take back what a person has allowed a client.

    The client's tokens of that person end for good, and it has to be allowed anew.
    """
    async with storage.transaction():
        consent = await _found(call)
        call.refuse_if_changed(_document(consent), required=False)
        await provisioning.revoke_authorization(
            consent, now=call.parts.clock(), actor=call.caller.actor
        )
    return Answer(None)


async def _found(call: Call[Nothing, Nothing]) -> Consent:
    consent = await consents.find_by_id(call.uuid("authorization_id"))
    if consent is None:
        raise NotFound
    return consent


_ONE = "/authorizations/{authorization_id}"

OPERATIONS = [
    operation(
        HTTPMethod.GET, "/authorizations", list_authorizations, scope=Scope.AUTHORIZATIONS_READ
    ),
    operation(HTTPMethod.GET, _ONE, read_authorization, scope=Scope.AUTHORIZATIONS_READ),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        revoke_authorization,
        scope=Scope.AUTHORIZATIONS_WRITE,
        status=HTTPStatus.NO_CONTENT,
    ),
]
