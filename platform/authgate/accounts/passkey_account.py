"""``/account/security/passkeys``: a person's passkeys, added and removed."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import Conflict

from authgate.accounts import factor_notices, own_events
from authgate.accounts.answers import see_other
from authgate.accounts.authenticator_setup import codes_page
from authgate.accounts.browser_sessions import BrowserSessions
from authgate.accounts.passkey_ceremonies import NoPasskey
from authgate.accounts.passkey_setup import PasskeySetup, plain_name
from authgate.accounts.second_factor_policy import is_open_to, is_required_of, with_second
from authgate.accounts.second_factors import SecondFactors
from authgate.accounts.standing import (
    SECURITY,
    SignInAgain,
    StepUp,
    require_recent_sign_in,
    to_second_factor,
    to_sign_in,
)
from authgate.accounts.step_up import require_own_factor
from authgate.accounts.visits import SignedIn, signed_in
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.storage.people import users
from authgate.storage.sign_in import passkeys
from authgate.tokens.authentication import HWK
from authgate.web import row_ids
from authgate.web.pages import Pages
from authgate_tenants import current_tenant

_HERE = f"{SECURITY}/passkeys"


class PasskeyAccount:
    """What a person changes about their passkeys."""

    def __init__(
        self,
        *,
        parts: Installation,
        pages: Pages,
        factors: SecondFactors,
        sessions: BrowserSessions,
    ) -> None:
        self._parts = parts
        self._pages = pages
        self._factors = factors
        self._sessions = sessions
        self._setup = PasskeySetup(parts=parts, factors=factors)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("passkey-account", __name__)
        routes.post(f"{_HERE}/options")(self.options)
        routes.post(_HERE)(self.add)
        routes.post(f"{_HERE}/rename")(self.rename)
        routes.post(f"{_HERE}/remove")(self.remove)
        routes.register_error_handler(SignInAgain, to_sign_in)
        routes.register_error_handler(StepUp, to_second_factor)
        return routes

    async def options(self) -> Response:
        """What the device is asked to make."""
        person = await self._proven()
        return await self._setup.options(person.user)

    async def add(self) -> Response:
        """Take what it has made."""
        person, form = await self._proven(), await request.form
        # Held, so that of two that come at once one finds the other's.
        await users.held(person.user.id)
        try:
            codes = await self._setup.taken(person.user, form)
        except NoPasskey:
            return see_other(f"{SECURITY}?done=no-passkey")
        if not codes:
            return see_other(f"{SECURITY}?done=passkey-added")
        target = f"{current_tenant().prefix}{SECURITY}"
        response = codes_page(self._pages, codes, target, is_new_app=False)
        # What was shown just now counts, as the first code of an app does.
        await self._sessions.step_up(person, response, amr=with_second(person.session.amr, HWK))
        return response

    async def rename(self) -> Response:
        """Call one otherwise."""
        person, form = await self._proven(), await request.form
        passkey_id, name = row_ids.find(form.get("passkey", "")), plain_name(form.get("name", ""))
        if passkey_id is None or not name:
            return see_other(SECURITY)
        former = await passkeys.rename(passkey_id, name, user_id=person.user.id)
        if former is None or former == name:
            return see_other(SECURITY)
        await own_events.record(Event.PASSKEY_RENAMED, person.user, before=former, after=name)
        return see_other(f"{SECURITY}?done=passkey-renamed")

    async def remove(self) -> Response:
        """Take one away, unless it is the last factor of somebody who has to have one."""
        person, form = await self._proven(), await request.form
        await users.held(person.user.id)
        enrolled = await self._factors.of(person.user)
        is_last = enrolled.app is None and len(enrolled.passkeys) == 1
        if is_last and await is_required_of(person.user):
            raise Conflict
        passkey_id = row_ids.find(form.get("passkey", ""))
        if passkey_id is None or not await passkeys.remove(passkey_id, user_id=person.user.id):
            return see_other(SECURITY)
        if is_last:
            await self._factors.remove(person.user)
        await own_events.record(Event.SECOND_FACTOR_REMOVED, person.user, method="passkey")
        what = text("A passkey was removed from your account.")
        await factor_notices.send(self._parts, person.user, what)
        return see_other(f"{SECURITY}?done=passkey-removed")

    async def _proven(self) -> SignedIn:
        """The person, who has shown all they have, and lately. Raises ``SignInAgain``,
        ``StepUp`` and ``Conflict``."""
        person = signed_in()
        if not is_open_to(person.user):
            raise Conflict
        require_recent_sign_in(now=self._parts.clock(), then=SECURITY)
        await require_own_factor(then=SECURITY)
        return person
