"""``/second-factor/set-up``: setting up a second factor, where a sign-in asks for one, and where
somebody who is signed in wants one."""

from collections.abc import Mapping

from quart import Blueprint, Response, request
from werkzeug.exceptions import Conflict

from authgate import storage
from authgate.accounts import second_factors
from authgate.accounts.answers import see_other
from authgate.accounts.authenticator_setup import AuthenticatorSetup, codes_page
from authgate.accounts.browser_sessions import Heard
from authgate.accounts.factor_visits import FactorVisits, Here
from authgate.accounts.passkey_ceremonies import NoPasskey
from authgate.accounts.passkey_setup import PasskeySetup
from authgate.accounts.second_factor_policy import is_open_to
from authgate.accounts.second_factors import Method, SecondFactors
from authgate.accounts.standing import (
    SECOND_FACTOR,
    SignInAgain,
    require_recent_sign_in,
    to_sign_in,
)
from authgate.installation import Installation
from authgate.storage.people import users
from authgate.tokens.authentication import HWK, OTP, TWO_FACTORS, is_worth
from authgate.web.pages import Pages

SET_UP = f"{SECOND_FACTOR}/set-up"
_PASSKEY = f"{SET_UP}/passkey"


class FactorSetUpPages:
    """An authenticator app, or a passkey in its place."""

    def __init__(
        self, *, parts: Installation, pages: Pages, factors: SecondFactors, visits: FactorVisits
    ) -> None:
        self._parts = parts
        self._pages = pages
        self._visits = visits
        self._setup = AuthenticatorSetup(
            SET_UP, _PASSKEY, parts=parts, pages=pages, factors=factors
        )
        self._passkeys = PasskeySetup(parts=parts, factors=factors)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("second-factor-set-up", __name__)
        routes.get(SET_UP)(self.show)
        routes.post(SET_UP)(self.set_up)
        routes.post(f"{_PASSKEY}/options")(self.passkey_options)
        routes.post(_PASSKEY)(self.set_up_passkey)
        routes.register_error_handler(SignInAgain, to_sign_in)
        return routes

    async def show(self) -> Response:
        """The page on which an app is set up."""
        here = await self._whoever_may(request.args.get("return_to"))
        if isinstance(here, Response):
            return here
        return await self._setup.page(here.user, here.return_to, is_half=here.half is not None)

    async def set_up(self) -> Response:
        """Take an app that has shown its first code."""
        form = await request.form
        here = await self._whoever_may(form.get("return_to"))
        if isinstance(here, Response):
            return here
        enrolment, code = form.get("enrolment", ""), form.get("code", "")
        if not await self._setup.is_right(here.user, enrolment, code):
            return await self._setup.page(
                here.user, here.return_to, is_half=here.half is not None, enrolment=enrolment
            )
        heard = await self._visits.heard(here, OTP)
        # Whoever is not let on has no app whose recovery codes they were not shown.
        async with storage.savepoint():
            return await self._enrolled(here, heard, enrolment, code)

    async def _enrolled(
        self, here: Here, heard: Heard | None, enrolment: str, code: str
    ) -> Response:
        # Held, so that of two that come at once one finds the other's.
        await users.held(here.user.id)
        refusal = await self._may_not_set_up(here)
        codes = None if refusal else await self._setup.taken(here.user, enrolment, code)
        if codes is None:
            return refusal or see_other(f"{SET_UP}{here.query}")
        response = codes_page(self._pages, codes, here.return_to, is_new_app=True)
        if not await self._visits.let_on(here, heard, response, OTP):
            return see_other(SECOND_FACTOR)
        await self._visits.welcome(here, Method.TOTP, response)
        return response

    async def passkey_options(self) -> Response:
        """What the person's device is asked to make."""
        here = await self._whoever_may((await request.form).get("return_to"))
        if isinstance(here, Response):
            return here
        return await self._passkeys.options(here.user)

    async def set_up_passkey(self) -> Response:
        """Take a passkey, and let the browser on with it."""
        form = await request.form
        here = await self._whoever_may(form.get("return_to"))
        if isinstance(here, Response):
            return here
        heard = await self._visits.heard(here, HWK)
        # Whoever is not let on has no passkey whose recovery codes they were not shown.
        async with storage.savepoint():
            return await self._added(here, heard, form)

    async def _added(self, here: Here, heard: Heard | None, form: Mapping[str, str]) -> Response:
        await users.held(here.user.id)
        refusal = await self._may_not_set_up(here)
        if refusal is not None:
            return refusal
        try:
            codes = await self._passkeys.taken(here.user, form)
        except NoPasskey:
            return see_other(f"{SET_UP}{here.query}")
        shown = codes_page(self._pages, codes, here.return_to, is_new_app=False)
        response = shown if codes else see_other(here.return_to)
        if not await self._visits.let_on(here, heard, response, HWK):
            return see_other(SECOND_FACTOR)
        await self._visits.welcome(here, Method.PASSKEY, response)
        return response

    async def _whoever_may(self, wanted: str | None) -> Here | Response:
        """Whom this browser is about, or where they go who may not set up anything now."""
        here = await self._visits.here(wanted)
        if here is None:
            return see_other("/login")
        return await self._may_not_set_up(here) or here

    async def _may_not_set_up(self, here: Here) -> Response | None:
        """Where somebody goes who may not set up an app now. Raises ``Conflict`` where nobody may
        here, and for guests."""
        if not is_open_to(here.user):
            raise Conflict
        is_shown = here.person is not None and is_worth(here.person.session.amr, TWO_FACTORS)
        if not is_shown and await second_factors.has_any(here.user.id):
            # Whoever has the password alone must not put an app of theirs in the place of another.
            return see_other(f"{SECOND_FACTOR}{here.query}")
        if here.person is not None:
            require_recent_sign_in(now=self._parts.clock(), then=f"{SET_UP}{here.query}")
        return None
