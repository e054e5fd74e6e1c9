"""``/sign-up``: where somebody begins a tenant of their own, at the operators' tenant alone.

The link in the mail shows a form, and only sending that begins anything: who looks at links before
their reader does, such as a mail gateway, uses none up.
"""

from collections.abc import Mapping

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate.accounts.answers import page, see_other
from authgate.accounts.passwords import BadPassword, Passwords, minimum_length
from authgate.accounts.visits import visitor
from authgate.installation import Installation
from authgate.provisioning import sign_ups
from authgate.provisioning.sign_ups import (
    CONFIRMATION,
    PATH,
    Founded,
    NoSignUp,
    Told,
    UnfitSignUp,
)
from authgate.storage.tenants.sign_ups import SignUp
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.pages import Pages, language_read
from authgate.web.sign_up_view_models import FoundedPage, SignUpConfirmPage, SignUpPage
from authgate_tenants import current_tenant

LIMIT = "sign_up_per_ip"

_EXAMPLE = "acme"


class SignUpPages:
    """The pages."""

    def __init__(
        self, *, parts: Installation, pages: Pages, passwords: Passwords, limits: Limits
    ) -> None:
        self._parts = parts
        self._pages = pages
        self._passwords = passwords
        self._limits = limits

    def blueprint(self) -> Blueprint:
        """The routes; there are none where nobody signs up."""
        routes = Blueprint("sign-up", __name__)
        routes.before_request(self._only_here)
        routes.get(PATH)(self.show)
        routes.post(PATH)(self.ask)
        routes.get(f"{PATH}/sent")(self.sent)
        routes.get(CONFIRMATION)(self.confirm)
        routes.post(CONFIRMATION)(self.finish)
        return routes

    async def show(self) -> Response:
        """The form, or that only those get in who were invited."""
        return self._form(Told("", "", ""))

    async def ask(self) -> Response:
        """Send the link; the answer is the same whoever has the address."""
        if self._parts.settings.sign_up.mode != "open":
            raise NotFound
        await self._limits.count(LIMIT, bucket(visitor().facts.ip))
        form = await request.form
        told = Told(form.get("email", ""), form.get("name", ""), form.get("slug", ""))
        try:
            await sign_ups.ask_for_tenant(self._parts, told, language=language_read())
        except UnfitSignUp as error:
            return self._form(told, {error.field: str(error)})
        return see_other(f"{PATH}/sent")

    async def sent(self) -> Response:
        """Where to look now."""
        return self._show("sign_up.html", SignUpPage(state="sent"))

    async def confirm(self) -> Response:
        """What is left to choose."""
        token = request.args.get("token", "")
        try:
            kept = await sign_ups.wanted(self._parts, token)
        except NoSignUp:
            return self._gone()
        return self._confirm_form(kept, token)

    async def finish(self) -> Response:
        """Begin the tenant."""
        await self._limits.count(LIMIT, bucket(visitor().facts.ip))
        form = await request.form
        token, name, slug = (form.get(each, "") for each in ("token", "name", "slug"))
        try:
            kept = await sign_ups.wanted(self._parts, token)
        except NoSignUp:
            return self._gone()
        try:
            founded = await sign_ups.finish_sign_up(
                self._parts,
                self._passwords,
                token,
                password=form.get("password", ""),
                name=name,
                slug=slug,
            )
        except BadPassword as error:
            return self._confirm_form(kept, token, name, slug, {"password": str(error)})
        except UnfitSignUp as error:
            return self._confirm_form(kept, token, name, slug, {error.field: str(error)})
        return self._show("sign_up_done.html", _founded(founded))

    async def _only_here(self) -> None:
        if not sign_ups.is_here(self._parts):
            raise NotFound

    def _form(self, told: Told, faults: Mapping[str, str] | None = None) -> Response:
        is_open = self._parts.settings.sign_up.mode == "open"
        before, _, after = self._address()
        content = SignUpPage(
            state="open" if is_open else "invitation",
            action=f"{current_tenant().prefix}{PATH}",
            email=told.email,
            name=told.name,
            slug=told.slug,
            address_before=before,
            address_after=after,
            faults=faults or {},
        )
        return self._show("sign_up.html", content, 400 if faults else 200)

    def _confirm_form(
        self,
        kept: SignUp,
        token: str,
        name: str = "",
        slug: str = "",
        faults: Mapping[str, str] | None = None,
    ) -> Response:
        before, _, after = self._address()
        content = SignUpConfirmPage(
            action=f"{current_tenant().prefix}{CONFIRMATION}",
            token=token,
            email=kept.email,
            name=kept.name or name,
            slug=kept.slug or slug,
            asks=not kept.slug,
            address_before=before,
            address_after=after,
            minimum_length=minimum_length(),
            faults=faults or {},
        )
        return self._show("sign_up_confirm.html", content, 400 if faults else 200)

    def _address(self) -> tuple[str, str, str]:
        return self._parts.resolver.issuer_of(_EXAMPLE).partition(_EXAMPLE)

    def _gone(self) -> Response:
        return self._show("sign_up.html", SignUpPage(state="gone"), 400)

    def _show(self, template: str, content: object, status: int = 200) -> Response:
        html = self._pages.render(template, visit=visitor().page(), page=content)
        return page(html, status)


def _founded(founded: Founded) -> FoundedPage:
    return FoundedPage(
        name=founded.tenant.name,
        issuer=founded.tenant.issuer,
        owner=founded.owner,
        sign_in_url=founded.sign_in_url,
        is_new=founded.is_new,
    )
