"""What the pages of the console have in common: who may see them, and what is around them."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from quart import Response, request
from werkzeug.exceptions import NotFound

from authgate import permissions
from authgate.accounts.answers import page, see_other
from authgate.accounts.guarded_routes import Doors
from authgate.accounts.live_streams import LiveStreams
from authgate.accounts.passwords import HashPassword
from authgate.accounts.standing import require_recent_sign_in
from authgate.accounts.visits import signed_in, visitor
from authgate.admin.console.routes import ConsoleRoutes
from authgate.admin.places import REFERENCE
from authgate.installation import Installation
from authgate.languages import by_plugin
from authgate.permissions import Area, OperatorArea, UserRole, reads
from authgate.plugin_manager.console import PluginPage
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.vocabulary import ClientStatus
from authgate.web import row_ids
from authgate.web.console_view_models import ConsoleFrame, Done, PluginPageLink, Told
from authgate.web.pages import Pages
from authgate_tenants import announcements, current_tenant

ROOT = "/admin"
PLUGIN_PAGES = "/plugin-pages"
"""Below it are those that plugins declare."""
_OPERATORS = "/operator"
"""The pages beside these, of the operators' tenant alone."""


class ConsolePage(Protocol):
    """The value of one of the console's templates."""

    @property
    def frame(self) -> ConsoleFrame: ...


class Console:
    """Makes the pages; one for all of them."""

    def __init__(
        self,
        *,
        parts: Installation,
        pages: Pages,
        hash_password: HashPassword,
        streams: LiveStreams,
    ) -> None:
        self.parts = parts
        self.streams = streams
        self.pages = pages
        self.hash_password = hash_password
        self.doors = Doors()

    def now(self) -> datetime:
        """The present moment."""
        return self.parts.clock()

    def routes(self, name: str) -> ConsoleRoutes:
        """Routes that only those reach to whom what they ask for is permitted."""
        return ConsoleRoutes(name, self.doors, self.parts.clock)

    async def frame(self) -> ConsoleFrame:
        """What is around a page."""
        counted, prefix = await clients.counts(), current_tenant().prefix
        done, user = request.args.get("done"), signed_in().user
        return ConsoleFrame(
            signed_in_as=user.username,
            role=user.role,
            guest=user.is_guest,
            permissions=permissions.of(user.role),
            pages=frozenset(each.removeprefix(ROOT) for each in self.doors.open_to(user.role)),
            console_url=f"{prefix}{ROOT}",
            account_url=f"{prefix}/account",
            sign_out_action=f"{prefix}/logout",
            api_url=f"{prefix}{REFERENCE}",
            waiting=counted.get(ClientStatus.PENDING, 0) + await clients.count_unseen(),
            done=Done(done) if done in set(Done) else None,
            told=await self._told(),
            other_url=_operators_url(user.role),
            plugin_pages=self._plugin_pages(user.role),
        )

    def _plugin_pages(self, role: UserRole) -> list[PluginPageLink]:
        running = current_tenant().settings.running_plugins
        return [
            PluginPageLink(plugin_page_url(each), by_plugin(each.page.title), each.page.icon)
            for each in self.parts.plugins.console.of(running)
            if permissions.permits(role, reads(Area(each.page.area)))
        ]

    async def _told(self) -> list[Told]:
        shown = await announcements.shown(self.now())
        return [Told(each.text, each.urgent, each.begins_at) for each in shown]

    def show(
        self,
        template: str,
        content: ConsolePage,
        status: int = 200,
        *,
        frame_sources: tuple[str, ...] = (),
    ) -> Response:
        """A page, which may show pages of these origins in it."""
        html = self.pages.render(f"console/{template}", visit=visitor().page(), page=content)
        return page(html, status, frame_sources=frame_sources)

    def require_recent_sign_in(self, then: str) -> None:
        """Before what cannot be undone. Raises ``SignInAgain``."""
        require_recent_sign_in(now=self.now(), then=then)


def _operators_url(role: UserRole) -> str:
    tenant = current_tenant()
    operates = tenant.operates and permissions.permits(role, reads(OperatorArea.TENANTS))
    return f"{tenant.prefix}{_OPERATORS}" if operates else ""


def url(path: str) -> str:
    """The address of a page of the console, tenant prefix included."""
    return f"{current_tenant().prefix}{ROOT}{path}"


def plugin_page_url(page: PluginPage) -> str:
    """Where a page that a plugin declares is."""
    return url(f"{PLUGIN_PAGES}/{page.page.area}/{page.plugin}/{page.page.name}")


def with_query(address: str, query: str) -> str:
    """The address with what it asks for, if it does."""
    return f"{address}?{query}" if query else address


def done(path: str, what: Done) -> Response:
    """Go back to a page of the console, which says what was done."""
    return see_other(f"{ROOT}{path}?done={what}")


def id_in_address(text: str) -> UUID:
    """The id of a row, as an address names it. Raises ``NotFound``."""
    try:
        return row_ids.read(text)
    except ValueError as error:
        raise NotFound from error


async def held_client(row_id: str) -> Client:
    """The client of this address, until the end of the request. Raises ``NotFound``."""
    client = await clients.held((await named_client(row_id)).client_id)
    if client is None:
        raise NotFound
    return client


async def named_client(row_id: str) -> Client:
    """The tenant's client of this address. Raises ``NotFound``."""
    client = await clients.find_by_row(id_in_address(row_id))
    if client is None:
        raise NotFound
    return client
