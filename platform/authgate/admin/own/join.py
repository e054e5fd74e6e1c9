"""``/join``: where people begin accounts by themselves, at tenants that have it so.

The link in the mail shows a form, and only sending that begins anything.
"""

from collections.abc import Mapping

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate.accounts.answers import page, see_other
from authgate.accounts.passwords import JOIN, BadPassword, Passwords, minimum_length
from authgate.accounts.visits import visitor
from authgate.installation import Installation
from authgate.provisioning import joining
from authgate.provisioning.joining import BEGINNING, NoJoining, UnfitAddress
from authgate.provisioning.own_profile import UnfitProfile
from authgate.web.account_view_models import JoinPage, JoinState
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.pages import Pages, language_read
from authgate_tenants import current_tenant

_LONGEST = 320


class JoinPages:
    """The pages."""

    def __init__(
        self, *, parts: Installation, pages: Pages, passwords: Passwords, limits: Limits
    ) -> None:
        self._parts = parts
        self._pages = pages
        self._passwords = passwords
        self._limits = limits

    def blueprint(self) -> Blueprint:
        """The routes; where a tenant lets nobody, there are none."""
        routes = Blueprint("join", __name__)
        routes.before_request(_only_where_people_may)
        routes.get(JOIN)(self.show)
        routes.post(JOIN)(self.ask)
        routes.get(f"{JOIN}/sent")(self.sent)
        routes.get(BEGINNING)(self.show_beginning)
        routes.post(BEGINNING)(self.begin)
        return routes

    async def show(self) -> Response:
        """The form."""
        return self._show(JoinState.ASK, action=JOIN)

    async def ask(self) -> Response:
        """Send the link; the answer and its time are the same whoever has the address."""
        await self._limits.count("join_per_ip", bucket(visitor().facts.ip))
        email = (await request.form).get("email", "")[:_LONGEST]
        try:
            await joining.ask(self._parts, email, language=language_read())
        except UnfitAddress as error:
            faults = {"email": str(error)}
            return self._show(JoinState.ASK, action=JOIN, email=email, faults=faults)
        return see_other(f"{JOIN}/sent")

    async def sent(self) -> Response:
        """Where to look now."""
        return self._show(JoinState.SENT)

    async def show_beginning(self) -> Response:
        """What is left to choose."""
        await self._limits.count("mailed_link_per_ip", bucket(visitor().facts.ip))
        return await self._beginning(request.args.get("token", ""))

    async def begin(self) -> Response:
        """Begin the account, and go on to sign in."""
        await self._limits.count("mailed_link_per_ip", bucket(visitor().facts.ip))
        form = await request.form
        token, name = form.get("token", ""), form.get("name", "")
        try:
            await joining.begin(
                self._parts, self._passwords, token, name=name, password=form.get("password", "")
            )
        except NoJoining:
            return self._gone()
        except UnfitProfile as error:
            return await self._beginning(token, name, {error.field: str(error)})
        except BadPassword as error:
            return await self._beginning(token, name, {"password": str(error)})
        return see_other("/login")

    async def _beginning(
        self, token: str, name: str = "", faults: Mapping[str, str] | None = None
    ) -> Response:
        try:
            email = (await joining.wanted(self._parts, token)).email
        except NoJoining:
            return self._gone()
        return self._show(
            JoinState.BEGIN, action=BEGINNING, token=token, email=email, name=name, faults=faults
        )

    def _gone(self) -> Response:
        return self._show(JoinState.GONE, status=400)

    def _show(
        self,
        state: JoinState,
        *,
        status: int = 200,
        action: str = "",
        token: str = "",
        email: str = "",
        name: str = "",
        faults: Mapping[str, str] | None = None,
    ) -> Response:
        prefix = current_tenant().prefix
        content = JoinPage(
            state=state,
            action=f"{prefix}{action}",
            sign_in_url=f"{prefix}/login",
            ask_url=f"{prefix}{JOIN}",
            token=token,
            email=email,
            name=name,
            minimum_length=minimum_length(),
            faults=faults or {},
        )
        html = self._pages.render("join.html", visit=visitor().page(), page=content)
        return page(html, 400 if faults else status)


async def _only_where_people_may() -> None:
    if not joining.is_open(current_tenant().settings):
        raise NotFound
