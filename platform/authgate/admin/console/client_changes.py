"""``/admin/clients/<id>/edit``, ``/secret``, ``/delete``: each a form of its own, asked first."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import provisioning
from authgate.accounts.answers import see_other
from authgate.accounts.standing import actor
from authgate.admin.console import client_form, client_lines
from authgate.admin.console.administrators import refuse_beyond_role
from authgate.admin.console.client_form import Filled
from authgate.admin.console.client_kinds import kind_of
from authgate.admin.console.frame import ROOT, Console, done, held_client, named_client
from authgate.admin.console.fresh_secret import FreshSecrets
from authgate.languages import text
from authgate.permissions import Area, writes
from authgate.provisioning import UnfitClient
from authgate.storage.clients.metadata import CLIENT_SECRET_JWT
from authgate.storage.clients.rows import Client
from authgate.storage.grants import consents
from authgate.web.client_form_view_models import ClientFields, ClientFormPage
from authgate.web.console_view_models import DeleteClientPage, Done, RotatePage, RotationFields

_ONE = f"{ROOT}/clients/<row_id>"
_MOST_HOURS = 720
_MOST_DAYS = 3650


class ClientChanges:
    """Changes a client, its secret, and whether it is there at all."""

    def __init__(self, *, console: Console) -> None:
        self._console = console
        self._fresh_secrets = FreshSecrets(console.parts.encryption)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("client-changes")
        routes.get(f"{_ONE}/edit", self.edit, writes(Area.CLIENTS))
        routes.post(f"{_ONE}/edit", self.change, writes(Area.CLIENTS))
        routes.get(f"{_ONE}/secret", self.ask_for_rotation, writes(Area.CLIENTS))
        routes.post(f"{_ONE}/secret", self.rotate, writes(Area.CLIENTS))
        routes.get(f"{_ONE}/delete", self.ask_for_deletion, writes(Area.CLIENTS))
        routes.post(f"{_ONE}/delete", self.delete, writes(Area.CLIENTS))
        return routes.blueprint

    async def edit(self, row_id: str) -> Response:
        """Its settings."""
        client = await named_client(row_id)
        refuse_beyond_role(*client.scopes)
        return await self._form(client, client_form.of(client))

    async def change(self, row_id: str) -> Response:
        """Store what was typed, or show it again with what is wrong; nothing over what somebody
        else has stored since it was shown."""
        client, form = await held_client(row_id), await request.form
        refuse_beyond_role(*client.scopes)
        if form.get("version") != client_lines.version(client):
            return await self._form(client, client_form.of(client), changed_meanwhile=True)
        filled = client_form.within_role(client_form.changed(client, form))
        if filled.faults:
            return await self._form(client, filled.fields, filled)
        try:
            await provisioning.change_client(
                self._console.parts, client.client_id, filled.change(), actor=actor()
            )
        except UnfitClient as error:
            found = replace(filled, faults={error.field: str(error)})
            return await self._form(client, found.fields, found)
        return done(client_lines.path(client), Done.CHANGED)

    async def ask_for_rotation(self, row_id: str) -> Response:
        """For how long the former secret is to be good."""
        client = await self._dangerous(row_id, "secret")
        return await self._rotation(client, RotationFields(), {})

    async def rotate(self, row_id: str) -> Response:
        """Give it another secret, which the next page shows."""
        client = await self._dangerous(row_id, "secret")
        form = await request.form
        said = RotationFields(
            form.get("overlap", "").strip(),
            form.get("lifetime", "").strip(),
            client_secret_jwt=form.get(CLIENT_SECRET_JWT) == "1",
        )
        hours, days = _number(said.overlap, _MOST_HOURS), _number(said.lifetime or "0", _MOST_DAYS)
        if hours is None or days is None:
            faults: dict[str, str] = {}
            if hours is None:
                faults["overlap"] = text("0 to %(most)s hours.", most=_MOST_HOURS)
            if days is None:
                faults["lifetime"] = text("1 to %(most)s days, or none.", most=_MOST_DAYS)
            return await self._rotation(client, said, faults)
        now = self._console.now()
        secret = await provisioning.rotate_client_secret(
            self._console.parts,
            client.client_id,
            expires_at=now + timedelta(days=days) if days else None,
            former_until=now + timedelta(hours=hours) if hours else None,
            authentication_methods=_methods(client, said),
            actor=actor(),
        )
        response = see_other(f"{ROOT}{client_lines.path(client)}/credentials?rotated=1")
        await self._fresh_secrets.hand_on(response, client, secret, now=now)
        return response

    async def ask_for_deletion(self, row_id: str) -> Response:
        """What goes with it."""
        client = await self._dangerous(row_id, "delete")
        return await self._deletion(client, mistyped=False)

    async def delete(self, row_id: str) -> Response:
        """Remove it, once its name has been typed."""
        client = await self._dangerous(row_id, "delete")
        if (await request.form).get("name", "").strip() != client.name.strip():
            return await self._deletion(client, mistyped=True)
        await provisioning.delete_client(self._console.parts, client.client_id, actor=actor())
        return done("/clients", Done.DELETED)

    async def _dangerous(self, row_id: str, action: str) -> Client:
        """The client, for who has signed in lately. Raises ``SignInAgain`` and ``NotFound``."""
        client = await named_client(row_id)
        if action == "secret":
            refuse_beyond_role(*client.scopes)
            if client.secrets.current is None:
                raise NotFound
        self._console.require_recent_sign_in(f"{ROOT}{client_lines.path(client)}/{action}")
        return client

    async def _form(
        self,
        client: Client,
        fields: ClientFields,
        filled: Filled | None = None,
        *,
        changed_meanwhile: bool = False,
    ) -> Response:
        here = client_lines.url(client)
        content = ClientFormPage(
            frame=await self._console.frame(),
            action=f"{here}/edit",
            cancel_url=here,
            kind=kind_of(client),
            public=client.is_public,
            fields=fields,
            known_scopes=await client_form.known_scopes(kind_of(client)),
            offered=client_form.offered(client, certificates=self._takes_certificates()),
            faults=filled.faults if filled else {},
            title=client.name,
            version=client_lines.version(client),
            changed_meanwhile=changed_meanwhile,
        )
        status = 409 if changed_meanwhile else 400 if content.faults else 200
        return self._console.show("client_edit.html", content, status)

    def _takes_certificates(self) -> bool:
        return bool(self._console.parts.settings.server.client_certificate_header)

    async def _rotation(
        self, client: Client, fields: RotationFields, faults: dict[str, str]
    ) -> Response:
        here = client_lines.url(client)
        content = RotatePage(
            frame=await self._console.frame(),
            name=client.name,
            action=f"{here}/secret",
            cancel_url=here,
            has_former=client.secrets.former is not None,
            signs=CLIENT_SECRET_JWT in client.authentication_methods,
            fields=fields,
            faults=faults,
        )
        return self._console.show("client_rotate.html", content, 400 if faults else 200)

    async def _deletion(self, client: Client, *, mistyped: bool) -> Response:
        here = client_lines.url(client)
        content = DeleteClientPage(
            frame=await self._console.frame(),
            name=client.name,
            client_id=client.client_id,
            action=f"{here}/delete",
            cancel_url=here,
            people=await consents.count_of_client(client.client_id),
            mistyped=mistyped,
        )
        return self._console.show("client_delete.html", content, 400 if mistyped else 200)


def _methods(client: Client, said: RotationFields) -> Collection[str]:
    """How it proves itself from now on; nothing where that stays."""
    return client.authentication_methods | {CLIENT_SECRET_JWT} if said.client_secret_jwt else ()


def _number(text: str, most: int) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        return None
    return number if (number := int(text)) <= most else None
