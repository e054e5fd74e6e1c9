"""``/admin/clients/selected``: the same done to several clients, once it is said to which."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from authgate import provisioning
from authgate.accounts.standing import actor, require
from authgate.admin.console import client_lines, frame, list_search
from authgate.admin.console.administrators import beyond_role
from authgate.admin.console.client_search import PATH, ClientSearch
from authgate.admin.console.frame import ROOT, Console
from authgate.languages import text
from authgate.permissions import Area, writes
from authgate.provisioning import ClientAct, UnfitSelection, UnknownClient, client_selection
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.web import row_ids
from authgate.web.console_view_models import Done
from authgate.web.selection_view_models import SelectedClient, SelectionPage

_HERE = f"{PATH}/selected"
_EACH = "client-"
_DONE = {
    ClientAct.APPROVE: Done.SELECTION_APPROVED,
    ClientAct.ENABLE: Done.SELECTION_ENABLED,
    ClientAct.DISABLE: Done.SELECTION_DISABLED,
    ClientAct.REVOKE_TOKENS: Done.SELECTION_REVOKED,
    ClientAct.MARK_SEEN: Done.SEEN,
}


class ClientSelectionPages:
    """Asks whether it is meant, and then does it to all of them or to none."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("client-selection")
        routes.post(f"{ROOT}{_HERE}", self.act, writes(Area.CLIENTS))
        return routes.blueprint

    async def act(self) -> Response:
        """Show to which it would be done; do it where that was shown already."""
        form = await request.form
        asked = ClientSearch.read(list_search.returned(form))
        act, seen = _act(form), _seen(form)
        if act is ClientAct.REVOKE_TOKENS:
            require(writes(Area.TOKENS))
        found = await clients.find_by_rows(seen.keys())
        if not found:
            return asked.back(Done.NOTHING_SELECTED)
        if form.get("sure") != "1":
            return await self._question(asked, act, found, changed_meanwhile=False)
        if {str(each.id): client_lines.version(each) for each in found} != {
            str(row_id): version for row_id, version in seen.items()
        }:
            return await self._question(asked, act, found, changed_meanwhile=True)
        return await self._done(asked, act, found)

    async def _done(self, asked: ClientSearch, act: ClientAct, found: list[Client]) -> Response:
        seen = {each.client_id: each.updated_at for each in found}
        try:
            await provisioning.act_on_clients(
                self._console.parts,
                list(seen),
                act,
                check=lambda each: _beyond(act, each) or _changed(each, seen),
                actor=actor(),
            )
        except (UnfitSelection, UnknownClient):
            left = await clients.find_by_rows([each.id for each in found])
            return await self._question(asked, act, left, changed_meanwhile=True)
        return asked.back(_DONE[act])

    async def _question(
        self,
        asked: ClientSearch,
        act: ClientAct,
        found: list[Client],
        *,
        changed_meanwhile: bool,
    ) -> Response:
        told = [
            _line(each, client_selection.fault(each, act) or _beyond(act, each)) for each in found
        ]
        content = SelectionPage(
            frame=await self._console.frame(),
            act=act,
            action=frame.url(_HERE),
            cancel_url=asked.url(cursor=asked.cursor),
            list=asked.here(),
            clients=[each for each in told if not each.fault],
            unfit=[each for each in told if each.fault],
            changed_meanwhile=changed_meanwhile,
        )
        return self._console.show("selection.html", content, 409 if changed_meanwhile else 200)


def _beyond(act: ClientAct, client: Client) -> str:
    """Nobody lets a client in that could do more than they may."""
    if act in (ClientAct.APPROVE, ClientAct.ENABLE) and beyond_role(*client.scopes):
        return text("Your role is not enough: it administers the tenant.")
    return ""


def _changed(client: Client, seen: Mapping[str, datetime]) -> str:
    return "" if client.updated_at == seen[client.client_id] else "changed"


def _act(form: Mapping[str, str]) -> ClientAct:
    try:
        return ClientAct(form.get("act", ""))
    except ValueError as error:
        raise BadRequest from error


def _seen(form: Mapping[str, str]) -> dict[UUID, str]:
    """By its row, which state of each was shown. Raises ``BadRequest``."""
    named = {name.removeprefix(_EACH): form[name] for name in form if name.startswith(_EACH)}
    if len(named) > client_selection.MOST:
        raise BadRequest
    try:
        return {row_ids.read(row_id): version for row_id, version in named.items()}
    except ValueError as error:
        raise BadRequest from error


def _line(client: Client, fault: str) -> SelectedClient:
    return SelectedClient(
        field=f"{_EACH}{client.id}",
        version=client_lines.version(client),
        line=client_lines.line(client),
        redirect_uris=client.redirect_uris,
        scopes=client.scopes,
        fault=fault,
    )
