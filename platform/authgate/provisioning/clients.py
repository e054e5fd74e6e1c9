"""How a client begins, changes, is given another secret and ends."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime

from authgate import audit, storage
from authgate.accounts import access, leavings
from authgate.audit import ANONYMOUS, SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.provisioning import client_fitness, sectors
from authgate.provisioning.unfit import UnfitClient
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import CLIENT_SECRET_JWT, ClientMetadata
from authgate.storage.clients.rows import Client
from authgate.storage.clients.secrets import new_secret
from authgate.storage.tenants import scopes
from authgate.tokens import id_token
from authgate.tokens.client_secret_seal import ClientSecretSeal
from authgate.vocabulary import ClientStatus


class UnknownClient(LookupError):
    """The tenant has no client with this id, or it has no secret where one is replaced."""


class NotApproved(ValueError):
    """The client waits for an administrator, or was turned down by one."""

    def __init__(self, status: ClientStatus) -> None:
        pending = status is ClientStatus.PENDING
        super().__init__(
            text("The client is pending.") if pending else text("The client is rejected.")
        )


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client and its secret, which is shown once."""

    client: Client
    secret: str | None


async def add_client(
    parts: Installation,
    draft: ClientDraft,
    *,
    secret: str | None = None,
    secret_expires_at: datetime | None = None,
    actor: Actor = SYSTEM,
) -> NewClient:
    """A new client of the current tenant, with the secret given or a new one.

    Raises ``BadClientId``, ``ClientIdTaken``, ``UnfitClient`` and ``BadRedirectUri``.
    """
    client_fitness.check(draft)
    if sectors.must_ask(draft):
        await sectors.confirm(parts, draft)
    await _ensure_key(parts, draft.metadata)
    secret = (secret or new_secret()) if draft.needs_secret else None
    async with storage.transaction():
        await scopes.keep(draft.scopes)
        client = await clients.create(draft, secret=secret, secret_expires_at=secret_expires_at)
        if secret and CLIENT_SECRET_JWT in client.authentication_methods:
            sealed = await ClientSecretSeal(parts.encryption).sealed(client.client_id, secret)
            await clients.keep_sealed(client.client_id, sealed)
        if _came_by_itself(client, actor):
            await clients.set_unseen(client.client_id, unseen=True)
        await audit.record(
            Event.CLIENT_CREATED,
            actor=actor,
            client_id=client.client_id,
            resource=("client", client.client_id),
        )
        await _client_changed(parts, client.client_id)
    return NewClient(client, secret)


async def change_client(
    parts: Installation, client_id: str, change: ClientChange, *, actor: Actor = SYSTEM
) -> Client:
    """Change a client of the current tenant, in force at once; the client as it is then.

    Raises ``UnknownClient``, ``UnfitClient`` and ``BadRedirectUri``.
    """
    if change.metadata is not None:
        await _ensure_key(parts, change.metadata)
    async with storage.transaction():
        former = await clients.held(client_id)
        if former is None:
            raise UnknownClient(client_id)
        wanted = _changed(former, change)
        client_fitness.check(wanted)
        if sectors.must_ask(wanted, ClientDraft.of(former)):
            await sectors.confirm(parts, wanted)
            # Nobody was held up meanwhile.
            if await clients.held(client_id) != former:
                raise UnfitClient(
                    sectors.FIELD, text("Somebody has changed the client: look again.")
                )
        await scopes.keep(change.scopes or ())
        await clients.change(client_id, change)
        methods = change.authentication_methods or former.authentication_methods
        if former.secrets.sealed is not None and CLIENT_SECRET_JWT not in methods:
            await clients.keep_none_sealed(client_id)
        after = replace(former, **change.given())
        if _came_by_itself(after, actor):
            await clients.set_unseen(client_id, unseen=True)
        await _updated(parts, client_id, {"changes": _changes(former, after)}, actor=actor)
    return after


def _changes(before: Client, after: Client) -> list[dict[str, object]]:
    was, now = (_said(each) for each in (before, after))
    return [{"setting": name, "was": was[name], "is": it}
            for name, it in now.items() if it != was[name]]  # fmt: skip


def _said(client: Client) -> dict[str, object]:
    """What can be changed of a client, one by one."""
    names = [each.name for each in fields(ClientChange) if each.name != "metadata"]
    said = {name: getattr(client, name) for name in names} | asdict(client.metadata)
    # Of no list does the order mean anything.
    return {
        name: sorted(it) if isinstance(it, tuple | list | frozenset) else it
        for name, it in said.items()
    }


async def _ensure_key(parts: Installation, said: ClientMetadata) -> None:
    # Made with its first ID token, it would be in no JWKS that anybody has read by then.
    for algorithm in id_token.ALGORITHMS:
        if algorithm == said.id_token_signed_response_alg:
            await parts.keys.ensure(algorithm)


def _came_by_itself(client: Client, actor: Actor) -> bool:
    """Whether it is served as somebody wants who does not administer the tenant."""
    is_own = actor == ANONYMOUS or actor.id in (str(client.owner_id), client.client_id)
    # What a document describes is told at its address, and goes when nobody uses it.
    return is_own and client.status is ClientStatus.ACTIVE and not client.has_document


async def mark_client_seen(parts: Installation, client_id: str, *, actor: Actor = SYSTEM) -> None:
    """Nobody has to look any more at a client that is served. Raises ``UnknownClient``."""
    async with storage.transaction():
        if await clients.set_unseen(client_id, unseen=False):
            await _updated(parts, client_id, {"seen": True}, actor=actor)
        elif await clients.find(client_id) is None:
            raise UnknownClient(client_id)


async def rotate_client_secret(
    parts: Installation,
    client_id: str,
    *,
    secret: str | None = None,
    expires_at: datetime | None = None,
    former_until: datetime | None = None,
    authentication_methods: Collection[str] = (),
    actor: Actor = SYSTEM,
) -> str:
    """Another secret for a client of the current tenant, which from now on proves itself by these
    methods, where there are any.

    The former one is good until ``former_until`` or its own end, or ends at once. Raises
    ``UnknownClient`` where there is no such client, or it has no secret, and ``UnfitClient``.
    """
    secret = secret or new_secret()
    async with storage.transaction():
        client = await clients.held(client_id)
        if client is None:
            raise UnknownClient(client_id)
        methods = authentication_methods or client.authentication_methods
        if authentication_methods:
            await _prove_by(client, authentication_methods)
        sealed = await _sealed(parts, client_id, methods, secret)
        former_until = client.secrets.kept_until(former_until, now=parts.clock())
        if not await clients.replace_secret(
            client_id, secret, expires_at=expires_at, former_until=former_until, sealed=sealed
        ):
            raise UnknownClient(client_id)
        await audit.record(
            Event.CLIENT_SECRET_REGENERATED,
            actor=actor,
            client_id=client_id,
            resource=("client", client_id),
            details=_said_of_rotation(former_until, authentication_methods),
        )
        await _client_changed(parts, client_id)
    return secret


def _changed(former: Client, change: ClientChange) -> ClientDraft:
    """What the client will be. Raises ``UnfitClient`` where it would need what it has not."""
    draft = replace(ClientDraft.of(former), **change.given())
    draft = replace(draft, public="none" in draft.methods())
    if draft.needs_secret and former.secrets.current is None:
        raise UnfitClient(
            "authentication_methods", text("It has no secret: create another client.")
        )
    if CLIENT_SECRET_JWT in set(draft.methods()) - former.authentication_methods:
        # Of its secret there is a hash: nothing that it signs could be checked.
        fault = text(
            "To sign with a secret it needs a new one: make that and choose this in one step."
        )
        raise UnfitClient("authentication_methods", fault)
    return draft


def _said_of_rotation(
    former_until: datetime | None, authentication_methods: Collection[str]
) -> dict[str, object]:
    details: dict[str, object] = {}
    if former_until:
        details["former_until"] = former_until.isoformat()
    if authentication_methods:
        details["authentication_methods"] = sorted(authentication_methods)
    return details


async def _prove_by(client: Client, methods: Collection[str]) -> None:
    draft = replace(ClientDraft.of(client), authentication_methods=methods)
    client_fitness.check(replace(draft, public="none" in methods))
    if not draft.needs_secret:
        raise UnfitClient("authentication_methods", text("None of these needs a secret."))
    await clients.change(client.client_id, ClientChange(authentication_methods=methods))
    if client.secrets.sealed is not None and CLIENT_SECRET_JWT not in methods:
        await clients.keep_none_sealed(client.client_id)


async def _sealed(
    parts: Installation, client_id: str, methods: Collection[str], secret: str
) -> bytes | None:
    if CLIENT_SECRET_JWT not in methods:
        return None
    return await ClientSecretSeal(parts.encryption).sealed(client_id, secret)


async def end_former_client_secret(
    parts: Installation, client_id: str, *, actor: Actor = SYSTEM
) -> None:
    """Let only the current secret of a client count. Raises ``UnknownClient`` where it is so."""
    async with storage.transaction():
        if not await clients.end_former_secret(client_id):
            raise UnknownClient(client_id)
        await _updated(parts, client_id, {"former_secret": "ended"}, actor=actor)


async def set_client_status(
    parts: Installation, client_id: str, status: ClientStatus, *, actor: Actor = SYSTEM
) -> None:
    """Stop serving a client of the current tenant, or serve it again.

    Its tokens end at once and come back with it. Raises ``UnknownClient`` and ``NotApproved``.
    """
    async with storage.transaction():
        if not await clients.set_status(client_id, status):
            held = await clients.held(client_id)
            raise UnknownClient(client_id) if held is None else NotApproved(held.status)
        await _updated(parts, client_id, {"status": status}, actor=actor)


async def review_client(
    parts: Installation, client_id: str, *, approved: bool, actor: Actor = SYSTEM
) -> None:
    """Approve or reject a client that waits for it. Raises ``UnknownClient`` where none waits."""
    status = ClientStatus.ACTIVE if approved else ClientStatus.REJECTED
    async with storage.transaction():
        if not await clients.review(client_id, status):
            raise UnknownClient(client_id)
        await clients.set_unseen(client_id, unseen=False)
        await audit.record(
            Event.CLIENT_APPROVED if approved else Event.CLIENT_REJECTED,
            actor=actor,
            client_id=client_id,
            resource=("client", client_id),
        )
        await _client_changed(parts, client_id)


async def delete_client(parts: Installation, client_id: str, *, actor: Actor = SYSTEM) -> None:
    """Remove a client and whatever it was given, and end what others were given for that.

    Raises ``UnknownClient``.
    """
    async with storage.transaction():
        await leavings.end_exchanged(client_id)
        if not await clients.delete(client_id):
            raise UnknownClient(client_id)
        if await clients.leavings(client_id):
            await leavings.later(client_id=client_id)
        await audit.record(
            Event.CLIENT_DELETED,
            actor=actor,
            client_id=client_id,
            resource=("client", client_id),
        )
        await _client_changed(parts, client_id)


async def revoke_client_tokens(
    parts: Installation, client_id: str, *, actor: Actor = SYSTEM
) -> int:
    """End whatever a client was given; how many tokens ended at once, which are not all of very
    many. Raises ``UnknownClient``."""
    async with storage.transaction():
        if await clients.find(client_id) is None:
            raise UnknownClient(client_id)
        ended = await access.end_all_of_client(client_id, now=parts.clock())
        await audit.record(
            Event.CLIENT_TOKENS_REVOKED_ALL,
            actor=actor,
            client_id=client_id,
            resource=("client", client_id),
            details={"tokens": ended},
        )
        await _client_changed(parts, client_id)
    return ended


async def _updated(
    parts: Installation, client_id: str, details: Mapping[str, object], *, actor: Actor
) -> None:
    await audit.record(
        Event.CLIENT_UPDATED,
        actor=actor,
        client_id=client_id,
        resource=("client", client_id),
        details=details,
    )
    await _client_changed(parts, client_id)


async def _client_changed(parts: Installation, client_id: str) -> None:
    await parts.clients.invalidate(clients.cache_key(client_id))
    await parts.origins.invalidate(clients.origins_key())
