"""``/login/<connection>/password``: the form of one directory. What is typed goes there and nowhere
else, whoever has the name here.

It signs in, adds a way in to somebody's account, and lets an administrator try the connection.
"""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from quart import Blueprint, Response, abort, request

from authgate.accounts import destinations
from authgate.accounts.answers import page, tell_of_limit
from authgate.accounts.connection_trials import ConnectionTrials
from authgate.accounts.directories import Away, Directories, NotTheirs, Paused, Typed
from authgate.accounts.federation import Federation
from authgate.accounts.identities import PATH as IDENTITIES
from authgate.accounts.identities import IdentityPages
from authgate.accounts.login import HOME, left_before_pause, remember_days
from authgate.accounts.pending_login import Purpose
from authgate.accounts.round_trips import Refusal, RoundTrips
from authgate.accounts.standing import (
    SignInAgain,
    StepUp,
    require,
    require_recent_sign_in,
    to_second_factor,
    to_sign_in,
)
from authgate.accounts.step_up import require_own_factor
from authgate.accounts.tenant_connections import (
    IN_PATH,
    PASSWORD,
    TenantConnections,
    UsableConnection,
)
from authgate.accounts.visits import signed_in, visitor
from authgate.clock import Clock
from authgate.permissions import Area, writes
from authgate.plugin_api import ExternalIdentity
from authgate.web import return_to
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits, TooMany
from authgate.web.login_view_models import LoginPage, LoginProblem
from authgate.web.pages import Pages
from authgate_tenants import current_tenant


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the form is for."""

    usable: UsableConnection
    purpose: Purpose
    target: str


class PasswordForms:
    """The form, and what becomes of what is typed into it."""

    def __init__(
        self,
        *,
        pages: Pages,
        connections: TenantConnections,
        directories: Directories,
        federation: Federation,
        identities: IdentityPages,
        trials: ConnectionTrials,
        trips: RoundTrips,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._pages = pages
        self._connections = connections
        self._directories = directories
        self._federation = federation
        self._identities = identities
        self._trials = trials
        self._trips = trips
        self._limits = limits
        self._clock = clock

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("password-forms", __name__)
        routes.get(f"/login/{IN_PATH}/{PASSWORD}")(self.show)
        routes.post(f"/login/{IN_PATH}/{PASSWORD}")(self.ask)
        routes.register_error_handler(SignInAgain, to_sign_in)
        routes.register_error_handler(StepUp, to_second_factor)
        return routes

    async def show(self, connection: str) -> Response:
        """The form."""
        said = request.args
        asked = await self._wanted(connection, said.get("purpose", ""), said.get("return_to", ""))
        login = said.get("login_hint", "")[:320]
        return await self._page(asked, login=login if login.isprintable() else "")

    async def ask(self, connection: str) -> Response:
        """Ask the directory, and do what the form is for."""
        form = await request.form
        asked = await self._wanted(connection, form.get("purpose", ""), form.get("return_to", ""))
        login, password = form.get("username", ""), form.get("password", "")
        try:
            await self._limits.count("login_per_ip", bucket(visitor().facts.ip))
            await self._limits.count("login_per_tenant")
        except TooMany as refusal:
            return tell_of_limit(await self._paused(asked, login, refusal.retry_after), refusal)
        typed = Typed.read(login, password)
        if typed is None:
            return await self._page(asked, login=login, problem=LoginProblem.MISMATCH)
        try:
            counted = await self._directories.count(asked.usable, typed)
            identity = await self._directories.identity(asked.usable, typed, counted)
            return await self._found(asked, identity, remember=form.get("remember") == "1")
        except Paused as error:
            return await self._paused(asked, login, error.seconds)
        except NotTheirs as error:
            left = left_before_pause(error.tries)
            return await self._page(
                asked, login=login, problem=LoginProblem.MISMATCH, tries_left=left
            )
        except Away:
            return await self._page(asked, login=login, problem=LoginProblem.AWAY, status=503)
        except Refusal as refusal:
            return await self._refused(asked, refusal)

    async def _wanted(self, slug: str, purpose: str, target: str) -> _Asked:
        wanted = Purpose(purpose) if purpose in set(Purpose) else Purpose.SIGN_IN
        if wanted is Purpose.TRIAL:
            require(writes(Area.CONNECTIONS))
        elif wanted is Purpose.LINK:
            signed_in()
            require_recent_sign_in(now=self._clock(), then=IDENTITIES)
            await require_own_factor(then=IDENTITIES)
        usable = await self._connections.find(slug, disabled=wanted is Purpose.TRIAL)
        if usable is None or not usable.connector.takes_passwords:
            abort(404)
        return _Asked(usable, wanted, return_to.safe(target, otherwise=HOME))

    async def _found(
        self, asked: _Asked, identity: ExternalIdentity, *, remember: bool
    ) -> Response:
        if asked.purpose is Purpose.TRIAL:
            return await self._trials.told(asked.usable, identity)
        if asked.purpose is Purpose.LINK:
            return await self._identities.found(signed_in().user, asked.usable, identity)
        return await self._federation.welcome(
            asked.usable,
            identity,
            target=asked.target,
            methods=["pwd"],
            remembered=remember and current_tenant().settings.remember_sign_in,
        )

    async def _refused(self, asked: _Asked, refusal: Refusal) -> Response:
        if asked.purpose is Purpose.TRIAL:
            return self._trials.failed(asked.usable, refusal)
        if asked.purpose is Purpose.LINK:
            return await self._trips.refused(asked.usable, refusal, "", back=IDENTITIES)
        return await self._trips.refused(asked.usable, refusal, asked.target)

    async def _paused(self, asked: _Asked, login: str, seconds: int) -> Response:
        return await self._page(
            asked, login=login, problem=LoginProblem.PAUSED, status=429, retry_seconds=seconds
        )

    async def _page(
        self,
        asked: _Asked,
        *,
        login: str = "",
        problem: LoginProblem | None = None,
        status: int = 400,
        tries_left: int | None = None,
        retry_seconds: int | None = None,
    ) -> Response:
        tenant, known, now = current_tenant(), visitor().signed_in, self._clock()
        signs_in = asked.purpose is Purpose.SIGN_IN
        destination = await destinations.behind(asked.target if signs_in else "", now=now)
        slug, label = asked.usable.stored.slug, asked.usable.stored.label
        content = LoginPage(
            action=f"{tenant.prefix}/login/{slug}/{PASSWORD}",
            return_to=asked.target,
            client_name=destination.client_name,
            username=login,
            again=signs_in and known is not None,
            remember_days=remember_days(tenant.settings) if signs_in else None,
            directory=label,
            purpose="" if signs_in else asked.purpose,
            back_url=self._back(asked),
            problem=problem,
            tries_left=tries_left,
            retry_at=now + timedelta(seconds=retry_seconds) if retry_seconds else None,
            policy_url=destination.policy_url,
            tos_url=destination.tos_url,
        )
        html = self._pages.render("login.html", visit=visitor().page(), page=content)
        return page(
            html,
            status if problem else 200,
            form_target=destination.form_target,
            retry_seconds=retry_seconds,
        )

    def _back(self, asked: _Asked) -> str:
        prefix = current_tenant().prefix
        if asked.purpose is Purpose.TRIAL:
            return f"{prefix}/admin/connections/{asked.usable.stored.slug}"
        if asked.purpose is Purpose.LINK:
            return f"{prefix}{IDENTITIES}"
        return f"{prefix}/login?return_to={quote(asked.target)}"
