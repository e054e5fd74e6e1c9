"""``/second-factor``: showing a second factor, and setting one up where a sign-in asks for it.

Here come browsers with a sign-in that has one factor, and people who are signed in and want what
asks for more (RFC 9470).
"""

from datetime import timedelta
from typing import NamedTuple
from urllib.parse import quote

from quart import Blueprint, Response, request
from werkzeug.exceptions import Conflict, NotFound

from authgate import audit, storage
from authgate.accounts import (
    destinations,
    factor_notices,
    known_browsers,
    own_events,
    passkey_ceremonies,
    second_factors,
)
from authgate.accounts.answers import page, see_other, tell_of_limit
from authgate.accounts.authenticator_setup import AuthenticatorSetup, codes_page
from authgate.accounts.browser_sessions import BrowserSessions, Heard
from authgate.accounts.half_sign_in import HalfSignIn, password_mark
from authgate.accounts.known_browsers import KnownBrowser
from authgate.accounts.passkey_ceremonies import Challenge, NoPasskey
from authgate.accounts.passkey_challenges import PasskeyChallenges
from authgate.accounts.second_factor_policy import is_open_to, with_second
from authgate.accounts.second_factors import Method, SecondFactors
from authgate.accounts.second_step import DEVICE, FirstFactor, SecondStep, owner_of
from authgate.accounts.sign_in_notices import SignInNotices
from authgate.accounts.standing import SECOND_FACTOR as HERE
from authgate.accounts.standing import SECURITY, SignInAgain, require_recent_sign_in, to_sign_in
from authgate.accounts.visits import SignedIn, visitor
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.sign_in import login_failures, passkeys, remembered_devices
from authgate.telemetry import metrics
from authgate.tokens.authentication import HWK, OTP, TWO_FACTORS, is_worth
from authgate.web import return_to, session_cookie
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits, TooMany
from authgate.web.pages import Pages
from authgate.web.second_factor_view_models import SecondFactorPage, SecondFactorProblem
from authgate_tenants import current_tenant

SET_UP = f"{HERE}/set-up"
_SECOND = "second"
"""What a passkey signs here for."""
_SECONDS_PER_DAY = 86400


class _Here(NamedTuple):
    """Who is to show a second factor, and how far they are."""

    user: User
    half: HalfSignIn | None
    """A sign-in that waits for it; the person is signed in where there is none."""
    person: SignedIn | None
    return_to: str

    @property
    def query(self) -> str:
        """What the pages of somebody who is signed in are asked with."""
        return "" if self.half else f"?return_to={quote(self.return_to)}"


class SecondFactorPages:
    """The pages between one factor and the session."""

    def __init__(
        self,
        *,
        parts: Installation,
        pages: Pages,
        factors: SecondFactors,
        second_step: SecondStep,
        sessions: BrowserSessions,
        notices: SignInNotices,
        limits: Limits,
    ) -> None:
        self._notices = notices
        self._parts = parts
        self._pages = pages
        self._factors = factors
        self._second_step = second_step
        self._sessions = sessions
        self._limits = limits
        self._challenges = PasskeyChallenges(parts.encryption, clock=parts.clock)
        self._setup = AuthenticatorSetup(SET_UP, parts=parts, pages=pages, factors=factors)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("second-factor", __name__)
        routes.get(HERE)(self.show)
        routes.post(HERE)(self.check)
        routes.post(f"{HERE}/passkey/options")(self.passkey_options)
        routes.post(f"{HERE}/passkey")(self.check_passkey)
        routes.get(SET_UP)(self.show_setup)
        routes.post(SET_UP)(self.set_up)
        routes.register_error_handler(SignInAgain, to_sign_in)
        return routes

    async def show(self) -> Response:
        """The page that asks for it, where the person has one."""
        here = await self._here(request.args.get("return_to"))
        if here is None:
            return see_other("/login")
        if here.person and is_worth(here.person.session.amr, TWO_FACTORS):
            return see_other(here.return_to)
        if not await second_factors.has_any(here.user.id):
            return see_other(f"{SET_UP}{here.query}")
        return await self._page(here)

    async def check(self) -> Response:
        """Look at a code, once, and let the browser on."""
        form = await request.form
        here = await self._here(form.get("return_to"))
        if here is None:
            return see_other("/login")
        try:
            await self._limits.count("login_per_ip", bucket(visitor().facts.ip))
        except TooMany as refusal:
            return tell_of_limit(await self._paused(here, refusal.retry_after), refusal)
        known = await self._known(here.user)
        counted = second_factors.account(here.user, known)
        tries = await second_factors.count_attempt(counted, now=self._parts.clock())
        if tries is None:
            return await self._locked(here, counted)
        method = await self._factors.shown(here.user, form.get("code", ""), now=self._parts.clock())
        if method is None:
            return await self._refused(here, tries)
        await login_failures.forget(counted)
        return await self._whole(here, method, remember=form.get("remember_device") == "1")

    async def passkey_options(self) -> Response:
        """What the person's device is asked to sign. Raises ``NotFound`` where they have none."""
        here = await self._here((await request.form).get("return_to"))
        known = await passkeys.of(here.user.id) if here else []
        if here is None or not known:
            raise NotFound
        challenge = Challenge.made(_SECOND, here.user.id, now=self._parts.clock())
        options = passkey_ceremonies.sign_in_options(challenge, known)
        return await self._challenges.hand_out(challenge, options)

    async def check_passkey(self) -> Response:
        """Look at what it has signed, and let the browser on."""
        form = await request.form
        here = await self._here(form.get("return_to"))
        if here is None:
            return see_other("/login")
        await self._limits.count("login_per_ip", bucket(visitor().facts.ip))
        try:
            challenge = await self._challenges.taken_back(_SECOND)
            if challenge.user_id != here.user.id:
                raise NoPasskey
            await passkey_ceremonies.shown(
                form.get("credential", ""), challenge, now=self._parts.clock()
            )
        except NoPasskey:
            return await self._refused(here, 0)
        return await self._whole(here, Method.PASSKEY)

    async def show_setup(self) -> Response:
        """The page on which an app is set up."""
        here = await self._here(request.args.get("return_to"))
        refusal = await self._may_not_set_up(here)
        if here is None or refusal is not None:
            return refusal or see_other("/login")
        return await self._setup.page(here.user, here.return_to, is_half=here.half is not None)

    async def set_up(self) -> Response:
        """Take an app that has shown its first code."""
        form = await request.form
        here = await self._here(form.get("return_to"))
        refusal = await self._may_not_set_up(here)
        if here is None or refusal is not None:
            return refusal or see_other("/login")
        enrolment, code = form.get("enrolment", ""), form.get("code", "")
        if not await self._setup.is_right(here.user, enrolment, code):
            return await self._setup.page(
                here.user, here.return_to, is_half=here.half is not None, enrolment=enrolment
            )
        heard = await self._heard(here, OTP)
        # Whoever is not let on has no app whose recovery codes they were not shown.
        async with storage.savepoint():
            return await self._enrolled(here, heard, enrolment, code)

    async def _enrolled(
        self, here: _Here, heard: Heard | None, enrolment: str, code: str
    ) -> Response:
        # Held, so that of two that come at once one finds the other's.
        await users.held(here.user.id)
        refusal = await self._may_not_set_up(here)
        codes = None if refusal else await self._setup.taken(here.user, enrolment, code)
        if codes is None:
            return refusal or see_other(f"{SET_UP}{here.query}")
        response = codes_page(self._pages, codes, here.return_to, is_new_app=True)
        if not await self._let_on(here, heard, response, OTP):
            return see_other(HERE)
        await self._welcome(here, Method.TOTP, response)
        return response

    async def _here(self, wanted: str | None) -> _Here | None:
        person = visitor().signed_in
        if person is not None and wanted:
            return _Here(person.user, None, person, return_to.safe(wanted, otherwise=SECURITY))
        half = await self._second_step.under_way()
        user = await users.find(half.user_id) if half else None
        if half is not None and user is not None and user.is_active:
            is_same = half.mark == password_mark(user).hex()
            # What they had to show was taken from them meanwhile: they begin again.
            is_due = not half.has_factor or await second_factors.has_any(user.id)
            return _Here(user, half, None, half.return_to) if is_same and is_due else None
        home = f"{current_tenant().prefix}{SECURITY}"
        return _Here(person.user, None, person, home) if person else None

    async def _may_not_set_up(self, here: _Here | None) -> Response | None:
        """Where somebody goes who may not set up an app now. Raises ``Conflict`` where nobody may
        here, and for guests."""
        if here is None:
            return see_other("/login")
        if not is_open_to(here.user):
            raise Conflict
        is_shown = here.person is not None and is_worth(here.person.session.amr, TWO_FACTORS)
        if not is_shown and await second_factors.has_any(here.user.id):
            # Whoever has the password alone must not put an app of theirs in the place of another.
            return see_other(f"{HERE}{here.query}")
        if here.person is not None:
            require_recent_sign_in(now=self._parts.clock(), then=f"{SET_UP}{here.query}")
        return None

    async def _whole(self, here: _Here, method: Method, *, remember: bool = False) -> Response:
        response = see_other(here.return_to)
        shown = HWK if method is Method.PASSKEY else OTP
        if not await self._let_on(here, await self._heard(here, shown), response, shown):
            return response
        await self._welcome(here, method, response)
        if method is Method.RECOVERY_CODE:
            what = text("A recovery code was used to sign in to your account.")
            await factor_notices.send(self._parts, here.user, what)
        if remember:
            await self._remember(here.user, response)
        return response

    async def _welcome(self, here: _Here, method: Method, response: Response) -> None:
        """Write down that somebody is in, and to them where their browser is new."""
        user, vouched = here.user, here.half.connection if here.half else ""
        more = {"connection": vouched} if vouched else {}
        await own_events.record(Event.AUTHENTICATION_SUCCESS, user, method=method, **more)
        metrics.logins.add("second_factor", "success")
        if here.half is not None:
            await self._notices.welcome(visitor(), user, response)

    async def _known(self, user: User) -> KnownBrowser | None:
        return known_browsers.shown(request.headers, user, cipher=await self._setup.cipher())

    async def _heard(self, here: _Here, shown: str) -> Heard | None:
        """What the tenant's plugins say to a sign-in; ``None`` where somebody is signed in."""
        half = here.half
        if half is None:
            return None
        amr = with_second(half.amr, shown)
        return await self._sessions.heard(
            FirstFactor(here.user, amr, half.remembered, half.return_to, half.connection)
        )

    async def _let_on(
        self, here: _Here, heard: Heard | None, response: Response, shown: str
    ) -> bool:
        if heard is not None:
            return await self._sessions.go_on(visitor(), heard, response)
        if here.person is not None:
            amr = with_second(here.person.session.amr, shown)
            await self._sessions.step_up(here.person, response, amr=amr)
        return here.person is not None

    async def _remember(self, user: User, response: Response) -> None:
        days, facts = current_tenant().settings.remembered_device_days, visitor().facts
        if not days:
            return
        key = await remembered_devices.remember(
            owner_of(user),
            ip=facts.ip,
            user_agent=facts.user_agent,
            now=self._parts.clock(),
            expires_at=self._parts.clock() + timedelta(days=days),
        )
        session_cookie.write(response, DEVICE, key, max_age=days * _SECONDS_PER_DAY)

    async def _refused(self, here: _Here, tries: int) -> Response:
        await _record(Event.AUTHENTICATION_FAILURE, here.user, reason="mismatch")
        if tries >= login_failures.BY_ITSELF.free:
            await _record(Event.ACCOUNT_LOCKED, here.user, reason=f"{tries} failures in a row")
        metrics.logins.add("second_factor", "failure")
        return await self._page(here, 400, SecondFactorProblem.MISMATCH)

    async def _locked(self, here: _Here, counted: str) -> Response:
        await _record(Event.AUTHENTICATION_FAILURE, here.user, reason="locked")
        metrics.logins.add("second_factor", "locked")
        seconds = await login_failures.seconds_to_wait(counted, now=self._parts.clock())
        return await self._paused(here, seconds)

    async def _paused(self, here: _Here, seconds: int) -> Response:
        response = await self._page(here, 429, SecondFactorProblem.PAUSED, seconds)
        response.headers["Retry-After"] = str(seconds)
        return response

    async def _page(
        self,
        here: _Here,
        status: int = 200,
        problem: SecondFactorProblem | None = None,
        retry_seconds: int | None = None,
    ) -> Response:
        tenant, now = current_tenant(), self._parts.clock()
        destination = await destinations.behind(here.return_to, now=now)
        enrolled = await self._factors.of(here.user)
        content = SecondFactorPage(
            action=f"{tenant.prefix}{HERE}",
            signed_in_as=here.user.username,
            back_url=f"{tenant.prefix}/login?return_to={quote(here.return_to)}",
            return_to="" if here.half else here.return_to,
            client_name=destination.client_name,
            passkey_action=f"{tenant.prefix}{HERE}/passkey" if enrolled.passkeys else "",
            takes_codes=enrolled.app is not None or enrolled.recovery_codes > 0,
            remember_days=tenant.settings.remembered_device_days or None,
            problem=problem,
            retry_at=now + timedelta(seconds=retry_seconds) if retry_seconds else None,
        )
        html = self._pages.render("second_factor/ask.html", visit=visitor().page(), page=content)
        return page(html, status, form_target=destination.form_target)


async def _record(event: Event, user: User, *, reason: str) -> None:
    actor = audit.Actor("anonymous", str(user.id), user.username)
    details = {"method": "second_factor", "reason": reason}
    await audit.record(event, actor=actor, success=False, details=details)
