"""``/admin/clients/<id>/people``: who has let a client in, and taking it back."""

from collections.abc import Sequence

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from authgate import provisioning
from authgate.accounts.standing import actor
from authgate.admin.console import client_lines
from authgate.admin.console.frame import ROOT, Console, done, id_in_address, named_client
from authgate.permissions import Area, reads, writes
from authgate.storage.clients.rows import Client
from authgate.storage.grants import consents
from authgate.storage.grants.consents import Consent
from authgate.storage.paging import BadCursor, Order
from authgate.storage.people import users
from authgate.web.authorization_view_models import AuthorizationLine, AuthorizationsPage
from authgate.web.console_view_models import Done

_HERE = f"{ROOT}/clients/<row_id>/people"
_PER_PAGE = 25


class ClientPeople:
    """The people who have let a client in."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("client-people")
        routes.get(_HERE, self.show, reads(Area.AUTHORIZATIONS))
        routes.post(f"{_HERE}/<consent_id>", self.take_back, writes(Area.AUTHORIZATIONS))
        return routes.blueprint

    async def show(self, row_id: str) -> Response:
        """Some of them, who decided last first."""
        client = await named_client(row_id)
        try:
            found = await consents.page(
                Order.of("-updated_at"),
                client_id=client.client_id,
                cursor=request.args.get("cursor") or None,
                limit=_PER_PAGE,
            )
        except BadCursor as error:
            raise BadRequest from error
        here = f"{client_lines.url(client)}/people"
        content = AuthorizationsPage(
            frame=await self._console.frame(),
            name=client.name,
            client_url=client_lines.url(client),
            authorizations=await lines(client, found.rows),
            next_url=f"{here}?cursor={found.next}" if found.next else None,
            previous_url=f"{here}?cursor={found.previous}" if found.previous else None,
        )
        return self._console.show("client_people.html", content)

    async def take_back(self, row_id: str, consent_id: str) -> Response:
        """End what the client has of this person."""
        client = await named_client(row_id)
        consent = await _named(consent_id)
        if consent.client_id != client.client_id:
            raise NotFound
        await provisioning.revoke_authorization(consent, now=self._console.now(), actor=actor())
        return done(f"{client_lines.path(client)}/people", Done.TAKEN_BACK)


async def lines(client: Client, found: Sequence[Consent]) -> list[AuthorizationLine]:
    """What people have allowed a client, with their names."""
    names = await users.usernames_of({each.user_id for each in found})
    return [
        AuthorizationLine(
            action=f"{client_lines.url(client)}/people/{each.id}",
            user=names.get(each.user_id, str(each.user_id)),
            scopes=each.scopes,
            granted_at=each.granted_at,
            updated_at=each.updated_at,
        )
        for each in found
    ]


async def _named(consent_id: str) -> Consent:
    consent = await consents.find_by_id(id_in_address(consent_id))
    if consent is None:
        raise NotFound
    return consent
