"""Who is to show a second factor, or to set one up, and how they get on once they have."""

from typing import NamedTuple
from urllib.parse import quote

from quart import Response, request

from authgate.accounts import known_browsers, own_events, second_factors
from authgate.accounts.browser_sessions import BrowserSessions, Heard
from authgate.accounts.half_sign_in import HalfSignIn, password_mark
from authgate.accounts.known_browsers import KnownBrowser
from authgate.accounts.second_factor_policy import with_second
from authgate.accounts.second_factors import Method
from authgate.accounts.second_step import FirstFactor, SecondStep
from authgate.accounts.sign_in_notices import SignInNotices
from authgate.accounts.standing import SECURITY
from authgate.accounts.visits import SignedIn, visitor
from authgate.audit import Event
from authgate.installation import Installation
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.telemetry import metrics
from authgate.web import return_to
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantCipher


class Here(NamedTuple):
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


class FactorVisits:
    """Finds them, and lets them on."""

    def __init__(
        self,
        *,
        parts: Installation,
        second_step: SecondStep,
        sessions: BrowserSessions,
        notices: SignInNotices,
    ) -> None:
        self._parts = parts
        self._second_step = second_step
        self._sessions = sessions
        self._notices = notices

    async def here(self, wanted: str | None) -> Here | None:
        """Whoever this browser is about; ``wanted`` is where somebody goes on who is signed in."""
        person = visitor().signed_in
        if person is not None and wanted:
            return Here(person.user, None, person, return_to.safe(wanted, otherwise=SECURITY))
        half = await self._second_step.under_way()
        user = await users.find(half.user_id) if half else None
        if half is not None and user is not None and user.is_active:
            is_same = half.mark == password_mark(user).hex()
            # What they had to show was taken from them meanwhile: they begin again.
            is_due = not half.has_factor or await second_factors.has_any(user.id)
            return Here(user, half, None, half.return_to) if is_same and is_due else None
        home = f"{current_tenant().prefix}{SECURITY}"
        return Here(person.user, None, person, home) if person else None

    async def known(self, user: User) -> KnownBrowser | None:
        """This browser, where the person has signed in with it before."""
        return known_browsers.shown(request.headers, user, cipher=await self._cipher())

    async def heard(self, here: Here, shown: str) -> Heard | None:
        """What the tenant's plugins say to a sign-in; ``None`` where somebody is signed in."""
        half = here.half
        if half is None:
            return None
        amr = with_second(half.amr, shown)
        return await self._sessions.heard(
            FirstFactor(
                here.user,
                amr,
                half.remembered,
                half.return_to,
                half.connection,
                vouched_at=half.vouched_at,
            )
        )

    async def let_on(self, here: Here, heard: Heard | None, response: Response, shown: str) -> bool:
        """Begin the session, or have it go on; ``False`` where more is asked for."""
        if heard is not None:
            return await self._sessions.go_on(visitor(), heard, response)
        if here.person is not None:
            amr = with_second(here.person.session.amr, shown)
            await self._sessions.step_up(here.person, response, amr=amr)
        return here.person is not None

    async def welcome(self, here: Here, method: Method, response: Response) -> None:
        """Write down that somebody is in, and to them where their browser is new."""
        user, vouched = here.user, here.half.connection if here.half else ""
        more = {"connection": vouched} if vouched else {}
        await own_events.record(Event.AUTHENTICATION_SUCCESS, user, method=method, **more)
        metrics.logins.add("second_factor", "success")
        if here.half is not None:
            await self._notices.welcome(visitor(), user, response)

    async def _cipher(self) -> TenantCipher:
        return await self._parts.encryption.cipher(current_tenant().id)
