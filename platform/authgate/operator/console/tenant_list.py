"""``/operator/tenants``: the installation's tenants, looked for, by the page."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from authgate.operator import acts, listing
from authgate.operator.console import frame, health_lines
from authgate.operator.console.frame import OperatorConsole
from authgate.operator.console.tenant_search import PATH, TenantSearch
from authgate.operator.places import CONSOLE
from authgate.permissions import OperatorArea, reads
from authgate.storage.paging import BadCursor, Page
from authgate.web.operator_view_models import HealthLine, TenantLine, TenantsPage
from authgate_tenants import directory
from authgate_tenants.directory import Listed

_ON_A_PAGE = 25


class TenantList:
    """The list of tenants."""

    def __init__(self, *, console: OperatorConsole) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("tenants")
        routes.get(f"{CONSOLE}{PATH}", self.show, reads(OperatorArea.TENANTS))
        return routes.blueprint

    async def show(self) -> Response:
        """Some of the tenants."""
        asked = TenantSearch.read(request.args)
        found = await _found(asked)
        content = TenantsPage(
            frame=self._console.frame(),
            action=frame.url(PATH),
            new_url=frame.url(f"{PATH}/new"),
            clear_url=frame.url(PATH),
            tenants=await self._lines(found),
            search=asked.search,
            by=asked.by,
            kept=asked.kept(),
            statuses=asked.statuses(),
            next_url=asked.url(cursor=found.next) if found.next else None,
            previous_url=asked.url(cursor=found.previous) if found.previous else None,
        )
        return self._console.show("tenants.html", content)

    async def _lines(self, found: Page[Listed]) -> list[TenantLine]:
        hosts = await directory.hosts([each.id for each in found.rows])
        return [
            TenantLine(
                url=frame.url(f"{PATH}/{each.id}"),
                slug=each.slug,
                name=each.name,
                status=each.status,
                plan=each.plan,
                issuer=listing.issuer(self._console.parts, each, hosts.get(each.id, [])),
                created_at=each.created_at,
                health=await self._health(each),
            )
            for each in found.rows
        ]

    async def _health(self, listed: Listed) -> HealthLine | None:
        tenant, now = await self._console.parts.resolver.find_by_id(listed.id), self._console.now()
        return health_lines.line(await acts.health(tenant, now=now), now) if tenant else None


async def _found(asked: TenantSearch) -> Page[Listed]:
    if asked.by == "host" and asked.search:
        owner = await directory.at_host(asked.search)
        return Page([owner] if owner else [])
    try:
        return await listing.page(asked.filter(), cursor=asked.cursor or None, limit=_ON_A_PAGE)
    except BadCursor as error:
        raise BadRequest from error
