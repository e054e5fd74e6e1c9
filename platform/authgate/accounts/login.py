"""``GET|POST /login``, ``POST /logout``: signing in with a password, and out."""

from dataclasses import dataclass
from datetime import timedelta

from quart import Blueprint, Response, request

from authgate import storage
from authgate.accounts import (
    destinations,
    known_browsers,
    own_events,
    password_costs,
    wrong_passwords,
)
from authgate.accounts.answers import page, see_other, tell_of_limit
from authgate.accounts.browser_sessions import BrowserSessions
from authgate.accounts.connections import SignInOptions
from authgate.accounts.directories import Away, Directories, NotTheirs, Paused, Typed, Welcome
from authgate.accounts.passkey_ceremonies import rp_id
from authgate.accounts.passwords import FORGOTTEN, JOIN, Check, Passwords, is_todays
from authgate.accounts.round_trips import Refusal, RoundTrips
from authgate.accounts.second_factor_policy import is_offered
from authgate.accounts.sign_in_notices import SignInNotices
from authgate.accounts.signed_out import SigningOut
from authgate.accounts.tenant_connections import UsableConnection
from authgate.accounts.visits import visitor
from authgate.audit import Event
from authgate.clock import Clock
from authgate.storage.people import password_kinds, users
from authgate.storage.people.usernames import BadUsername, canonical
from authgate.storage.people.users import User
from authgate.storage.sign_in import login_failures, passkeys
from authgate.storage.sign_in.login_failures import Tries
from authgate.telemetry import metrics
from authgate.web import return_to
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits, TooMany
from authgate.web.login_view_models import LoginPage, LoginProblem
from authgate.web.pages import Pages
from authgate_tenants import TenantSettings, current_tenant
from authgate_tenants.encryption import TenantCipher, TenantEncryption

HOME = "/account/sessions"

_SECONDS_PER_DAY = 86400
_WARN_BELOW = 4
_FREE_ATTEMPTS = login_failures.AT_ONE_PLACE.free


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What the sign-in form says."""

    username: str
    password: str
    remember: bool
    return_to: str


class PasswordLogin:
    """The sign-in page and what is behind it."""

    def __init__(
        self,
        *,
        pages: Pages,
        options: SignInOptions,
        passwords: Passwords,
        sessions: BrowserSessions,
        signing_out: SigningOut,
        notices: SignInNotices,
        directories: Directories,
        trips: RoundTrips,
        welcome: Welcome,
        encryption: TenantEncryption,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._pages = pages
        self._options = options
        self._passwords = passwords
        self._encryption = encryption
        self._sessions = sessions
        self._signing_out = signing_out
        self._notices = notices
        self._directories = directories
        self._trips = trips
        self._welcome_from = welcome
        self._limits = limits
        self._clock = clock

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("login", __name__)
        routes.get("/login")(self.show)
        routes.post("/login")(self.sign_in)
        routes.post("/logout")(self.sign_out)
        return routes

    async def show(self) -> Response:
        """The sign-in page."""
        target = return_to.safe(request.args.get("return_to"), otherwise=HOME)
        is_refused = request.args.get("problem") == LoginProblem.PASSKEY
        return await self._page(target, problem=LoginProblem.PASSKEY if is_refused else None)

    async def sign_in(self) -> Response:
        """Check the password; whatever is wrong, the answer and its time are the same."""
        attempt = await _attempt()
        if not await self._takes_passwords():
            return await self._page(attempt.return_to, status=403)
        try:
            await self._limits.count("login_per_ip", bucket(visitor().facts.ip))
            await self._limits.count("login_per_tenant")
        except TooMany as refusal:
            return tell_of_limit(await self._paused(attempt, refusal.retry_after), refusal)
        with self._passwords.place() as check:
            return await self._checked(attempt, check)

    async def sign_out(self) -> Response:
        """End the session."""
        return await self._signing_out.leave(f"{current_tenant().prefix}/login")

    async def _checked(self, attempt: _Attempt, check: Check) -> Response:
        named = await users.find_by_login(attempt.username)
        typed = Typed.read(attempt.username, attempt.password)
        if typed is not None and not has_password(named):
            directory = await self._directories.of(named, typed)
            if directory is not None:
                return await self._by_directory(attempt, typed, directory, named, check)
        known = known_browsers.shown(request.headers, named, cipher=await self._cipher())
        account = known.account if known else _account(attempt.username)
        place = "" if known else bucket(visitor().facts.ip)
        tries = await login_failures.count_attempt_at(account, place, now=self._clock())
        if tries is None:
            return await self._locked(attempt, account, place, named)
        user = await _authenticated(named, attempt, check)
        if user is None:
            return await self._refused(attempt, typed, tries, named)
        await login_failures.forget(account, place)
        user = await self._renewed(user, attempt.password)
        response = see_other(attempt.return_to)
        if not await self._sessions.start(
            visitor(),
            user,
            response,
            amr=["pwd"],
            target=attempt.return_to,
            remembered=attempt.remember,
        ):
            return response
        await self._welcome(user)
        await self._notices.welcome(visitor(), user, response)
        return response

    async def _by_directory(
        self,
        attempt: _Attempt,
        typed: Typed,
        directory: UsableConnection,
        named: User | None,
        check: Check,
    ) -> Response:
        known = known_browsers.shown(request.headers, named, cipher=await self._cipher())
        try:
            counted = await self._directories.count(directory, typed, known=known)
            # As for who has a password here, that nobody can tell them apart by the time.
            await _authenticated(None, attempt, check)
            identity = await self._directories.identity(directory, typed, counted, person=named)
            return await self._welcome_from(
                directory,
                identity,
                target=attempt.return_to,
                methods=["pwd"],
                remembered=attempt.remember,
            )
        except Paused as error:
            return await self._paused(attempt, error.seconds)
        except NotTheirs as error:
            return await self._mismatch(attempt, error.tries)
        except Away:
            return await self._away(attempt, directory)
        except Refusal as refusal:
            return await self._trips.refused(directory, refusal, attempt.return_to)

    async def _takes_passwords(self) -> bool:
        if current_tenant().settings.password_sign_in:
            return True
        return (await self._options.offered(HOME)).asks_directory

    async def _cipher(self) -> TenantCipher:
        return await self._encryption.cipher(current_tenant().id)

    async def _welcome(self, user: User) -> None:
        await own_events.record(Event.AUTHENTICATION_SUCCESS, user, method="pwd")
        metrics.logins.add("password", "success")

    async def _refused(
        self, attempt: _Attempt, typed: Typed | None, tries: Tries, named: User | None
    ) -> Response:
        await wrong_passwords.record(Event.AUTHENTICATION_FAILURE, named, reason="mismatch")
        await wrong_passwords.record_pauses(tries, named)
        metrics.logins.add("password", "failure")
        directory = await self._directories.behind_form(typed) if typed else None
        if directory is not None:
            try:
                await self._directories.linger(directory)
            except Away:
                return await self._away(attempt, directory)
        return await self._mismatch(attempt, tries)

    async def _mismatch(self, attempt: _Attempt, tries: Tries) -> Response:
        return await self._page(
            attempt.return_to,
            status=400,
            username=attempt.username,
            problem=LoginProblem.MISMATCH,
            tries_left=left_before_pause(tries),
        )

    async def _away(self, attempt: _Attempt, directory: UsableConnection) -> Response:
        return await self._page(
            attempt.return_to,
            status=503,
            username=attempt.username,
            problem=LoginProblem.AWAY,
            directory=directory.stored.label,
        )

    async def _renewed(self, user: User, password: str) -> User:
        """The person, whose password is from now on stored as everybody's."""
        former = user.password_hash
        if former is None or is_todays(former):
            return user
        async with storage.set_aside():
            renewed = await self._passwords.renewed(password)
        if await users.renew_password_hash(user.id, former=former, hash_=renewed):
            return user._replace(password_hash=renewed)
        return await self._renewed_meanwhile(user, password)

    async def _renewed_meanwhile(self, user: User, password: str) -> User:
        """The person, whose password somebody else has renewed who signed in at the same time:
        unless it is another one by now."""
        now = await users.find(user.id)
        if now is None or now.password_hash is None:
            return user
        async with storage.set_aside():
            is_same = await self._passwords.is_right(now.password_hash, password)
        return user._replace(password_hash=now.password_hash) if is_same else user

    async def _locked(
        self, attempt: _Attempt, account: str, place: str, named: User | None
    ) -> Response:
        await wrong_passwords.record(Event.AUTHENTICATION_FAILURE, named, reason="locked")
        metrics.logins.add("password", "locked")
        seconds = await login_failures.seconds_to_wait(account, place, now=self._clock())
        return await self._paused(attempt, seconds)

    async def _paused(self, attempt: _Attempt, seconds: int) -> Response:
        return await self._page(
            attempt.return_to,
            status=429,
            username=attempt.username,
            problem=LoginProblem.PAUSED,
            retry_seconds=seconds,
        )

    async def _page(
        self,
        target: str,
        *,
        status: int = 200,
        username: str = "",
        problem: LoginProblem | None = None,
        tries_left: int | None = None,
        retry_seconds: int | None = None,
        directory: str = "",
    ) -> Response:
        tenant, known = current_tenant(), visitor().signed_in
        destination = await destinations.behind(target, now=self._clock())
        offer = await self._options.offered(target)
        retry_at = self._clock() + timedelta(seconds=retry_seconds) if retry_seconds else None
        content = LoginPage(
            action=f"{tenant.prefix}/login",
            return_to=target,
            client_name=destination.client_name,
            username=username or destination.login_hint or (known.user.username if known else ""),
            again=known is not None,
            options=offer.options,
            passkey_action=await _passkey_action(),
            by_address_url=offer.by_address_url,
            password=tenant.settings.password_sign_in or offer.asks_directory,
            remember_days=remember_days(tenant.settings),
            forgot_url=f"{tenant.prefix}{FORGOTTEN}" if tenant.settings.password_sign_in else None,
            join_url=f"{tenant.prefix}{JOIN}" if tenant.settings.sign_up != "off" else None,
            problem=problem,
            tries_left=tries_left,
            retry_at=retry_at,
            policy_url=destination.policy_url,
            tos_url=destination.tos_url,
            directory=directory,
        )
        html = self._pages.render("login.html", visit=visitor().page(), page=content)
        return page(html, status, form_target=destination.form_target, retry_seconds=retry_seconds)


async def _passkey_action() -> str:
    """Where a passkey signs in, at a tenant at which anybody has one."""
    has_some = is_offered() and await passkeys.any_exist(rp_id())
    return f"{current_tenant().prefix}/passkey" if has_some else ""


async def _authenticated(named: User | None, attempt: _Attempt, check: Check) -> User | None:
    named = named if has_password(named) else None
    stored = named.password_hash if named else None
    others = await password_kinds.examples(password_costs.end)
    async with storage.set_aside():
        right = await check(stored, attempt.password, others)
    return named if named and right and named.is_active else None


async def _attempt() -> _Attempt:
    form = await request.form
    return _Attempt(
        username=form.get("username", ""),
        password=form.get("password", ""),
        remember=form.get("remember") == "1" and current_tenant().settings.remember_sign_in,
        return_to=return_to.safe(form.get("return_to"), otherwise=HOME),
    )


def has_password(person: User | None) -> bool:
    """Whether somebody signs in by a password that is kept here."""
    allowed = current_tenant().settings.password_sign_in
    return allowed and person is not None and person.password_hash is not None


def left_before_pause(tries: Tries) -> int | None:
    """How many more are heard at once, where it is time to say so."""
    left = _FREE_ATTEMPTS - tries.here
    return left if 0 < left <= _WARN_BELOW else None


def remember_days(settings: TenantSettings) -> int | None:
    """For how long somebody may stay signed in, where they may."""
    days = settings.remembered_session_lifetime // _SECONDS_PER_DAY
    return days if settings.remember_sign_in else None


def _account(username: str) -> str:
    # By what was typed: one count for a person's name and address would tell, by its pauses,
    # that they belong together and to somebody.
    try:
        return canonical(username)
    except BadUsername:
        return username
