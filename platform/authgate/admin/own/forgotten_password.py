"""``/forgot-password``: where somebody asks for a link and chooses another password by it.

The link in the mail shows a form, and only sending that changes anything: who looks at links before
their reader does, such as a mail gateway, uses none up.
"""

from collections.abc import Mapping

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate.accounts.answers import page, see_other
from authgate.accounts.passwords import FORGOTTEN, BadPassword, Passwords, minimum_length
from authgate.accounts.visits import visitor
from authgate.installation import Installation
from authgate.provisioning import forgotten_passwords
from authgate.provisioning.forgotten_passwords import CHOICE, NoLink
from authgate.web.account_view_models import ForgottenPasswordPage, ForgottenState
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.pages import Pages, language_read
from authgate_tenants import current_tenant

_LONGEST_NAME = 320


class ForgottenPassword:
    """The pages."""

    def __init__(
        self, *, parts: Installation, pages: Pages, passwords: Passwords, limits: Limits
    ) -> None:
        self._parts = parts
        self._pages = pages
        self._passwords = passwords
        self._limits = limits

    def blueprint(self) -> Blueprint:
        """The routes; where a tenant has no passwords, there are none."""
        routes = Blueprint("forgotten-password", __name__)
        routes.before_request(_only_where_there_are_passwords)
        routes.get(FORGOTTEN)(self.show)
        routes.post(FORGOTTEN)(self.ask)
        routes.get(f"{FORGOTTEN}/sent")(self.sent)
        routes.get(CHOICE)(self.begin)
        routes.post(CHOICE)(self.choose)
        routes.get(f"{FORGOTTEN}/done")(self.done)
        return routes

    async def show(self) -> Response:
        """The form."""
        known = visitor().signed_in
        name = known.user.username if known else ""
        return self._show(ForgottenState.ASK, action=FORGOTTEN, username=name)

    async def ask(self) -> Response:
        """Send the link; the answer and its time are the same whoever has an account."""
        await self._limits.count("forgotten_password_per_ip", bucket(visitor().facts.ip))
        await self._limits.count("forgotten_password_per_tenant")
        name = (await request.form).get("username", "")[:_LONGEST_NAME]
        await forgotten_passwords.ask_for_link(self._parts, name, language=language_read())
        return see_other(f"{FORGOTTEN}/sent")

    async def sent(self) -> Response:
        """Where to look now."""
        return self._show(ForgottenState.SENT)

    async def begin(self) -> Response:
        """The form for another password."""
        await self._limits.count("mailed_link_per_ip", bucket(visitor().facts.ip))
        return await self._choice(request.args.get("token", ""))

    async def choose(self) -> Response:
        """Have the person sign in with it from now on."""
        await self._limits.count("mailed_link_per_ip", bucket(visitor().facts.ip))
        form = await request.form
        token = form.get("token", "")
        try:
            await forgotten_passwords.choose(
                self._parts, self._passwords, token, password=form.get("password", "")
            )
        except NoLink:
            return self._gone()
        except BadPassword as error:
            return await self._choice(token, {"password": str(error)})
        return see_other(f"{FORGOTTEN}/done")

    async def done(self) -> Response:
        """Where to go on."""
        return self._show(ForgottenState.DONE)

    async def _choice(self, token: str, faults: Mapping[str, str] | None = None) -> Response:
        try:
            _, user = await forgotten_passwords.wanted(self._parts, token)
        except NoLink:
            return self._gone()
        return self._show(
            ForgottenState.CHOOSE,
            400 if faults else 200,
            action=CHOICE,
            username=user.username,
            token=token,
            faults=faults,
        )

    def _gone(self) -> Response:
        return self._show(ForgottenState.GONE, 400)

    def _show(
        self,
        state: ForgottenState,
        status: int = 200,
        *,
        action: str = "",
        username: str = "",
        token: str = "",
        faults: Mapping[str, str] | None = None,
    ) -> Response:
        prefix = current_tenant().prefix
        content = ForgottenPasswordPage(
            state=state,
            action=f"{prefix}{action}",
            sign_in_url=f"{prefix}/login",
            ask_url=f"{prefix}{FORGOTTEN}",
            username=username,
            token=token,
            minimum_length=minimum_length(),
            faults=faults or {},
        )
        html = self._pages.render("forgot_password.html", visit=visitor().page(), page=content)
        return page(html, status)


async def _only_where_there_are_passwords() -> None:
    if not current_tenant().settings.password_sign_in:
        raise NotFound
