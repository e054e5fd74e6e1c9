"""``/tokens``: the access tokens of the tenant, without their text, which is not stored."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from http import HTTPMethod
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from authgate import provisioning
from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import BeyondOwnScopes, Conflict, NotFound
from authgate.audit import Actor
from authgate.provisioning.tokens import UnknownToken
from authgate.storage.clients import ids
from authgate.storage.issued import tokens
from authgate.storage.issued.tokens import Token, TokenCategory, TokenFilter
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import TokenStatus


class TokenQuery(ListQuery):
    """Which tokens are looked for. The newest come first."""

    client_id: Annotated[str, Field(min_length=1, max_length=ids.LONGEST)] | None = None
    user_id: UUID | None = None
    """Those that speak for this person."""

    status: TokenStatus | None = None
    subject_type: Literal["user", "client"] | None = None
    """Those that speak for people, or those of clients that act for themselves."""

    live: bool = False
    """Only those that have not ended by themselves."""


class TokenDocument(Document):
    """An access token."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234",
        category="access",
        status="active",
        client_id="nightly-export",
        user_id=None,
        scope="orders:read",
        grant_type="client_credentials",
        created_at="2026-03-02T02:00:00Z",
        expires_at="2026-03-02T03:00:00Z",
    )

    id: UUID
    """Its `jti`."""

    category: TokenCategory
    status: TokenStatus
    client_id: str
    user_id: UUID | None
    """The person it speaks for; `null` where it is a machine's."""

    scope: str
    grant_type: str
    created_at: datetime
    expires_at: datetime


class TokenList(ListDocument):
    """Access tokens."""

    items: Sequence[TokenDocument]


async def list_tokens(call: Call[TokenQuery, Nothing]) -> Answer[TokenList]:
    """List access tokens."""
    asked = call.query
    page = await tokens.page(
        TokenFilter(
            client_id=asked.client_id,
            user_id=asked.user_id,
            status=asked.status,
            live_at=call.parts.clock() if asked.live else None,
            machine=asked.subject_type == "client" if asked.subject_type else None,
        ),
        cursor=await lists.opened(call),
        limit=asked.limit,
    )
    return await lists.answer(call, page, TokenList, _document)


def _document(token: Token) -> TokenDocument:
    return told(token, TokenDocument)


async def read_token(call: Call[Nothing, Nothing]) -> Answer[TokenDocument]:
    """Read what is known of an access token."""
    return Answer(_document(await _found(call)))


async def revoke_token(call: Call[Nothing, Nothing]) -> Answer[TokenDocument]:
    """End an access token for good."""
    token, actor = await _found(call), call.caller.actor
    with suppress(UnknownToken):  # it has ended already, perhaps a moment ago
        await provisioning.revoke_token(token.id, actor=actor)
    return Answer(_document(await _found(call)))


async def disable_token(call: Call[Nothing, Nothing]) -> Answer[TokenDocument]:
    """Let an access token work no longer, until it is enabled again."""
    return await _turned(call, provisioning.disable_token)


async def enable_token(call: Call[Nothing, Nothing]) -> Answer[TokenDocument]:
    """Let an access token work again that was disabled.

    What it may do, whoever calls must be allowed to do themselves.
    """
    call.caller.refuse_more_than_own(*(await _found(call)).scope.split())
    return await _turned(call, provisioning.enable_token)


async def _turned(
    call: Call[Nothing, Nothing], turn: Callable[..., Awaitable[None]]
) -> Answer[TokenDocument]:
    actor: Actor = call.caller.actor
    token = await _found(call)
    try:
        await turn(token.id, actor=actor)
    except UnknownToken as error:
        raise Conflict(f"The token is {token.status}.") from error
    return Answer(_document(await _found(call)))


async def _found(call: Call[Nothing, Nothing]) -> Token:
    token = await tokens.find_row(call.uuid("token_id"))
    if token is None:
        raise NotFound
    return token


_ONE = "/tokens/{token_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/tokens", list_tokens, scope=Scope.TOKENS_READ),
    operation(HTTPMethod.GET, _ONE, read_token, scope=Scope.TOKENS_READ),
    operation(HTTPMethod.POST, f"{_ONE}/revoke", revoke_token, scope=Scope.TOKENS_WRITE),
    operation(
        HTTPMethod.POST,
        f"{_ONE}/disable",
        disable_token,
        scope=Scope.TOKENS_WRITE,
        problems=[Conflict],
    ),
    operation(
        HTTPMethod.POST,
        f"{_ONE}/enable",
        enable_token,
        scope=Scope.TOKENS_WRITE,
        problems=[BeyondOwnScopes, Conflict],
    ),
]
