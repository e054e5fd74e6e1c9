"""``/passkey``: signing in with a passkey alone, by whoever has it (discoverable credentials)."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate import audit
from authgate.accounts import own_events, passkey_ceremonies
from authgate.accounts.answers import see_other
from authgate.accounts.browser_sessions import BrowserSessions
from authgate.accounts.login import HOME
from authgate.accounts.passkey_ceremonies import Challenge, NoPasskey
from authgate.accounts.passkey_challenges import PasskeyChallenges
from authgate.accounts.second_factor_policy import is_offered
from authgate.accounts.sign_in_notices import SignInNotices
from authgate.accounts.visits import visitor
from authgate.audit import Event
from authgate.installation import Installation
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.telemetry import metrics
from authgate.tokens.authentication import HWK, MULTI_FACTOR
from authgate.web import return_to
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits

PATH = "/passkey"
_SIGN_IN = "sign-in"


class PasskeyLogin:
    """The way in without a name and without a password."""

    def __init__(
        self,
        *,
        parts: Installation,
        sessions: BrowserSessions,
        notices: SignInNotices,
        limits: Limits,
    ) -> None:
        self._parts = parts
        self._sessions = sessions
        self._notices = notices
        self._limits = limits
        self._challenges = PasskeyChallenges(parts.encryption, clock=parts.clock)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("passkey", __name__)
        routes.post(f"{PATH}/options")(self.options)
        routes.post(PATH)(self.sign_in)
        return routes

    async def options(self) -> Response:
        """What the device is asked for. Raises ``NotFound`` where the tenant has no passkeys."""
        if not is_offered():
            raise NotFound
        await self._limits.count("login_per_ip", bucket(visitor().facts.ip))
        challenge = Challenge.made(_SIGN_IN, None, now=self._parts.clock())
        return await self._challenges.hand_out(
            challenge, passkey_ceremonies.sign_in_options(challenge, ())
        )

    async def sign_in(self) -> Response:
        """Sign in whose passkey it is. Raises ``NotFound`` as above."""
        if not is_offered():
            raise NotFound
        await self._limits.count("login_per_ip", bucket(visitor().facts.ip))
        form = await request.form
        target = return_to.safe(form.get("return_to"), otherwise=HOME)
        user = await self._shown(form.get("credential", ""))
        if user is None:
            return await _refused(target)
        response = see_other(target)
        # Both factors at once: what the device holds, and what it was unlocked by.
        if not await self._sessions.start(
            visitor(), user, response, amr=[HWK, "user", MULTI_FACTOR], target=target
        ):
            return response
        await own_events.record(Event.AUTHENTICATION_SUCCESS, user, method="passkey")
        metrics.logins.add("passkey", "success")
        await self._notices.welcome(visitor(), user, response)
        return response

    async def _shown(self, credential: str) -> User | None:
        try:
            challenge = await self._challenges.taken_back(_SIGN_IN)
            passkey = await passkey_ceremonies.shown(credential, challenge, now=self._parts.clock())
        except NoPasskey:
            return None
        user = await users.find(passkey.user_id)
        return user if user is not None and user.is_active else None


async def _refused(target: str) -> Response:
    # Of whom nobody can say who they are nothing is written down but that.
    await audit.record(
        Event.AUTHENTICATION_FAILURE,
        actor=audit.ANONYMOUS,
        success=False,
        details={"method": "passkey", "reason": "mismatch"},
    )
    metrics.logins.add("passkey", "failure")
    return see_other(f"/login?problem=passkey&return_to={target}")
