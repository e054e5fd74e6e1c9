"""``/clients``: the applications of the tenant."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import timedelta
from http import HTTPMethod, HTTPStatus
from typing import Any
from urllib.parse import quote

from authgate import provisioning, storage
from authgate.admin.client_documents import (
    ClientCreation,
    ClientDocument,
    ClientList,
    ClientQuery,
    ClientSettings,
    CreatedClient,
    RevokedTokens,
    RotatedSecret,
    SecretRotation,
)
from authgate.admin.places import BASE
from authgate.api import lists
from authgate.api.bodies import Nothing
from authgate.api.operations import Answer, Call, MergePatch, operation
from authgate.api.problems import (
    BeyondOwnScopes,
    Changed,
    Conflict,
    Fault,
    Invalid,
    NotFound,
    QuotaReached,
)
from authgate.provisioning import NotApproved, UnfitClient, UnknownClient, client_fitness
from authgate.storage.clients import clients, secrets
from authgate.storage.clients.clients import BadClientId, ClientIdTaken
from authgate.storage.clients.drafts import ClientChange, ClientDraft, ClientFilter
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.clients.rows import Client
from authgate.storage.clients.secrets import WeakSecret
from authgate.storage.paging import Order
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import ClientStatus
from authgate_tenants import current_tenant


async def list_clients(call: Call[ClientQuery, Nothing]) -> Answer[ClientList]:
    """List clients."""
    asked = call.query
    page = await clients.page(
        ClientFilter(
            search=asked.search,
            status=asked.status,
            public=asked.public,
            owner_id=asked.owner_id,
            unseen=asked.unseen,
        ),
        Order.of(asked.sort),
        cursor=await lists.opened(call),
        limit=asked.limit,
    )
    return await lists.answer(call, page, ClientList, _document)


async def create_client(call: Call[Nothing, ClientCreation]) -> Answer[CreatedClient]:
    """Create a client.

    Its secret is shown this once. A scope of this API can be given to it only by whoever has
    that scope.
    """
    said = call.body
    call.caller.refuse_more_than_own(*said.scopes)
    draft = ClientDraft(
        **_values(said),
        client_id=said.client_id,
        public=said.public,
    )
    _refuse_unfit(call, draft)
    if said.client_secret is not None:
        _refuse_unfit_secret(draft, said.client_secret)
    with _worded():
        created = await provisioning.add_client(
            call.parts,
            draft,
            secret=said.client_secret,
            secret_expires_at=said.secret_expires_at,
            actor=call.caller.actor,
        )
    fresh = created.secret if said.client_secret is None else None
    told = CreatedClient(**_members(created.client), client_secret=fresh)
    place = f"{current_tenant().issuer}{BASE}/clients/{quote(told.client_id, safe='')}"
    return Answer(told, ((b"location", place.encode("ascii")),))


async def read_client(call: Call[Nothing, Nothing]) -> Answer[ClientDocument]:
    """Read a client."""
    return Answer(_document(await _found(call)))


async def change_client(call: Call[Nothing, MergePatch[ClientSettings]]) -> Answer[ClientDocument]:
    """Change a client.

    What the patch leaves out stays, and what is `null` becomes what it is where nobody sets it.
    A client that has scopes of this API can be changed only by whoever has them too.
    """
    client_id = (await _found(call)).client_id
    async with storage.transaction():
        before = await _held(client_id)
        call.refuse_if_changed(_document(before))
        after = call.body.applied(_settings(before))
        call.caller.refuse_more_than_own(*before.scopes, *after.scopes)
        change = _change(before, after)
        _refuse_unfit(call, _changed(before, change))
        with _worded():
            await provisioning.change_client(call.parts, client_id, change, actor=call.caller.actor)
        return Answer(_document(await _held(client_id)))


async def delete_client(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Remove a client, and whatever it was given."""
    client_id = (await _found(call)).client_id
    async with storage.transaction():
        call.refuse_if_changed(_document(await _held(client_id)), required=False)
        with _worded():
            await provisioning.delete_client(call.parts, client_id, actor=call.caller.actor)
    return Answer(None)


async def rotate_client_secret(call: Call[Nothing, SecretRotation]) -> Answer[RotatedSecret]:
    """Give a client another secret.

    It is shown this once. The former one ends at once, or after the overlap.
    """
    client, said = await _found(call), call.body
    call.caller.refuse_more_than_own(*client.scopes)
    overlap, now = timedelta(seconds=said.overlap_seconds), call.parts.clock()
    former_until = client.secrets.kept_until(now + overlap if overlap else None, now=now)
    try:
        secret = await provisioning.rotate_client_secret(
            call.parts,
            client.client_id,
            expires_at=said.secret_expires_at,
            former_until=former_until,
            authentication_methods=said.authentication_methods,
            actor=call.caller.actor,
        )
    except UnknownClient as error:
        raise Conflict("The client has no secret.") from error
    except UnfitClient as error:
        raise Invalid(faults=[Fault(str(error), pointer=_pointer(error.field))]) from error
    return Answer(
        RotatedSecret(
            client_id=client.client_id,
            client_secret=secret,
            secret_expires_at=said.secret_expires_at,
            former_secret_expires_at=former_until,
        )
    )


async def end_former_client_secret(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Let only the newest secret of a client count."""
    client = await _found(call)
    with _worded():
        await provisioning.end_former_client_secret(
            call.parts, client.client_id, actor=call.caller.actor
        )
    return Answer(None)


async def approve_client(call: Call[Nothing, Nothing]) -> Answer[ClientDocument]:
    """Approve a client that waits for it.

    Until then its owner may change it: with `If-Match` only what you have read is approved.
    """
    return await _reviewed(call, approved=True)


async def reject_client(call: Call[Nothing, Nothing]) -> Answer[ClientDocument]:
    """Reject a client that waits for approval."""
    return await _reviewed(call, approved=False)


async def disable_client(call: Call[Nothing, Nothing]) -> Answer[ClientDocument]:
    """Stop serving a client.

    Its tokens end at once and come back with it. One that waits for approval is rejected instead.
    """
    return await _in_status(call, ClientStatus.INACTIVE)


async def enable_client(call: Call[Nothing, Nothing]) -> Answer[ClientDocument]:
    """Serve a client again.

    One that waits for approval or was rejected has to be approved.
    """
    return await _in_status(call, ClientStatus.ACTIVE)


async def revoke_client_tokens(call: Call[Nothing, Nothing]) -> Answer[RevokedTokens]:
    """End whatever a client was given.

    What people have allowed it stays allowed. Of more than 5,000 tokens the rest is not counted:
    it is good for nothing at once, and shown as revoked a little later.
    """
    client = await _found(call)
    with _worded():
        ended = await provisioning.revoke_client_tokens(
            call.parts, client.client_id, actor=call.caller.actor
        )
    return Answer(RevokedTokens(revoked=ended))


async def _reviewed(call: Call[Nothing, Nothing], *, approved: bool) -> Answer[ClientDocument]:
    client_id = (await _found(call)).client_id
    async with storage.transaction():
        client = await _held(client_id)
        if approved:
            call.refuse_if_changed(_document(client), required=False)
            call.caller.refuse_more_than_own(*client.scopes)
        try:
            await provisioning.review_client(
                call.parts, client.client_id, approved=approved, actor=call.caller.actor
            )
        except UnknownClient as error:
            raise Conflict("The client does not wait for approval.") from error
        return Answer(_document(await _held(client.client_id)))


async def _in_status(call: Call[Nothing, Nothing], status: ClientStatus) -> Answer[ClientDocument]:
    client_id = (await _found(call)).client_id
    async with storage.transaction():
        if status is ClientStatus.ACTIVE:
            call.caller.refuse_more_than_own(*(await _held(client_id)).scopes)
        with _worded():
            await provisioning.set_client_status(
                call.parts, client_id, status, actor=call.caller.actor
            )
        return Answer(_document(await _held(client_id)))


def _refuse_unfit(call: Call[Any, Any], draft: ClientDraft) -> None:
    """Raises ``Invalid`` for all that no client can be."""
    found = [
        Fault("There is no such grant here.", pointer=f"/grant_types/{place}")
        for place, name in enumerate(draft.grant_types)
        if name not in call.grant_types
    ]
    found += [
        Fault(fault, pointer=_pointer(name)) for name, fault in client_fitness.faults(draft).items()
    ]
    if found:
        raise Invalid(faults=found)


def _refuse_unfit_secret(draft: ClientDraft, secret: str) -> None:
    """Raises ``Invalid`` for what is no secret, and for that of a client that has none."""
    if not draft.needs_secret:
        raise Invalid(faults=[Fault("Such a client has no secret.", pointer="/client_secret")])
    try:
        secrets.check(secret)
    except WeakSecret as error:
        raise Invalid(faults=[Fault(str(error), pointer="/client_secret")]) from error


def _pointer(field: str) -> str:
    return f"/metadata/{field}" if field in _OF_METADATA else f"/{field}"


async def _found(call: Call[Any, Any]) -> Client:
    # By the quick way, which takes any text for an id.
    client = await clients.find(call.path["client_id"])
    if client is None:
        raise NotFound
    return client


async def _held(client_id: str) -> Client:
    client = await clients.held(client_id)
    if client is None:
        raise NotFound
    return client


@contextmanager
def _worded() -> Iterator[None]:
    """Say what storage and rooms below refuse."""
    try:
        yield
    except UnknownClient as error:
        raise NotFound from error
    except NotApproved as error:
        raise Conflict(str(error)) from error
    except ClientIdTaken as error:
        raise Conflict("Another client has this client_id.") from error
    except BadClientId as error:
        raise Invalid(faults=[Fault(str(error), pointer="/client_id")]) from error
    except UnfitClient as error:
        raise Invalid(faults=[Fault(str(error), pointer=_pointer(error.field))]) from error


def _change(client: Client, after: ClientSettings) -> ClientChange:
    change = ClientChange(**_values(after))
    if after.authentication_methods:
        return change
    usual = replace(ClientDraft.of(client), authentication_methods=()).methods()
    return replace(change, authentication_methods=usual)


def _changed(client: Client, change: ClientChange) -> ClientDraft:
    draft = replace(ClientDraft.of(client), **change.given())
    return replace(draft, public="none" in draft.methods())


def _values(settings: ClientSettings) -> dict[str, Any]:
    """By the names that storage has, what was said."""
    return {name: getattr(settings, name) for name in ClientSettings.model_fields}


def _settings(client: Client) -> ClientSettings:
    members = _members(client)
    return ClientSettings(**{name: members[name] for name in ClientSettings.model_fields})


def _document(client: Client) -> ClientDocument:
    return ClientDocument(**_members(client))


def _members(client: Client) -> dict[str, Any]:
    names = {each.name for each in fields(client)} & ClientDocument.model_fields.keys()
    return {name: getattr(client, name) for name in names} | {
        "public": client.is_public,
        "grant_types": sorted(client.grant_types),
        "authentication_methods": sorted(client.authentication_methods),
        "secret_expires_at": client.secrets.expires_at,
        "former_secret_expires_at": client.secrets.former_expires_at,
    }


_OF_METADATA = {each.name for each in fields(ClientMetadata)}
_READ, _WRITE = Scope.CLIENTS_READ, Scope.CLIENTS_WRITE
_GET, _POST, _DELETE = HTTPMethod.GET, HTTPMethod.POST, HTTPMethod.DELETE
_GONE = HTTPStatus.NO_CONTENT
_ONE, _REACH, _DECIDED = "/clients/{client_id}", [BeyondOwnScopes], [BeyondOwnScopes, Conflict]

OPERATIONS = [
    operation(_GET, "/clients", list_clients, scope=_READ),
    operation(
        _POST,
        "/clients",
        create_client,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[*_DECIDED, QuotaReached],
    ),
    operation(_GET, _ONE, read_client, scope=_READ),
    operation(HTTPMethod.PATCH, _ONE, change_client, scope=_WRITE, problems=_REACH),
    operation(_DELETE, _ONE, delete_client, scope=_WRITE, status=_GONE),
    operation(_POST, f"{_ONE}/secret", rotate_client_secret, scope=_WRITE, problems=_DECIDED),
    operation(
        _DELETE, f"{_ONE}/former-secret", end_former_client_secret, scope=_WRITE, status=_GONE
    ),
    operation(
        _POST, f"{_ONE}/approve", approve_client, scope=_WRITE, problems=[*_DECIDED, Changed]
    ),
    operation(_POST, f"{_ONE}/reject", reject_client, scope=_WRITE, problems=[Conflict]),
    operation(_POST, f"{_ONE}/disable", disable_client, scope=_WRITE, problems=[Conflict]),
    operation(_POST, f"{_ONE}/enable", enable_client, scope=_WRITE, problems=_DECIDED),
    operation(_POST, f"{_ONE}/revoke-tokens", revoke_client_tokens, scope=Scope.TOKENS_WRITE),
]
