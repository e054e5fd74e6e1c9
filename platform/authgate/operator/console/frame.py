"""What the operators' pages have in common: who may see them, and what is around them."""

from datetime import datetime
from typing import Protocol

from quart import Response, request
from werkzeug.exceptions import NotFound

from authgate import permissions
from authgate.accounts import standing
from authgate.accounts.answers import page, see_other
from authgate.accounts.guarded_routes import Doors, GuardedRoutes
from authgate.accounts.live_streams import LiveStreams
from authgate.accounts.visits import signed_in, visitor
from authgate.installation import Installation
from authgate.operator import looks
from authgate.operator.places import CONSOLE, REFERENCE
from authgate.permissions import Area, OperatorArea, permits, reads
from authgate.web import row_ids
from authgate.web.console_view_models import ConsoleFrame, Done
from authgate.web.pages import Pages
from authgate_tenants import Tenant, current_tenant

_ADMIN = "/admin"
"""The console of the operators' own tenant."""


class OperatorPage(Protocol):
    """The value of one of the templates."""

    @property
    def frame(self) -> ConsoleFrame: ...


class OperatorConsole:
    """Makes the pages; one for all of them."""

    def __init__(self, *, parts: Installation, pages: Pages, streams: LiveStreams) -> None:
        self.parts = parts
        self.streams = streams
        self._pages = pages
        self.doors = Doors()

    def now(self) -> datetime:
        """The present moment."""
        return self.parts.clock()

    def routes(self, name: str) -> GuardedRoutes:
        """Routes that only those reach to whom what they ask for is permitted."""
        least = reads(OperatorArea.TENANTS)
        return GuardedRoutes(f"operator-{name}", self.doors, least=least)

    def frame(self) -> ConsoleFrame:
        """What is around a page."""
        prefix, user = current_tenant().prefix, signed_in().user
        done = request.args.get("done")
        administers = permits(user.role, reads(Area.OVERVIEW))
        return ConsoleFrame(
            signed_in_as=user.username,
            role=user.role,
            permissions=permissions.of_operator(user.role),
            pages=frozenset(each.removeprefix(CONSOLE) for each in self.doors.open_to(user.role)),
            console_url=f"{prefix}{CONSOLE}",
            account_url=f"{prefix}/account",
            sign_out_action=f"{prefix}/logout",
            api_url=f"{prefix}{REFERENCE}",
            done=Done(done) if done in set(Done) else None,
            operates=True,
            other_url=f"{prefix}{_ADMIN}" if administers else "",
        )

    def show(self, template: str, content: OperatorPage, status: int = 200) -> Response:
        """A page."""
        html = self._pages.render(f"operator/{template}", visit=visitor().page(), page=content)
        return page(html, status)

    def require_recent_sign_in(self, then: str) -> None:
        """Before what stops a tenant. Raises ``SignInAgain``."""
        standing.require_recent_sign_in(now=self.now(), then=then)

    async def tenant(self, row_id: str) -> Tenant:
        """The tenant of this address, whatever its status; that somebody looks is in its log.
        Raises ``NotFound``."""
        try:
            tenant = await self.parts.resolver.find_by_id(row_ids.read(row_id))
        except ValueError as error:
            raise NotFound from error
        if tenant is None:
            raise NotFound
        if request.method in ("GET", "HEAD"):
            area = request.path.rpartition(f"/{row_id}")[2].strip("/")
            await looks.note(self.parts, tenant, area or "tenant", by=standing.actor())
        return tenant


def url(path: str) -> str:
    """The address of a page of the operators, tenant prefix included."""
    return f"{current_tenant().prefix}{CONSOLE}{path}"


def done(path: str, what: Done) -> Response:
    """Go back to a page, which says what was done."""
    return see_other(f"{CONSOLE}{path}?done={what}")
