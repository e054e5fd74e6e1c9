"""``/account/security``: a person's second factors, and the browsers that ask for none."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import Conflict

from authgate.accounts import factor_notices, own_events
from authgate.accounts.account_frame import frame
from authgate.accounts.answers import page as answer
from authgate.accounts.answers import see_other
from authgate.accounts.authenticator_setup import codes_page
from authgate.accounts.factor_lines import device_line, passkey_line
from authgate.accounts.factor_set_up_pages import SET_UP
from authgate.accounts.second_factor_policy import is_open_to, is_required_of, will_lack
from authgate.accounts.second_factors import SecondFactors, has_any
from authgate.accounts.second_step import owner_of
from authgate.accounts.standing import SECURITY as HERE
from authgate.accounts.standing import (
    SignInAgain,
    StepUp,
    require_recent_sign_in,
    require_second_factor,
    to_second_factor,
    to_sign_in,
)
from authgate.accounts.visits import SignedIn, signed_in, visitor
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.storage.people import users
from authgate.storage.sign_in import passkeys, remembered_devices
from authgate.web import row_ids
from authgate.web.pages import Pages
from authgate.web.second_factor_view_models import SecurityPage
from authgate_tenants import current_tenant


class SecurityPages:
    """What a person changes about how they sign in."""

    def __init__(self, *, parts: Installation, pages: Pages, factors: SecondFactors) -> None:
        self._parts = parts
        self._pages = pages
        self._factors = factors

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("security", __name__)
        routes.get(HERE)(self.show)
        routes.post(f"{HERE}/authenticator/remove")(self.remove_app)
        routes.post(f"{HERE}/recovery-codes")(self.new_codes)
        routes.post(f"{HERE}/devices/forget")(self.forget)
        routes.register_error_handler(SignInAgain, to_sign_in)
        routes.register_error_handler(StepUp, to_second_factor)
        return routes

    async def show(self) -> Response:
        """What there is."""
        person, prefix, now = signed_in(), current_tenant().prefix, self._parts.clock()
        enrolled = await self._factors.of(person.user)
        devices = await remembered_devices.live_of(owner_of(person.user), now=now)
        # Who acts for somebody is told no date, which would begin their days.
        is_own = person.session.impersonator_id is None
        content = SecurityPage(
            **frame(),
            set_up_url=f"{prefix}{SET_UP}?return_to={prefix}{HERE}",
            remove_action=f"{prefix}{HERE}/authenticator/remove",
            codes_action=f"{prefix}{HERE}/recovery-codes",
            forget_action=f"{prefix}{HERE}/devices/forget",
            is_offered=is_open_to(person.user),
            is_required=await is_required_of(person.user),
            due_at=await will_lack(person.user, person.session.amr, now=now) if is_own else None,
            app_since=enrolled.app.created_at if enrolled.app else None,
            app_used_at=enrolled.app.last_used_at if enrolled.app else None,
            recovery_codes=enrolled.recovery_codes,
            passkeys=[passkey_line(each) for each in enrolled.passkeys],
            passkeys_action=f"{prefix}{HERE}/passkeys",
            devices=[device_line(each) for each in devices],
            done=request.args.get("done", ""),
        )
        visit = visitor().page()
        return answer(self._pages.render("account/security.html", visit=visit, page=content))

    async def remove_app(self) -> Response:
        """Be without a second factor, where the tenant lets the person."""
        person = self._proven()
        # Held, so that of two that come at once one finds what the other has left.
        await users.held(person.user.id)
        is_last = not await passkeys.exist(person.user.id)
        if is_last and await is_required_of(person.user):
            raise Conflict
        if await self._factors.remove_app(person.user):
            await own_events.record(Event.SECOND_FACTOR_REMOVED, person.user, method="totp")
            what = text("The authenticator app was removed from your account.")
            await factor_notices.send(self._parts, person.user, what)
        return see_other(f"{HERE}?done=removed")

    async def new_codes(self) -> Response:
        """Recovery codes in the place of all former ones."""
        person = self._proven()
        await users.held(person.user.id)
        if not await has_any(person.user.id):
            return see_other(HERE)
        codes = await self._factors.new_recovery_codes(person.user, now=self._parts.clock())
        await own_events.record(Event.RECOVERY_CODES_REPLACED, person.user)
        what = text("New recovery codes were made for your account. The former ones are void.")
        await factor_notices.send(self._parts, person.user, what)
        target = f"{current_tenant().prefix}{HERE}"
        return codes_page(self._pages, codes, target, is_new_app=False)

    async def forget(self) -> Response:
        """Ask for a second factor again: in one browser, or in all."""
        person, wanted = signed_in(), (await request.form).get("device", "")
        if wanted:
            device_id = row_ids.find(wanted)
            ended = device_id is not None and await remembered_devices.end(
                device_id, user_id=person.user.id
            )
        else:
            ended = await remembered_devices.end_all(person.user.id) > 0
        if ended:
            await own_events.record(
                Event.REMEMBERED_DEVICE_FORGOTTEN, person.user, device=wanted or "all"
            )
        return see_other(f"{HERE}?done=forgotten")

    def _proven(self) -> SignedIn:
        """The person, who has shown all they have, and lately. Raises ``SignInAgain`` and
        ``StepUp``."""
        require_recent_sign_in(now=self._parts.clock(), then=HERE)
        return require_second_factor(then=HERE)
