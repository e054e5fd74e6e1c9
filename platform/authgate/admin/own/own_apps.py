"""The pages: what a person has registered, a form for each, another secret, and its end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from quart import Blueprint, Response, request
from werkzeug.exceptions import Forbidden, NotFound

from authgate import provisioning
from authgate.accounts.account_frame import frame
from authgate.accounts.answers import page, see_other
from authgate.accounts.standing import (
    SignInAgain,
    actor,
    require_recent_sign_in,
    to_sign_in,
)
from authgate.accounts.visits import signed_in, visitor
from authgate.admin.console import snippets
from authgate.admin.console.client_form import Filled
from authgate.admin.console.client_kinds import kind_of
from authgate.admin.console.fresh_secret import FreshSecrets
from authgate.admin.own import own_form
from authgate.installation import Installation
from authgate.provisioning import UnfitClient
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientFilter
from authgate.storage.clients.rows import Client
from authgate.storage.paging import MOST, Order
from authgate.storage.people import users
from authgate.vocabulary import ClientStatus
from authgate.web import row_ids
from authgate.web.client_form_view_models import ClientFields
from authgate.web.console_view_models import ClientKind, Done, KindLink
from authgate.web.own_app_view_models import (
    AccountFrame,
    OwnAppFormPage,
    OwnAppLine,
    OwnAppPage,
    OwnAppsPage,
)
from authgate.web.pages import Pages
from authgate_tenants import current_tenant

_HERE = "/account/my-apps"
_ONE = f"{_HERE}/<row_id>"
_OVERLAP = timedelta(hours=24)


class OwnApps:
    """A person's own applications."""

    def __init__(self, *, parts: Installation, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages
        self._fresh_secrets = FreshSecrets(parts.encryption)

    def blueprint(self) -> Blueprint:
        """The routes; where a tenant does not let people, there are none."""
        routes = Blueprint("own-apps", __name__)
        routes.before_request(_only_where_people_may)
        routes.register_error_handler(SignInAgain, to_sign_in)
        routes.get(_HERE)(self.show)
        routes.get(f"{_HERE}/new/<kind>")(self.begin)
        routes.post(f"{_HERE}/new/<kind>")(self.create)
        routes.get(_ONE)(self.show_one)
        routes.get(f"{_ONE}/edit")(self.edit)
        routes.post(f"{_ONE}/edit")(self.change)
        routes.post(f"{_ONE}/secret")(self.rotate)
        routes.post(f"{_ONE}/delete")(self.delete)
        return routes

    async def show(self) -> Response:
        """All of them, and which kinds more of them may be."""
        owner_id = signed_in().user.id
        theirs = ClientFilter(owner_id=owner_id)
        found = await clients.page(theirs, Order.of("-created_at"), limit=MOST)
        has_room = await clients.count_of_owner(owner_id) < _limit()
        content = OwnAppsPage(
            **_frame(),
            apps=[_line(each) for each in found.rows],
            kinds=[KindLink(kind, _url(f"/new/{kind}")) for kind in own_form.kinds() if has_room],
            limit=_limit(),
        )
        return self._page("my_apps.html", content)

    async def begin(self, kind: str) -> Response:
        """An empty form."""
        chosen = _kind(kind)
        return self._form(chosen, own_form.beginning(chosen))

    async def create(self, kind: str) -> Response:
        """Register it, as one that waits where the tenant has it so."""
        chosen, owner_id = _kind(kind), signed_in().user.id
        filled = own_form.new(chosen, await request.form)
        # Held to the end: of forms that arrive together no more are taken than there is room for.
        await users.held(owner_id)
        if await clients.count_of_owner(owner_id) >= _limit():
            raise Forbidden
        if filled.faults:
            return self._form(chosen, filled.fields, filled)
        status = ClientStatus.PENDING if _needs_approval() else ClientStatus.ACTIVE
        draft = replace(filled.draft, owner_id=owner_id, status=status)
        made = await provisioning.add_client(self._parts, draft, actor=actor())
        return await self._with_secret(made.client, made.secret)

    async def show_one(self, row_id: str) -> Response:
        """What it is; its secret this once, where it is new."""
        client = await _own(row_id)
        secret = await self._fresh_secrets.taken(client, now=self._parts.clock())
        here = _url(f"/{client.id}")
        content = OwnAppPage(
            **_frame(),
            name=client.name,
            description=client.description,
            client_id=client.client_id,
            kind=kind_of(client),
            public=client.is_public,
            status=client.status,
            secret=secret,
            former_until=client.secrets.former_expires_at,
            redirect_uris=client.redirect_uris,
            scopes=client.scopes,
            endpoints=snippets.endpoints(client),
            snippets=snippets.snippets(client),
            back_url=_url(""),
            edit_url=f"{here}/edit",
            rotate_action=f"{here}/secret",
            delete_action=f"{here}/delete",
        )
        response = self._page("my_app.html", content)
        if secret is not None:
            self._fresh_secrets.forget(response)
        return response

    async def edit(self, row_id: str) -> Response:
        """What they may change of it."""
        client = await _own(row_id)
        return self._form(kind_of(client), own_form.fields_of(client), client=client)

    async def change(self, row_id: str) -> Response:
        """Change it. Somebody has to approve it again, where somebody had to."""
        client = await _held(await _own(row_id))
        filled = own_form.changed(client, await request.form)
        if filled.faults:
            return self._form(kind_of(client), filled.fields, filled, client=client)
        status = _status_after_change(client)
        change = replace(filled.change(), status=status)
        try:
            await provisioning.change_client(self._parts, client.client_id, change, actor=actor())
        except UnfitClient as error:
            found = replace(filled, faults={"redirect_uris": str(error)})
            return self._form(kind_of(client), found.fields, found, client=client)
        waits = status is ClientStatus.PENDING
        return see_other(f"{_HERE}/{client.id}?done={Done.WAITING if waits else Done.CHANGED}")

    async def rotate(self, row_id: str) -> Response:
        """Another secret; the former one is good for another day."""
        client = await self._dangerous(row_id)
        if client.secrets.current is None:
            raise NotFound
        secret = await provisioning.rotate_client_secret(
            self._parts,
            client.client_id,
            expires_at=client.secrets.expires_at,
            former_until=self._parts.clock() + _OVERLAP,
            actor=actor(),
        )
        return await self._with_secret(client, secret)

    async def delete(self, row_id: str) -> Response:
        """Remove it."""
        client = await self._dangerous(row_id)
        await provisioning.delete_client(self._parts, client.client_id, actor=actor())
        return see_other(f"{_HERE}?done={Done.DELETED}")

    async def _dangerous(self, row_id: str) -> Client:
        """The application, for who has signed in lately. Raises ``SignInAgain``."""
        client = await _own(row_id)
        require_recent_sign_in(now=self._parts.clock(), then=f"{_HERE}/{client.id}")
        return client

    async def _with_secret(self, client: Client, secret: str | None) -> Response:
        response = see_other(f"{_HERE}/{client.id}")
        if secret is not None:
            await self._fresh_secrets.hand_on(response, client, secret, now=self._parts.clock())
        return response

    def _form(
        self,
        kind: ClientKind,
        fields: ClientFields,
        filled: Filled | None = None,
        *,
        client: Client | None = None,
    ) -> Response:
        here = _url(f"/{client.id}") if client else _url("")
        content = OwnAppFormPage(
            **_frame(),
            action=f"{here}/edit" if client else f"{here}/new/{kind}",
            cancel_url=here,
            kind=kind,
            fields=fields,
            known_scopes=own_form.known_scopes(),
            faults=filled.faults if filled else {},
            title=client.name if client else "",
            will_wait=_needs_approval(),
        )
        return self._page("my_app_form.html", content, 400 if content.faults else 200)

    def _page(self, template: str, content: AccountFrame, status: int = 200) -> Response:
        visit = visitor().page()
        return page(self._pages.render(f"account/{template}", visit=visit, page=content), status)


async def _only_where_people_may() -> None:
    signed_in()
    if current_tenant().settings.own_applications == "off":
        raise NotFound


async def _own(row_id: str) -> Client:
    """The person's own application of this address; another's is as none at all."""
    try:
        client = await clients.find_by_row(row_ids.read(row_id))
    except ValueError as error:
        raise NotFound from error
    if client is None or client.owner_id != signed_in().user.id:
        raise NotFound
    return client


async def _held(client: Client) -> Client:
    """The application until the end of the request: whatever an administrator has done meanwhile
    stays done. Raises ``NotFound``."""
    held = await clients.held(client.client_id)
    if held is None:
        raise NotFound
    return held


def _status_after_change(client: Client) -> ClientStatus:
    """What an administrator has switched off stays so; what they approved was something else."""
    if client.status is ClientStatus.INACTIVE or not _needs_approval():
        return client.status
    return ClientStatus.PENDING


def _needs_approval() -> bool:
    return current_tenant().settings.own_applications == "approval"


def _limit() -> int:
    return current_tenant().settings.own_applications_limit


def _kind(text: str) -> ClientKind:
    if text not in own_form.kinds():
        raise NotFound
    return ClientKind(text)


def _url(path: str) -> str:
    return f"{current_tenant().prefix}{_HERE}{path}"


def _frame() -> dict[str, Any]:
    done = request.args.get("done")
    return {**frame(), "done": Done(done) if done in set(Done) else None}


def _line(client: Client) -> OwnAppLine:
    return OwnAppLine(
        url=_url(f"/{client.id}"),
        name=client.name,
        kind=kind_of(client),
        status=client.status,
        created_at=client.created_at,
    )
