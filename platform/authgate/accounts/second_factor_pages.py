"""``/second-factor``: showing a second factor.

Here come browsers with a sign-in that has one factor, and people who are signed in and want what
asks for more (RFC 9470).
"""

from datetime import timedelta
from urllib.parse import quote

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import audit
from authgate.accounts import (
    destinations,
    factor_notices,
    passkey_ceremonies,
    second_factors,
)
from authgate.accounts.answers import page, see_other, tell_of_limit
from authgate.accounts.factor_set_up_pages import SET_UP
from authgate.accounts.factor_visits import FactorVisits, Here
from authgate.accounts.passkey_ceremonies import Challenge, NoPasskey
from authgate.accounts.passkey_challenges import PasskeyChallenges
from authgate.accounts.second_factors import Enrolled, Method, SecondFactors
from authgate.accounts.second_step import DEVICE, owner_of
from authgate.accounts.standing import SECOND_FACTOR as HERE
from authgate.accounts.standing import SignInAgain, to_sign_in
from authgate.accounts.visits import visitor
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.storage.people.users import User
from authgate.storage.sign_in import login_failures, passkeys, remembered_devices
from authgate.telemetry import metrics
from authgate.tokens.authentication import HWK, OTP, TWO_FACTORS, is_worth
from authgate.web import session_cookie
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits, TooMany
from authgate.web.pages import Pages
from authgate.web.second_factor_view_models import SecondFactorPage, SecondFactorProblem
from authgate_tenants import current_tenant

_SECOND = "second"
"""What a passkey signs here for."""
_SECONDS_PER_DAY = 86400


class SecondFactorPages:
    """The pages between one factor and the session."""

    def __init__(
        self,
        *,
        parts: Installation,
        pages: Pages,
        factors: SecondFactors,
        visits: FactorVisits,
        limits: Limits,
    ) -> None:
        self._visits = visits
        self._parts = parts
        self._pages = pages
        self._factors = factors
        self._limits = limits
        self._challenges = PasskeyChallenges(parts.encryption, clock=parts.clock)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("second-factor", __name__)
        routes.get(HERE)(self.show)
        routes.post(HERE)(self.check)
        routes.post(f"{HERE}/passkey/options")(self.passkey_options)
        routes.post(f"{HERE}/passkey")(self.check_passkey)
        routes.register_error_handler(SignInAgain, to_sign_in)
        return routes

    async def show(self) -> Response:
        """The page that asks for it, where the person has one."""
        here = await self._visits.here(request.args.get("return_to"))
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
        here = await self._visits.here(form.get("return_to"))
        if here is None:
            return see_other("/login")
        try:
            await self._limits.count("login_per_ip", bucket(visitor().facts.ip))
        except TooMany as refusal:
            return tell_of_limit(await self._paused(here, refusal.retry_after), refusal)
        known = await self._visits.known(here.user)
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
        here = await self._visits.here((await request.form).get("return_to"))
        known = await passkeys.of(here.user.id) if here else []
        if here is None or not known:
            raise NotFound
        challenge = Challenge.made(_SECOND, here.user.id, now=self._parts.clock())
        options = passkey_ceremonies.sign_in_options(challenge, known)
        return await self._challenges.hand_out(challenge, options)

    async def check_passkey(self) -> Response:
        """Look at what it has signed, and let the browser on."""
        form = await request.form
        here = await self._visits.here(form.get("return_to"))
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

    async def _whole(self, here: Here, method: Method, *, remember: bool = False) -> Response:
        response = see_other(here.return_to)
        shown = HWK if method is Method.PASSKEY else OTP
        heard = await self._visits.heard(here, shown)
        if not await self._visits.let_on(here, heard, response, shown):
            return response
        await self._visits.welcome(here, method, response)
        if method is Method.RECOVERY_CODE:
            what = text("A recovery code was used to sign in to your account.")
            await factor_notices.send(self._parts, here.user, what)
        if remember:
            await self._remember(here.user, response)
        return response

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

    async def _refused(self, here: Here, tries: int) -> Response:
        await _record(Event.AUTHENTICATION_FAILURE, here.user, reason="mismatch")
        if tries >= login_failures.BY_ITSELF.free:
            await _record(Event.ACCOUNT_LOCKED, here.user, reason=f"{tries} failures in a row")
        metrics.logins.add("second_factor", "failure")
        return await self._page(here, 400, SecondFactorProblem.MISMATCH)

    async def _locked(self, here: Here, counted: str) -> Response:
        await _record(Event.AUTHENTICATION_FAILURE, here.user, reason="locked")
        metrics.logins.add("second_factor", "locked")
        seconds = await login_failures.seconds_to_wait(counted, now=self._parts.clock())
        return await self._paused(here, seconds)

    async def _paused(self, here: Here, seconds: int) -> Response:
        return await self._page(here, 429, SecondFactorProblem.PAUSED, seconds)

    async def _page(
        self,
        here: Here,
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
            passkey_action=f"{tenant.prefix}{HERE}/passkey" if _any_good(enrolled) else "",
            takes_codes=enrolled.app is not None or enrolled.recovery_codes > 0,
            remember_days=tenant.settings.remembered_device_days or None,
            problem=problem,
            retry_at=now + timedelta(seconds=retry_seconds) if retry_seconds else None,
        )
        html = self._pages.render("second_factor/ask.html", visit=visitor().page(), page=content)
        return page(html, status, form_target=destination.form_target, retry_seconds=retry_seconds)


def _any_good(enrolled: Enrolled) -> bool:
    """Whether a passkey is of the host that the tenant is at today: no browser offers another."""
    return any(each.rp_id == passkey_ceremonies.rp_id() for each in enrolled.passkeys)


async def _record(event: Event, user: User, *, reason: str) -> None:
    actor = audit.Actor("anonymous", str(user.id), user.username)
    details = {"method": "second_factor", "reason": reason}
    await audit.record(event, actor=actor, success=False, details=details)
