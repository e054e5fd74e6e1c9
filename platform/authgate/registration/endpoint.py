"""``/oauth/register``: clients register themselves (RFC 7591 section 3), and then read, change and
remove themselves there (RFC 7592 section 2).

Whatever of an initial access token does not hold, the answer is the same; so it is with the token
that manages a client.
"""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from authgate import audit, provisioning, storage
from authgate.audit import ANONYMOUS, Event
from authgate.installation import Installation
from authgate.oauth.errors import (
    AccessDenied,
    InvalidClientMetadata,
    InvalidToken,
    MissingToken,
    OAuthError,
    RegistrationClosed,
)
from authgate.oauth.registered_clients import RegisteredClients
from authgate.oauth.turns import Turns
from authgate.provisioning import NewClient, UnfitClient
from authgate.registration import changes, metadata
from authgate.storage.batches.contest import Contest
from authgate.storage.clients import clients, initial_access_tokens, registrations
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.rows import Client
from authgate.telemetry.metrics import client_registrations as counted
from authgate.tokens.id_token import algorithm_for
from authgate.vocabulary import ClientStatus
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.machine import NO_STORE, Handler, MachineRequest, Reply, parse_pairs
from authgate.web.redirect_uris import BadRedirectUri
from authgate_tenants import current_tenant

PATH: Final = "/oauth/register"

_NOT_GOOD = "The token is unknown, has ended or was used."
_LONGEST = 256
_SHOWING_A_SECRET = ("client_secret_basic", "client_secret_post")


class NotChangeable(AccessDenied):
    """The client is not served, and does not change that itself (RFC 7592 section 2.2)."""

    status = 403


class RegistrationEndpoint:
    """Registers clients, and lets them look after themselves."""

    def __init__(self, parts: Installation, *, clients: RegisteredClients, limits: Limits) -> None:
        self._parts = parts
        self._clients = clients
        self._limits = limits
        self._turns = Turns()
        # Each change ends the token that it was asked for with.
        self._changes = Contest()

    def methods(self) -> dict[str, Handler]:
        """What answers, by method."""
        return {
            "POST": self.register,
            "GET": self.read,
            "PUT": self.change,
            "DELETE": self.remove,
        }

    async def register(self, request: MachineRequest) -> Reply:
        """A new client, with the token that manages it."""
        await self._limits.count("registration_per_ip", bucket(request.client_ip))
        try:
            token = await self._admitted(request)
            wanted = metadata.wanted(metadata.read(request))
            made, managed_by = await self._in_turn(wanted, token)
        except OAuthError:
            counted.add("refused")
            raise
        counted.add("registered")
        secret = {} if made.secret is None else {"client_secret": made.secret}
        return Reply.json(201, _told(made.client, managed_by) | secret)

    async def read(self, request: MachineRequest) -> Reply:
        """What is registered."""
        client, token = await self._holder(request)
        return Reply.json(200, _told(client, token))

    async def change(self, request: MachineRequest) -> Reply:
        """What is registered from now on, all of it; the token becomes another."""
        client, token = await self._holder(request)
        document = metadata.read(request)
        _check_named(client, document, now_has=self._parts.clock())
        wanted = metadata.wanted(document)
        held = (current_tenant().id, client.client_id, token)
        changing = partial(self._changed, client, wanted, token)
        changed = await self._changes.enter(held, changing, lost=None)
        if changed is None:
            raise InvalidToken(_NOT_GOOD)
        counted.add("changed")
        return Reply.json(200, _told(*changed))

    async def remove(self, request: MachineRequest) -> Reply:
        """The client is gone, with all that it was given."""
        client, _ = await self._holder(request)
        try:
            await provisioning.delete_client(self._parts, client.client_id, actor=_itself(client))
        except provisioning.UnknownClient as error:
            raise InvalidToken(_NOT_GOOD) from error
        counted.add("removed")
        return Reply(204, b"", NO_STORE)

    async def _admitted(self, request: MachineRequest) -> str | None:
        """The initial access token; ``None`` where everybody may come without one."""
        kind = current_tenant().settings.client_registration
        if kind == "off":
            raise RegistrationClosed("Clients do not register themselves here.")
        if kind == "open" and request.header(b"authorization") is None:
            return None
        token = _bearer(request)
        if not await initial_access_tokens.is_good(token, now=self._parts.clock()):
            raise InvalidToken(_NOT_GOOD)
        return token

    async def _in_turn(self, wanted: ClientDraft, token: str | None) -> tuple[NewClient, str]:
        if token is None:
            return await self._registered(wanted, token)
        key = (current_tenant().id, token)
        while await self._turns.waited(key):
            # Somebody else was at it, and may have used it up.
            if not await initial_access_tokens.is_good(token, now=self._parts.clock()):
                raise InvalidToken(_NOT_GOOD)
        with self._turns.take(key):
            return await self._registered(wanted, token)

    async def _registered(self, wanted: ClientDraft, token: str | None) -> tuple[NewClient, str]:
        now = self._parts.clock()
        unused = timedelta(seconds=current_tenant().settings.unused_client_lifetime)
        async with storage.transaction():
            try:
                made = await provisioning.add_client(
                    self._parts, replace(wanted, expires_at=now + unused), actor=ANONYMOUS
                )
            except (UnfitClient, BadRedirectUri) as error:
                raise metadata.refusal(error) from error
            # Last of all: to make a client may take another host's answer, outside of this unit.
            if token is not None and not await initial_access_tokens.spend(token, now=now):
                raise InvalidToken(_NOT_GOOD)
            managed_by = await registrations.grant(made.client.client_id)
            await _record(Event.CLIENT_REGISTERED, made.client)
        return made, managed_by

    async def _holder(self, request: MachineRequest) -> tuple[Client, str]:
        """The client that a request names, whose token it brings."""
        await self._limits.count("registered_clients_per_ip", bucket(request.client_ip))
        token = _bearer(request)
        named = dict(parse_pairs(request.query)).get("client_id", "")
        client = await self._clients.find(named)
        if client is None or not await registrations.is_held(named, token):
            # RFC 7592 section 2: the same where there is no such client any more.
            raise InvalidToken(_NOT_GOOD)
        return client, token

    async def _changed(
        self, client: Client, wanted: ClientDraft, token: str
    ) -> tuple[Client, str] | None:
        async with storage.transaction():
            # As it is now, and not as it is remembered: an administrator may have ended it.
            held = await clients.held(client.client_id)
            if held is None:
                return None
            client = held
            if client.status not in (ClientStatus.ACTIVE, ClientStatus.PENDING):
                raise NotChangeable("An administrator has ended this client.")
            change = _difference(client, wanted)
            try:
                if change.given():
                    client = await provisioning.change_client(
                        self._parts, client.client_id, change, actor=_itself(client)
                    )
            except (UnfitClient, BadRedirectUri) as error:
                raise metadata.refusal(error) from error
            # Last of all: a change may take another host's answer, outside of this unit.
            another = await registrations.rotate(client.client_id, token)
            if another is None:
                # What was changed meanwhile is changed back, and whoever came first has it.
                raise InvalidToken(_NOT_GOOD)
        return client, another


def _difference(client: Client, wanted: ClientDraft) -> ClientChange:
    [method] = wanted.methods()
    if _credential(method) not in map(_credential, client.authentication_methods):
        raise InvalidClientMetadata(
            "token_endpoint_auth_method: what a client proves itself with stays as it is."
        )
    return changes.between(client, _without_what_it_was_told(client, wanted))


def _without_what_it_was_told(client: Client, wanted: ClientDraft) -> ClientDraft:
    """A client that says back what everybody's ID tokens are signed by has not chosen that."""
    said = wanted.metadata.id_token_signed_response_alg
    if client.metadata.id_token_signed_response_alg or said != algorithm_for(client):
        return wanted
    return replace(wanted, metadata=replace(wanted.metadata, id_token_signed_response_alg=""))


def _credential(method: str) -> str:
    """What a client needs for its method: a secret that it shows goes for two of them."""
    return "client_secret" if method in _SHOWING_A_SECRET else method


def _check_named(client: Client, document: dict[str, Any], *, now_has: Any) -> None:
    """RFC 7592 section 2.2: a client names itself, and no secret but its own."""
    if document.get("client_id") != client.client_id:
        raise InvalidClientMetadata("client_id: it has to be the client's own.")
    secret = document.get("client_secret")
    if secret is not None and not (
        isinstance(secret, str) and client.secrets.include(secret, now=now_has)
    ):
        raise InvalidClientMetadata("client_secret: it has to be the client's own.")


def _told(client: Client, managed_by: str) -> dict[str, Any]:
    address = f"{current_tenant().issuer}{PATH}?client_id={quote(client.client_id, safe='')}"
    ends = client.secrets.expires_at
    has_secret = client.secrets.current is not None
    secret = {"client_secret_expires_at": int(ends.timestamp()) if ends else 0}
    return (
        metadata.described(client)
        | (secret if has_secret else {})
        | {"registration_access_token": managed_by, "registration_client_uri": address}
    )


def _bearer(request: MachineRequest) -> str:
    authorization = request.header(b"authorization")
    if authorization is None:
        raise MissingToken
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= _LONGEST:
        raise InvalidToken(_NOT_GOOD)
    return token


def _itself(client: Client) -> audit.Actor:
    return audit.client(client.client_id, client.name)


async def _record(event: Event, client: Client) -> None:
    await audit.record(
        event,
        actor=ANONYMOUS,
        client_id=client.client_id,
        resource=("client", client.client_id),
        details={
            "redirect_uris": list(client.redirect_uris),
            "software": client.metadata.software_id,
            "status": client.status,
        },
    )
