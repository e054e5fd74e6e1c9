"""``/admin``: what there is in the tenant, and what somebody should look at."""

from datetime import timedelta
from urllib.parse import urlsplit

from quart import Blueprint, Response

from authgate.admin.console import client_lines
from authgate.admin.console.frame import ROOT, Console
from authgate.permissions import Area, reads
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientFilter
from authgate.storage.issued import tokens
from authgate.storage.paging import Order
from authgate.storage.people import users
from authgate.storage.sign_in import sessions
from authgate.vocabulary import ClientStatus
from authgate.web.overview_view_models import Attention, OverviewPage
from authgate_tenants import current_tenant

_SOON = timedelta(days=14)
_MOST_TOKENS = 1000
_NEWEST = 5
_WAITING = 5


class OverviewPages:
    """The first page of the console."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("overview")
        routes.get(ROOT, self.show, reads(Area.OVERVIEW))
        return routes.blueprint

    async def show(self) -> Response:
        """The figures, and what needs attention."""
        now = self._console.now()
        working = await tokens.count_working(now=now, most=_MOST_TOKENS + 1)
        newest = await clients.page(ClientFilter(), Order.of("-created_at"), limit=_NEWEST)
        content = OverviewPage(
            frame=await self._console.frame(),
            host=urlsplit(current_tenant().issuer).netloc,
            clients=await clients.counts(),
            people=await users.counts(),
            signed_in=await sessions.count_live(now=now),
            tokens=min(working, _MOST_TOKENS),
            more_tokens=working > _MOST_TOKENS,
            attention=await self._attention(),
            newest=await client_lines.lines(newest.rows, now=self._console.now()),
        )
        return self._console.show("overview.html", content)

    async def _attention(self) -> list[Attention]:
        pending = ClientFilter(status=ClientStatus.PENDING)
        waiting = await clients.page(pending, Order.of("created_at"), limit=_WAITING)
        new = ClientFilter(status=ClientStatus.ACTIVE, unseen=True)
        unseen = await clients.page(new, Order.of("created_at"), limit=_WAITING)
        before = self._console.now() + _SOON
        ending = await clients.with_ending_secrets(before=before, limit=_WAITING)
        return [
            *(Attention(client_lines.url(each), each.name) for each in waiting.rows),
            *(Attention(client_lines.url(each), each.name, unseen=True) for each in unseen.rows),
            *(
                Attention(client_lines.url(each), each.name, each.secrets.expires_at)
                for each in ending
            ),
        ]
