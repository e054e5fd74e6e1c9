"""``/account/profile``: what a person is called, and where they are reached."""

from collections.abc import Mapping

from quart import Blueprint, Response, request
from werkzeug.exceptions import Forbidden

from authgate.accounts.account_frame import ACCOUNT, frame
from authgate.accounts.answers import page, see_other
from authgate.accounts.standing import (
    SignInAgain,
    StepUp,
    require_recent_sign_in,
    to_second_factor,
    to_sign_in,
)
from authgate.accounts.step_up import require_own_factor
from authgate.accounts.visits import signed_in, visitor
from authgate.installation import Installation
from authgate.mail import TooManyMails
from authgate.provisioning import own_profile
from authgate.provisioning.own_profile import UnfitProfile
from authgate.storage.people.users import User
from authgate.web.account_view_models import ProfileDone, ProfilePage
from authgate.web.pages import Pages, language_read
from authgate_tenants import current_tenant

_HERE = f"{ACCOUNT}/profile"


class ProfilePages:
    """The page."""

    def __init__(self, *, parts: Installation, pages: Pages) -> None:
        self._parts = parts
        self._pages = pages

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("profile", __name__)
        routes.register_error_handler(SignInAgain, to_sign_in)
        routes.register_error_handler(StepUp, to_second_factor)
        routes.get(_HERE)(self.show)
        routes.post(_HERE)(self.rename)
        routes.post(f"{_HERE}/address")(self.change_address)
        routes.post(f"{_HERE}/verify")(self.verify)
        return routes

    async def show(self) -> Response:
        """What there is."""
        done = request.args.get("done", "")
        return await self._page(done=ProfileDone(done) if done in set(ProfileDone) else None)

    async def rename(self) -> Response:
        """Be called otherwise."""
        user, form = await self._own(), await request.form
        try:
            await own_profile.rename(user, form.get("name", ""), now=self._parts.clock())
        except UnfitProfile as error:
            return await self._page({error.field: str(error)})
        return see_other(f"{_HERE}?done={ProfileDone.NAME}")

    async def change_address(self) -> Response:
        """Have a link sent to another address."""
        user, email = await self._own(), (await request.form).get("email", "")
        require_recent_sign_in(now=self._parts.clock(), then=_HERE)
        await require_own_factor(then=_HERE)
        return await self._sent(user, email)

    async def verify(self) -> Response:
        """Have one sent to the address that is there."""
        user = signed_in().user
        if user.email is None or user.email_verified:
            return see_other(_HERE)
        return await self._sent(user, user.email)

    async def _sent(self, user: User, email: str) -> Response:
        try:
            await own_profile.ask_for_address(self._parts, user, email, language=language_read())
        except UnfitProfile as error:
            return await self._page({error.field: str(error)}, new_email=email)
        except TooManyMails as error:
            return await self._page({"email": str(error)}, new_email=email)
        return see_other(f"{_HERE}?done={ProfileDone.SENT}")

    async def _own(self) -> User:
        user = signed_in().user
        if not await own_profile.may_change(user):
            raise Forbidden
        return user

    async def _page(
        self,
        faults: Mapping[str, str] | None = None,
        *,
        new_email: str = "",
        done: ProfileDone | None = None,
    ) -> Response:
        user, prefix = signed_in().user, current_tenant().prefix
        own = await own_profile.may_change(user)
        unproven = user.email is not None and not user.email_verified
        content = ProfilePage(
            **frame(),
            username=user.username,
            name=user.name,
            email=user.email or "",
            email_verified=user.email_verified,
            action=f"{prefix}{_HERE}" if own else "",
            address_action=f"{prefix}{_HERE}/address" if own else "",
            verify_action=f"{prefix}{_HERE}/verify" if unproven else "",
            new_email=new_email,
            done=done,
            faults=faults or {},
        )
        html = self._pages.render("account/profile.html", visit=visitor().page(), page=content)
        return page(html, 400 if faults else 200)
