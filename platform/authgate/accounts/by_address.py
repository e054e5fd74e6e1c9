"""``/login/by_address``: who signs in by a company's provider enters an address and is led there.

Only the domain is looked at, and only against what administrators have chosen: the answer is the
same whether or not anybody has the address.
"""

from urllib.parse import quote

from quart import Blueprint, Response, request

from authgate.accounts.answers import page
from authgate.accounts.login import HOME
from authgate.accounts.tenant_connections import BY_ADDRESS, TenantConnections, option_of
from authgate.accounts.visits import visitor
from authgate.web import return_to
from authgate.web.client_ip import bucket
from authgate.web.identity_view_models import ByAddressPage
from authgate.web.limits import Limits
from authgate.web.pages import Pages
from authgate.web.view_models import SignInOption
from authgate_tenants import current_tenant

_LONGEST = 254


class ByAddress:
    """The page that asks for an address."""

    def __init__(self, *, pages: Pages, connections: TenantConnections, limits: Limits) -> None:
        self._pages = pages
        self._connections = connections
        self._limits = limits

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("by-address", __name__)
        routes.get(BY_ADDRESS)(self.ask)
        routes.post(BY_ADDRESS)(self.lead)
        return routes

    async def ask(self) -> Response:
        """The form."""
        return self._page(return_to.safe(request.args.get("return_to"), otherwise=HOME))

    async def lead(self) -> Response:
        """The connection of the address, as a link: a form may not end at another site."""
        form = await request.form
        await self._limits.count("login_per_ip", bucket(visitor().facts.ip))
        target = return_to.safe(form.get("return_to"), otherwise=HOME)
        email = form.get("email", "").strip()[:_LONGEST]
        usable = await self._connections.for_address(email) if "@" in email else None
        query = f"?return_to={quote(target)}&login_hint={quote(email)}"
        option = option_of(usable, query) if usable else None
        return self._page(target, email=email, option=option, unknown=option is None)

    def _page(
        self,
        target: str,
        *,
        email: str = "",
        option: SignInOption | None = None,
        unknown: bool = False,
    ) -> Response:
        prefix = current_tenant().prefix
        content = ByAddressPage(
            action=f"{prefix}{BY_ADDRESS}",
            back_url=f"{prefix}/login?return_to={quote(target)}",
            return_to=target,
            email=email,
            option=option,
            unknown=unknown,
        )
        visit = visitor().page()
        return page(self._pages.render("login_by_address.html", visit=visit, page=content))
