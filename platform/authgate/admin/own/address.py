"""``/account/address``: where links about an address lead, to the new one and to the former one.

A link shows a button, and only that changes anything.
"""

from quart import Blueprint, Response, request

from authgate.accounts.answers import page, see_other
from authgate.accounts.passwords import FORGOTTEN
from authgate.accounts.visits import signed_in, visitor
from authgate.installation import Installation
from authgate.provisioning import own_profile
from authgate.provisioning.own_profile import ADDRESS, UNDO, NoAddressLink, NotYourAccount
from authgate.web.account_view_models import AddressPage, AddressState, ProfileDone
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.pages import Pages, language_read
from authgate_tenants import current_tenant

_LIMIT = "mailed_link_per_ip"


class AddressPages:
    """The pages."""

    def __init__(self, *, parts: Installation, pages: Pages, limits: Limits) -> None:
        self._parts = parts
        self._pages = pages
        self._limits = limits

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("address", __name__)
        routes.get(ADDRESS)(self.show)
        routes.post(ADDRESS)(self.prove)
        routes.get(UNDO)(self.show_undo)
        routes.post(UNDO)(self.undo)
        return routes

    async def show(self) -> Response:
        """Which account gets which address."""
        person, token = signed_in().user, request.args.get("token", "")
        await self._count()
        try:
            link = await own_profile.wanted(self._parts, token, person)
        except NoAddressLink:
            return self._gone()
        except NotYourAccount:
            return self._somebody_else()
        return self._show(AddressState.PROVE, action=ADDRESS, token=token, email=link.email)

    async def prove(self) -> Response:
        """Have it be so."""
        person, token = signed_in().user, (await request.form).get("token", "")
        await self._count()
        try:
            await own_profile.prove(self._parts, token, person, language=language_read())
        except NoAddressLink:
            return self._gone()
        except NotYourAccount:
            return self._somebody_else()
        return see_other(f"/account/profile?done={ProfileDone.ADDRESS}")

    async def show_undo(self) -> Response:
        """Which address comes back; whoever reads its mail need not be signed in."""
        token = request.args.get("token", "")
        await self._count()
        try:
            link = await own_profile.regretted(self._parts, token)
        except NoAddressLink:
            return self._gone()
        return self._show(AddressState.UNDO, action=UNDO, token=token, email=link.email)

    async def undo(self) -> Response:
        """Have it come back."""
        await self._count()
        try:
            await own_profile.undo(self._parts, (await request.form).get("token", ""))
        except NoAddressLink:
            return self._gone()
        return self._show(AddressState.UNDONE)

    async def _count(self) -> None:
        await self._limits.count(_LIMIT, bucket(visitor().facts.ip))

    def _gone(self) -> Response:
        return self._show(AddressState.GONE, status=400)

    def _somebody_else(self) -> Response:
        return self._show(AddressState.SOMEBODY_ELSE, status=403)

    def _show(
        self,
        state: AddressState,
        *,
        status: int = 200,
        action: str = "",
        token: str = "",
        email: str = "",
    ) -> Response:
        prefix, known = current_tenant().prefix, visitor().signed_in
        content = AddressPage(
            state=state,
            action=f"{prefix}{action}",
            token=token,
            email=email,
            signed_in_as=known.user.username if known else "",
            sign_out_action=f"{prefix}/logout",
            forgot_url=f"{prefix}{FORGOTTEN}",
        )
        html = self._pages.render("address.html", visit=visitor().page(), page=content)
        return page(html, status)
