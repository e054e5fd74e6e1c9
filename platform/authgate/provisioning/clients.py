"""How a client begins, changes and is given another secret."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.storage import clients
from authgate.storage.clients import (
    ApplicationType,
    Client,
    ClientChange,
    ClientStatus,
    ConsentPolicy,
)
from authgate.web.redirect_uris import check as check_redirect_uri


class UnknownClient(LookupError):
    """The tenant has no client with this id, or it has no secret where one is replaced."""


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client and its secret, which is shown once."""

    client: Client
    secret: str | None


async def add_client(
    parts: Installation,
    *,
    name: str,
    grant_types: Sequence[str],
    scopes: Sequence[str],
    public: bool,
    client_id: str | None = None,
    redirect_uris: Sequence[str] = (),
    application_type: ApplicationType = ApplicationType.WEB,
    consent: ConsentPolicy = ConsentPolicy.REMEMBERED,
    pkce_optional: bool = False,
    introspects: bool = False,
    first_party: bool = False,
    unauthenticated_device_grant: bool = False,
    secret: str | None = None,
    actor: Actor = SYSTEM,
) -> NewClient:
    """A new client of the current tenant, with the secret given or a new one.

    Raises ``BadClientId``, ``ClientIdTaken`` and ``BadRedirectUri``.
    """
    for uri in redirect_uris:
        check_redirect_uri(uri, application_type)
    secret = None if public else secret or clients.new_secret()
    async with storage.transaction():
        client = await clients.create(
            name=name,
            grant_types=grant_types,
            scopes=scopes,
            secret=secret,
            client_id=client_id,
            redirect_uris=redirect_uris,
            application_type=application_type,
            consent=consent,
            pkce_optional=pkce_optional,
            introspects=introspects,
            first_party=first_party,
            unauthenticated_device_grant=unauthenticated_device_grant,
        )
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
) -> None:
    """Change a client of the current tenant, in force at once.

    Raises ``UnknownClient`` and ``BadRedirectUri``.
    """
    async with storage.transaction():
        client = await clients.find(client_id)
        if client is None:
            raise UnknownClient(client_id)
        for uri in change.redirect_uris or ():
            check_redirect_uri(uri, client.application_type)
        await clients.change(client_id, change)
        await _updated(parts, client_id, change.values(), actor=actor)


async def rotate_client_secret(
    parts: Installation, client_id: str, *, secret: str | None = None, actor: Actor = SYSTEM
) -> str:
    """Another secret for a client of the current tenant; the old one ends at once.

    Raises ``UnknownClient`` where there is no such client, or it has no secret.
    """
    secret = secret or clients.new_secret()
    async with storage.transaction():
        if not await clients.replace_secret(client_id, secret):
            raise UnknownClient(client_id)
        await audit.record(
            Event.CLIENT_SECRET_REGENERATED,
            actor=actor,
            client_id=client_id,
            resource=("client", client_id),
        )
        await _client_changed(parts, client_id)
    return secret


async def set_client_status(
    parts: Installation, client_id: str, status: ClientStatus, *, actor: Actor = SYSTEM
) -> None:
    """Stop serving a client of the current tenant, or serve it again.

    Its tokens end at once and come back with it. Raises ``UnknownClient``.
    """
    async with storage.transaction():
        if not await clients.set_status(client_id, status):
            raise UnknownClient(client_id)
        await _updated(parts, client_id, {"status": status}, actor=actor)


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
    # After COMMIT: whoever looked before it would remember the former one.
    await storage.after_commit(partial(parts.clients.invalidate, clients.cache_key(client_id)))
