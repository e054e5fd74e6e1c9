"""``/admin/clients``: the tenant's clients, looked for, in an order, by the page."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from authgate.admin.console import client_lines, frame
from authgate.admin.console.client_search import PATH, STATUSES, TYPES, ClientSearch
from authgate.admin.console.frame import ROOT, Console
from authgate.permissions import Area, reads
from authgate.storage.clients import clients
from authgate.storage.paging import BadCursor, Order
from authgate.web.console_view_models import ClientsPage


class ClientList:
    """The list of clients."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("clients")
        routes.get(f"{ROOT}{PATH}", self.show, reads(Area.CLIENTS))
        return routes.blueprint

    async def show(self) -> Response:
        """Some of the clients."""
        asked = ClientSearch.read(request.args)
        try:
            found = await clients.page(
                asked.filter(), Order.of(asked.sort), cursor=asked.cursor, limit=asked.size
            )
        except BadCursor as error:
            raise BadRequest from error
        content = ClientsPage(
            frame=await self._console.frame(),
            action=frame.url(PATH),
            new_url=frame.url(f"{PATH}/new"),
            clear_url=frame.url(PATH),
            selection_action=frame.url(f"{PATH}/selected"),
            list=asked.here(),
            clients=await client_lines.lines(found.rows, now=self._console.now()),
            total=sum((await clients.counts()).values()),
            search=asked.search,
            kept=asked.kept(),
            statuses=asked.links("status", asked.status, STATUSES),
            types=asked.links("type", asked.type, list(TYPES)),
            sizes=asked.sizes(),
            by_name=asked.sort_link("name", asked.sort),
            by_age=asked.sort_link("-created_at", asked.sort),
            next_url=asked.url(cursor=found.next) if found.next else None,
            previous_url=asked.url(cursor=found.previous) if found.previous else None,
        )
        return self._console.show("clients.html", content)
