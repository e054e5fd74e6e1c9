"""``/admin/clients/<id>``: a client, and what an administrator decides about it."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from authgate import provisioning
from authgate.accounts.standing import actor
from authgate.admin.console import (
    client_lines,
    client_people,
    frame,
    metadata_fields,
    snippets,
    token_lines,
)
from authgate.admin.console.administrators import beyond_role, refuse_beyond_role
from authgate.admin.console.client_kinds import grant_names, kind_of
from authgate.admin.console.frame import ROOT, Console, done, held_client, named_client
from authgate.permissions import Area, reads, writes
from authgate.provisioning import NotApproved, UnknownClient
from authgate.storage.clients import clients
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.clients.rows import Client
from authgate.storage.grants import consents
from authgate.storage.grants.consents import Consent
from authgate.storage.issued import tokens
from authgate.storage.issued.tokens import Token, TokenFilter
from authgate.storage.paging import Order
from authgate.storage.people import users
from authgate.vocabulary import ClientStatus
from authgate.web import usage_chart
from authgate.web.client_view_models import ClientPage, SecretLine
from authgate.web.console_view_models import Done

_ONE = f"{ROOT}/clients/<row_id>"
_NEWEST = 5
_SHOWN = ("allowed_origins", "jwks")
_FLAGS = ("pkce_optional", "introspects", "unauthenticated_device_grant")


class ClientPages:
    """Shows a client, and changes whether it is served."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("client")
        routes.get(_ONE, self.show, reads(Area.CLIENTS))
        routes.post(f"{_ONE}/review", self.review, writes(Area.CLIENTS))
        routes.post(f"{_ONE}/status", self.set_status, writes(Area.CLIENTS))
        routes.post(f"{_ONE}/revoke", self.revoke, writes(Area.TOKENS))
        routes.post(f"{_ONE}/end-former-secret", self.end_former_secret, writes(Area.CLIENTS))
        return routes.blueprint

    async def show(self, row_id: str) -> Response:
        """What it is, and how to connect it."""
        client = await named_client(row_id)
        here = client_lines.url(client)
        content = ClientPage(
            frame=await self._console.frame(),
            name=client.name,
            description=client.description,
            client_id=client.client_id,
            kind=kind_of(client),
            public=client.is_public,
            status=client.status,
            first_party=client.first_party,
            owner=await _owner(client),
            created_at=client.created_at,
            updated_at=client.updated_at,
            version=client_lines.version(client),
            grants=grant_names(client),
            scopes=client.scopes,
            redirect_uris=client.redirect_uris,
            allowed_origins=client.metadata.allowed_origins,
            consent=client.consent,
            flags=[name for name in _FLAGS if getattr(client, name)],
            secrets=_secrets(client, self._console.now()),
            people_url=f"{here}/people",
            tokens_url=frame.url(f"/tokens?{urlencode({'client': client.client_id})}"),
            methods=sorted(client.authentication_methods),
            settings=_settings(client),
            people=await consents.count_of_client(client.client_id),
            newest_people=await client_people.lines(client, await _consents(client)),
            chart=await usage_chart.tokens(now=self._console.now(), client_id=client.client_id),
            newest_tokens=await token_lines.lines(await _tokens(client), now=self._console.now()),
            endpoints=snippets.endpoints(client),
            snippets=snippets.snippets(client),
            beyond_role=beyond_role(*client.scopes),
            edit_url=f"{here}/edit",
            rotate_url=f"{here}/secret",
            delete_url=f"{here}/delete",
            unseen=bool(await clients.unseen_among([client.client_id])),
            review_action=f"{here}/review",
            status_action=f"{here}/status",
            revoke_action=f"{here}/revoke",
            end_former_action=f"{here}/end-former-secret",
        )
        return self._console.show("client.html", content)

    async def review(self, row_id: str) -> Response:
        """Approve or reject one that waits, or have seen one that is served already; one that
        waits no more stays as it is, and so does one that was something else when it was shown."""
        client, form = await held_client(row_id), await request.form
        decision = form.get("decision")
        if decision not in ("approve", "reject", "seen"):
            raise BadRequest
        approved = decision == "approve"
        if decision != "reject" and form.get("version") != client_lines.version(client):
            return done(client_lines.path(client), Done.NOTHING)
        if approved:
            refuse_beyond_role(*client.scopes)
        if decision == "seen":
            await provisioning.mark_client_seen(
                self._console.parts, client.client_id, actor=actor()
            )
            return done(client_lines.path(client), Done.SEEN)
        try:
            await provisioning.review_client(
                self._console.parts, client.client_id, approved=approved, actor=actor()
            )
        except UnknownClient:
            return done(client_lines.path(client), Done.NOTHING)
        return done(client_lines.path(client), Done.APPROVED if approved else Done.REJECTED)

    async def set_status(self, row_id: str) -> Response:
        """Stop serving it, or serve it again; not one that somebody has to approve."""
        client, wanted = await named_client(row_id), (await request.form).get("status")
        if wanted not in (ClientStatus.ACTIVE, ClientStatus.INACTIVE):
            raise BadRequest
        status = ClientStatus(wanted)
        if status is ClientStatus.ACTIVE:
            refuse_beyond_role(*client.scopes)
        try:
            await provisioning.set_client_status(
                self._console.parts, client.client_id, status, actor=actor()
            )
        except NotApproved:
            return done(client_lines.path(client), Done.NOTHING)
        active = status is ClientStatus.ACTIVE
        return done(client_lines.path(client), Done.ENABLED if active else Done.DISABLED)

    async def revoke(self, row_id: str) -> Response:
        """End whatever it was given."""
        client = await named_client(row_id)
        await provisioning.revoke_client_tokens(
            self._console.parts, client.client_id, actor=actor()
        )
        return done(client_lines.path(client), Done.REVOKED)

    async def end_former_secret(self, row_id: str) -> Response:
        """Let only its current secret count."""
        client = await named_client(row_id)
        try:
            await provisioning.end_former_client_secret(
                self._console.parts, client.client_id, actor=actor()
            )
        except UnknownClient:
            return done(client_lines.path(client), Done.NOTHING)
        return done(client_lines.path(client), Done.FORMER_ENDED)


async def _consents(client: Client) -> Sequence[Consent]:
    newest = Order.of("-updated_at")
    return (await consents.page(newest, client_id=client.client_id, limit=_NEWEST)).rows


async def _tokens(client: Client) -> Sequence[Token]:
    return (await tokens.page(TokenFilter(client_id=client.client_id), limit=_NEWEST)).rows


def _settings(client: Client) -> dict[str, Sequence[str]]:
    """What is said of it besides, where it is not as it begins."""
    said, beginning = metadata_fields.of(client.metadata), metadata_fields.of(ClientMetadata())
    own = {"project": client.project, "service_account": client.service_account}
    different = {name: value for name, value in said.items() if value != beginning[name]}
    return {
        name: value.splitlines() if isinstance(value, str) else ["\N{CHECK MARK}"]
        for name, value in sorted((different | own).items())
        if value and name not in _SHOWN
    }


async def _owner(client: Client) -> str:
    owner = await users.find(client.owner_id) if client.owner_id else None
    return owner.username if owner else ""


def _secrets(client: Client, now: datetime) -> list[SecretLine]:
    held = client.secrets
    ends = {False: (held.current, held.expires_at), True: (held.former, held.former_expires_at)}
    return [
        SecretLine(former=former, ends_at=end, ended=end is not None and end <= now)
        for former, (hashed, end) in ends.items()
        if hashed is not None
    ]
