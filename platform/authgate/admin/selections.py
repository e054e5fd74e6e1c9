"""``/bulk``: the same done to several things at once: to all that are named, or to none."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPMethod, HTTPStatus
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict, Field

from authgate import provisioning
from authgate.admin.client_documents import RevokedTokens
from authgate.api.bodies import Document, Nothing
from authgate.api.operations import Answer, Call, Operation, operation
from authgate.api.problems import BeyondOwnScopes, Conflict, Fault, Invalid, Problem
from authgate.provisioning import ClientAct, UnfitSelection, UnknownClient, UnknownToken
from authgate.provisioning.client_selection import MOST
from authgate.storage.clients import ids
from authgate.storage.clients.rows import Client
from authgate.tokens.admin_scopes import Scope


class SelectedClient(Document):
    """One of several clients."""

    client_id: Annotated[str, Field(min_length=1, max_length=ids.LONGEST)]
    updated_at: AwareDatetime | None = None
    """Only if it has not changed since it was read: its `updated_at` of then."""


class ClientSelection(Document):
    """Several clients, each once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "clients": [
                        {"client_id": "orders", "updated_at": "2026-03-02T09:12:44Z"},
                        {"client_id": "nightly-export"},
                    ]
                }
            ]
        }
    )

    clients: Annotated[Sequence[SelectedClient], Field(min_length=1, max_length=MOST)]


class TokenSelection(Document):
    """Several access tokens, each once."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ids": ["0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234"]}]}
    )

    ids: Annotated[Sequence[UUID], Field(min_length=1, max_length=MOST)]
    """Their `jti`."""


async def approve_clients(call: Call[Nothing, ClientSelection]) -> Answer[None]:
    """Approve clients that wait for it.

    All of them, or none: `errors` say which can't be.
    """
    await _done(call, ClientAct.APPROVE)
    return Answer(None)


async def enable_clients(call: Call[Nothing, ClientSelection]) -> Answer[None]:
    """Serve clients again.

    All of them, or none: `errors` say which can't be.
    """
    await _done(call, ClientAct.ENABLE)
    return Answer(None)


async def disable_clients(call: Call[Nothing, ClientSelection]) -> Answer[None]:
    """Stop serving clients.

    All of them, or none. Their tokens end at once and come back with them.
    """
    await _done(call, ClientAct.DISABLE)
    return Answer(None)


async def revoke_tokens_of_clients(call: Call[Nothing, ClientSelection]) -> Answer[None]:
    """End whatever clients were given.

    All of them, or none. What people have allowed them stays allowed.
    """
    await _done(call, ClientAct.REVOKE_TOKENS)
    return Answer(None)


async def mark_clients_seen(call: Call[Nothing, ClientSelection]) -> Answer[None]:
    """Note that somebody has looked at clients that were served at once.

    All of them, or none. With `updated_at` only at what you have read.
    """
    await _done(call, ClientAct.MARK_SEEN)
    return Answer(None)


async def revoke_tokens(call: Call[Nothing, TokenSelection]) -> Answer[RevokedTokens]:
    """End access tokens for good.

    All of them, or none.
    """
    refuse_twice("ids", call.body.ids)
    try:
        ended = await provisioning.revoke_tokens(call.body.ids, actor=call.caller.actor)
    except UnknownToken as error:
        place = [str(each) for each in call.body.ids].index(str(error))
        raise Invalid(faults=[Fault("There is no such token.", pointer=f"/ids/{place}")]) from error
    return Answer(RevokedTokens(revoked=ended))


async def _done(call: Call[Nothing, ClientSelection], act: ClientAct) -> None:
    """Raises ``Invalid``, ``Conflict`` and ``BeyondOwnScopes``."""
    seen = {each.client_id: each.updated_at for each in call.body.clients}
    names = [each.client_id for each in call.body.clients]
    refuse_twice("clients", names)

    def check(client: Client) -> str:
        if act in _LETTING_IN:
            call.caller.refuse_more_than_own(*client.scopes)
        is_other = seen[client.client_id] not in (None, client.updated_at)
        return "It was changed meanwhile." if is_other else ""

    try:
        await provisioning.act_on_clients(
            call.parts, names, act, check=check, actor=call.caller.actor
        )
    except UnknownClient as error:
        raise Invalid(faults=_faults(names, {str(error): "There is no such client."})) from error
    except UnfitSelection as error:
        raise Conflict(str(error), faults=_faults(names, error.faults)) from error


_LETTING_IN = (ClientAct.APPROVE, ClientAct.ENABLE)


def _faults(names: Sequence[str], said: Mapping[str, str]) -> list[Fault]:
    return [
        Fault(said[name], pointer=f"/clients/{place}")
        for place, name in enumerate(names)
        if name in said
    ]


def refuse_twice(member: str, named: Sequence[object]) -> None:
    """Raises ``Invalid`` where this member of the body names something, or somebody, twice."""
    twice = [place for place, each in enumerate(named) if each in named[:place]]
    if twice:
        pointers = [f"/{member}/{place}" for place in twice]
        raise Invalid(
            faults=[Fault("This one is named before.", pointer=each) for each in pointers]
        )


_DECIDED = (BeyondOwnScopes, Conflict)


def _on_clients(
    act: str,
    perform: Callable[[Call[Nothing, ClientSelection]], Awaitable[Answer[None]]],
    *,
    scope: Scope = Scope.CLIENTS_WRITE,
    problems: Sequence[type[Problem]] = (Conflict,),
) -> Operation:
    return operation(
        HTTPMethod.POST,
        f"/bulk/clients/{act}",
        perform,
        scope=scope,
        status=HTTPStatus.NO_CONTENT,
        problems=problems,
    )


OPERATIONS = [
    _on_clients("approve", approve_clients, problems=_DECIDED),
    _on_clients("enable", enable_clients, problems=_DECIDED),
    _on_clients("disable", disable_clients),
    _on_clients("revoke-tokens", revoke_tokens_of_clients, scope=Scope.TOKENS_WRITE),
    _on_clients("mark-seen", mark_clients_seen),
    operation(HTTPMethod.POST, "/bulk/tokens/revoke", revoke_tokens, scope=Scope.TOKENS_WRITE),
]
