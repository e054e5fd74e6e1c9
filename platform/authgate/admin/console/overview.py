"""``/admin``: what the tenant comes to lately, and what somebody should look at."""

from collections.abc import Sequence
from time import monotonic
from urllib.parse import urlsplit

from quart import Blueprint, Response, request

from authgate.accounts.standing import actor
from authgate.admin.console import audit_lines, client_lines, frame
from authgate.admin.console.administrators import may
from authgate.admin.console.audit_search import AuditSearch
from authgate.admin.console.frame import ROOT, Console, with_query
from authgate.live import Kind, Topic
from authgate.permissions import Area, reads
from authgate.provisioning import audit_views, overviews
from authgate.provisioning.overviews import AREAS, Span
from authgate.storage.audit import search
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientFilter
from authgate.storage.paging import Order
from authgate.storage.tenants import attention
from authgate.storage.tenants.attention import MOST, MOST_THERE, SOON, Matter, Standing
from authgate.vocabulary import ClientStatus, Severity
from authgate.web import usage_chart
from authgate.web.audit_view_models import AuditLine
from authgate.web.console_view_models import FilterLink
from authgate.web.overview_view_models import Attention, MatterLine, OverviewPage, StockLine
from authgate.web.usage_view_models import Figure
from authgate_tenants import current_tenant

_LIVE = "/overview/live"
_LIVE_SECONDS = 30
_NEWEST = 5
_WAITING = 5
_EVENTS = 5

PAGES = {
    Matter.SCIM_TOKENS_ENDING: "/provisioning",
    Matter.KEYS_OVERDUE: "/signing-keys",
    Matter.HOSTS_UNPROVEN: "/domains",
    Matter.PLUGINS_BEHIND: "/plugins",
    Matter.WEBHOOKS_PAUSED: "/webhooks",
    Matter.EXPORTS_FAILED: "/exports",
    Matter.LOG_FILES_FAILED: "/audit/exports",
    Matter.JOBS_GIVEN_UP: "/jobs",
    Matter.MAILS_FAILED: "/mail-server",
    Matter.PEOPLE_LEAVING: "/users",
    Matter.OPERATORS_ASKING: "/team",
    Matter.LOG_UNSEALED: "/audit",
}
"""Where somebody looks at it; clients are named one by one."""


class OverviewPages:
    """The first page of the console."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("overview")
        routes.get(ROOT, self.show, reads(Area.OVERVIEW))
        routes.get(f"{ROOT}{_LIVE}", self.live, reads(Area.OVERVIEW))
        return routes.blueprint

    async def live(self) -> Response:
        """News, of which there may be some each half a minute."""
        topic = Topic.here(Kind.OVERVIEW)
        return self._console.streams.answer(topic, asks=reads(Area.OVERVIEW), look=_tick)

    async def show(self) -> Response:
        """The figures, and what needs attention."""
        now, span = self._console.now(), _asked()
        found = await overviews.read(span, now=now)
        standing = await attention.standing(now)
        newest = await clients.page(ClientFilter(), Order.of("-created_at"), limit=_NEWEST)
        content = OverviewPage(
            frame=await self._console.frame(),
            host=urlsplit(current_tenant().issuer).netloc,
            spans=[FilterLink(each, _url(each), current=each is span) for each in Span],
            figures=[Figure(*each) for each in found.changes],
            charts=usage_chart.sign_ins_and_tokens(found.steps, found.sums, found.counted_until),
            counted_until=found.counted_until,
            is_behind=found.is_behind,
            clients=await clients.counts(),
            stocks=[
                StockLine(each, min(total, MOST_THERE), total > MOST_THERE)
                for each, total in standing.stocks.items()
            ],
            attention=await self._clients(standing),
            matters=_matters(standing),
            newest=await client_lines.lines(newest.rows, now=now),
            events=await self._events(),
            events_url=_worth_a_look().url(),
            again_url=_url(span),
            live_url=frame.url(_LIVE),
        )
        return self._console.show("overview.html", content)

    async def _clients(self, standing: Standing) -> list[Attention]:
        """Those that somebody should look at, as far as there are any."""
        found: list[Attention] = []
        if Matter.CLIENTS_WAITING in standing.matters:
            pending = ClientFilter(status=ClientStatus.PENDING)
            waiting = await clients.page(pending, Order.of("created_at"), limit=_WAITING)
            found += [Attention(client_lines.url(each), each.name) for each in waiting.rows]
        if Matter.CLIENTS_UNSEEN in standing.matters:
            new = ClientFilter(status=ClientStatus.ACTIVE, unseen=True)
            unseen = await clients.page(new, Order.of("created_at"), limit=_WAITING)
            found += [
                Attention(client_lines.url(each), each.name, unseen=True) for each in unseen.rows
            ]
        if Matter.SECRETS_ENDING in standing.matters:
            before = self._console.now() + SOON
            found += [
                Attention(client_lines.url(each), each.name, each.secrets.expires_at)
                for each in await clients.with_ending_secrets(before=before, limit=_WAITING)
            ]
        return found

    async def _events(self) -> Sequence[AuditLine] | None:
        """What happened lately that is no mere information."""
        if not may(reads(Area.AUDIT)):
            return None
        found = await search.out_of_the_ordinary(limit=_EVENTS)
        if found:
            await audit_views.note(actor(), {"overview": True}, now=self._console.now())
        everything = AuditSearch.read({})
        return [audit_lines.line(each, everything) for each in found]


def _asked() -> Span:
    said = request.args.get("span", "")
    return Span(said) if said in set(Span) else Span.WEEK


def _url(span: Span) -> str:
    return with_query(frame.url(""), "" if span is Span.WEEK else f"span={span}")


def _worth_a_look() -> AuditSearch:
    return AuditSearch.read({"severity": Severity.WARNING})


def _matters(standing: Standing) -> list[MatterLine]:
    return [
        MatterLine(frame.url(PAGES[matter]), matter, total, total >= MOST)
        for matter, total in standing.matters.items()
        if matter in PAGES and may(reads(AREAS[matter]))
    ]


async def _tick() -> str:
    return str(int(monotonic() / _LIVE_SECONDS))
