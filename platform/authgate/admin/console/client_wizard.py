"""``/admin/clients/new``: a new client, of the kind that is chosen first."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import provisioning, storage
from authgate.accounts.answers import see_other
from authgate.accounts.standing import actor
from authgate.admin.console import client_form, client_lines, frame, snippets
from authgate.admin.console.client_form import Filled
from authgate.admin.console.client_kinds import BEGINNINGS
from authgate.admin.console.frame import ROOT, Console, named_client
from authgate.admin.console.fresh_secret import FreshSecrets
from authgate.languages import text
from authgate.permissions import Area, writes
from authgate.provisioning import UnfitClient
from authgate.storage.clients.clients import BadClientId, ClientIdTaken
from authgate.storage.tenants.quotas import QuotaReached
from authgate.web.client_form_view_models import ClientFields, ClientFormPage
from authgate.web.console_view_models import ClientKind, ClientKindsPage, CredentialsPage, KindLink

_HERE = "/clients/new"


class ClientWizard:
    """Makes clients, and shows what they begin with."""

    def __init__(self, *, console: Console) -> None:
        self._console = console
        self._fresh_secrets = FreshSecrets(console.parts.encryption)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("wizard")
        routes.get(f"{ROOT}{_HERE}", self.kinds, writes(Area.CLIENTS))
        routes.get(f"{ROOT}{_HERE}/<kind>", self.begin, writes(Area.CLIENTS))
        routes.post(f"{ROOT}{_HERE}/<kind>", self.create, writes(Area.CLIENTS))
        routes.get(f"{ROOT}/clients/<row_id>/credentials", self.credentials, writes(Area.CLIENTS))
        return routes.blueprint

    async def kinds(self) -> Response:
        """Which kind it is to be."""
        links = [KindLink(kind, frame.url(f"{_HERE}/{kind}")) for kind in ClientKind]
        content = ClientKindsPage(await self._console.frame(), links)
        return self._console.show("client_kinds.html", content)

    async def begin(self, kind: str) -> Response:
        """What a client of this kind needs."""
        chosen = _kind(kind)
        return await self._form(chosen, client_form.beginning(chosen))

    async def create(self, kind: str) -> Response:
        """Make it, and go on to what it begins with."""
        chosen = _kind(kind)
        filled = client_form.within_role(client_form.new(chosen, await request.form))
        if filled.faults:
            return await self._form(chosen, filled.fields, filled)
        try:
            # By itself: what a database refuses, it refuses with all that is in one unit.
            async with storage.set_aside():
                made = await provisioning.add_client(
                    self._console.parts, filled.draft, actor=actor()
                )
        except BadClientId as error:
            return await self._form(chosen, filled.fields, filled, client_id=str(error))
        except UnfitClient as error:
            return await self._form(chosen, filled.fields, filled, **{error.field: str(error)})
        except ClientIdTaken:
            fault = text("Another client has this client_id.")
            return await self._form(chosen, filled.fields, filled, client_id=fault)
        except QuotaReached as error:
            return await self._form(chosen, filled.fields, filled, name=str(error))
        response = see_other(f"{ROOT}{client_lines.path(made.client)}/credentials")
        if made.secret:
            now = self._console.now()
            await self._fresh_secrets.hand_on(response, made.client, made.secret, now=now)
        return response

    async def credentials(self, row_id: str) -> Response:
        """What a client proves itself with; its secret is shown this once."""
        client = await named_client(row_id)
        secret = await self._fresh_secrets.taken(client, now=self._console.now())
        content = CredentialsPage(
            frame=await self._console.frame(),
            name=client.name,
            client_id=client.client_id,
            public=client.is_public,
            secret=secret,
            environment=snippets.environment(client, secret) if secret else "",
            rotated=request.args.get("rotated") == "1",
            former_until=client.secrets.former_expires_at,
            client_url=client_lines.url(client),
            endpoints=snippets.endpoints(client),
            snippets=snippets.snippets(client),
        )
        response = self._console.show("client_credentials.html", content)
        if secret is not None:
            self._fresh_secrets.forget(response)
        return response

    async def _form(
        self,
        kind: ClientKind,
        fields: ClientFields,
        filled: Filled | None = None,
        **faults: str,
    ) -> Response:
        content = ClientFormPage(
            frame=await self._console.frame(),
            action=frame.url(f"{_HERE}/{kind}"),
            cancel_url=frame.url("/clients"),
            kind=kind,
            public=BEGINNINGS[kind].public,
            fields=fields,
            known_scopes=await client_form.known_scopes(kind),
            faults={**(filled.faults if filled else {}), **faults},
        )
        return self._console.show("client_new.html", content, 400 if content.faults else 200)


def _kind(text: str) -> ClientKind:
    if text not in set(ClientKind):
        raise NotFound
    return ClientKind(text)
