"""Signing in at another identity provider, through a connector that a plugin brings.

``GET /login/<connection>`` sends the browser there; ``GET /login/<connection>/callback`` takes it
back. Each connection has a callback of its own, so that one provider cannot answer for another
(RFC 9700 section 4.4.2.1).
"""

import hmac
from urllib.parse import quote

import structlog
from quart import Blueprint, Response, abort, request

from authgate import audit, storage
from authgate.accounts import destinations, external_accounts
from authgate.accounts.answers import page, see_other
from authgate.accounts.browser_sessions import BrowserSessions
from authgate.accounts.external_accounts import AddressTaken, NotHere
from authgate.accounts.login import HOME
from authgate.accounts.pending_login import LIFETIME, PendingLogin
from authgate.accounts.tenant_connections import TenantConnections, UsableConnection
from authgate.accounts.visits import visitor
from authgate.audit import Event
from authgate.clock import Clock
from authgate.languages import Text, text
from authgate.plugin_api import (
    ConnectorConfigError,
    ExternalIdentity,
    ProviderAnswer,
    SignInRefused,
)
from authgate.plugin_manager import LoginConnectors, PluginFailed
from authgate.storage.people.users import User, UsernameTaken
from authgate.storage.sign_in.external_identities import IdentityTaken
from authgate.telemetry import metrics
from authgate.web import return_to, session_cookie
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.pages import Pages
from authgate.web.view_models import ErrorPage
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption

PENDING = "authgate_login"
"""The cookie of a sign-in under way."""

_SLUG = "<string(maxlength=40):connection>"
_LONGEST_PARAMETER = 2048
_log = structlog.get_logger(__name__)


class _Refusal(Exception):
    """Nobody is signed in: what the person reads, and what the audit log says."""

    def __init__(self, status: int, told: str, cause: str) -> None:
        super().__init__(cause)
        self.status = status
        self.told = told
        self.cause = cause


class Federation:
    """The round trip to another provider and back."""

    def __init__(
        self,
        *,
        pages: Pages,
        connections: TenantConnections,
        connectors: LoginConnectors,
        encryption: TenantEncryption,
        sessions: BrowserSessions,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._pages = pages
        self._connections = connections
        self._connectors = connectors
        self._encryption = encryption
        self._sessions = sessions
        self._limits = limits
        self._clock = clock

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("federation", __name__)
        routes.get(f"/login/{_SLUG}")(self.begin)
        routes.get(f"/login/{_SLUG}/callback")(self.finish)
        return routes

    async def begin(self, connection: str) -> Response:
        """Send the browser to the provider, and remember in it that it has been sent."""
        usable = await self._found(connection)
        pending = PendingLogin.begin(
            connection,
            return_to=return_to.safe(request.args.get("return_to"), otherwise=HOME),
            now=self._clock(),
        )
        try:
            url = await self._authorization_url(usable, pending)
        except _Refusal as refusal:
            return await self._refused(usable, refusal, pending.return_to)
        cipher = await self._encryption.cipher(current_tenant().id)
        response = Response("", 303, headers={"Location": url})
        session_cookie.write(
            response, PENDING, pending.sealed(cipher), max_age=int(LIFETIME.total_seconds())
        )
        return response

    async def finish(self, connection: str) -> Response:
        """Take the browser back, and sign in whom the provider vouches for."""
        usable = await self._found(connection)
        pending = await self._pending(connection)
        try:
            if pending is None:
                raise _not_begun_here()
            await self._limits.count("login_per_ip", bucket(visitor().facts.ip))
            identity = await self._identity(usable, pending)
            user = await self._user(usable, identity)
        except _Refusal as refusal:
            response = await self._refused(usable, refusal, pending.return_to if pending else "")
        else:
            response = await self._welcomed(usable, pending, identity, user)
        session_cookie.clear(response, PENDING)
        return response

    async def _found(self, slug: str) -> UsableConnection:
        usable = await self._connections.find(slug)
        if usable is None:
            abort(404)
        return usable

    async def _pending(self, connection: str) -> PendingLogin | None:
        """The sign-in that this browser began, if its state is the one that came back."""
        cookie = session_cookie.read(request.headers, PENDING)
        cipher = await self._encryption.cipher(current_tenant().id)
        pending = PendingLogin.unsealed(cookie or "", connection, cipher=cipher, now=self._clock())
        state = _parameter("state") or ""
        if pending is None or not hmac.compare_digest(pending.state.encode(), state.encode()):
            return None
        return pending

    async def _authorization_url(self, usable: UsableConnection, pending: PendingLogin) -> str:
        opened = await self._connections.opened(usable)
        try:
            async with storage.set_aside():
                return await self._connectors.authorization_url(opened, pending.attempt)
        except (PluginFailed, ConnectorConfigError) as error:
            raise _at_fault(usable, error) from error

    async def _identity(self, usable: UsableConnection, pending: PendingLogin) -> ExternalIdentity:
        code = _parameter("code")
        if code is None:
            raise _declined(usable)
        opened = await self._connections.opened(usable)
        answer = ProviderAnswer(code=code, issuer=_parameter("iss"))
        try:
            async with storage.set_aside():
                return await self._connectors.identify(opened, pending.attempt, answer)
        except SignInRefused as error:
            raise _Refusal(400, Text.of(str(error), "", {}), "refused by the provider") from error
        except (PluginFailed, ConnectorConfigError) as error:
            raise _at_fault(usable, error) from error

    async def _user(self, usable: UsableConnection, identity: ExternalIdentity) -> User:
        try:
            try:
                return await self._user_once(usable, identity)
            except (AddressTaken, UsernameTaken, IdentityTaken):
                # Perhaps by this very person's other first sign-in, which was a moment quicker.
                return await self._user_once(usable, identity)
        except NotHere as error:
            raise _Refusal(error.status, str(error), type(error).__name__) from error

    async def _user_once(self, usable: UsableConnection, identity: ExternalIdentity) -> User:
        # A unit of its own: half of a registration must not be committed with the refusal.
        async with storage.set_aside(), storage.transaction():
            return await external_accounts.user_of(usable.stored, identity, now=self._clock())

    async def _welcomed(
        self,
        usable: UsableConnection,
        pending: PendingLogin,
        identity: ExternalIdentity,
        user: User,
    ) -> Response:
        response = see_other(return_to.safe(pending.return_to, otherwise=HOME))
        await self._sessions.start(
            visitor(), user, response, amr=["federated", usable.stored.label]
        )
        await audit.record(
            Event.OAUTH_AUTHENTICATION,
            actor=audit.user(user.id, user.username),
            resource=("user", str(user.id)),
            details={
                "connection": usable.stored.slug,
                "issuer": identity.issuer,
                "subject": identity.subject,
            },
        )
        metrics.logins.add("connection", "success")
        return response

    async def _refused(self, usable: UsableConnection, refusal: _Refusal, target: str) -> Response:
        async with storage.set_aside():  # kept, whatever becomes of the request's own unit
            await audit.record(
                Event.OAUTH_AUTHENTICATION,
                actor=audit.ANONYMOUS,
                success=False,
                resource=("connection", str(usable.stored.id)),
                details={"connection": usable.stored.slug, "cause": refusal.cause},
            )
        metrics.logins.add("connection", "failure")
        await destinations.behind(target, now=self._clock())  # whose language it may be
        back = f"?return_to={quote(target)}" if target else ""
        content = ErrorPage(
            status=refusal.status,
            request_id=visitor().facts.request_id,
            detail=refusal.told,
            back_url=f"{current_tenant().prefix}/login{back}",
        )
        html = self._pages.render("error.html", visit=visitor().page(), page=content)
        return page(html, refusal.status)


def _parameter(name: str) -> str | None:
    """A parameter of the address, given once and of a sensible length."""
    given: list[str] = request.args.getlist(name)
    return given[0] if len(given) == 1 and 0 < len(given[0]) <= _LONGEST_PARAMETER else None


def _not_begun_here() -> _Refusal:
    return _Refusal(
        400,
        text(
            "This sign-in was begun in another browser, or too long ago. Please begin again here."
        ),
        "not begun in this browser",
    )


def _declined(usable: UsableConnection) -> _Refusal:
    told = text("%(connection)s did not confirm who you are.", connection=usable.stored.label)
    return _Refusal(400, told, "no code came back")


def _at_fault(usable: UsableConnection, error: PluginFailed | ConnectorConfigError) -> _Refusal:
    label = usable.stored.label
    if isinstance(error, ConnectorConfigError):
        _log.error("connection misconfigured", connection=usable.stored.slug, setting=error.field)
        told = text(
            "%(connection)s is not set up properly here. Tell an administrator.", connection=label
        )
        return _Refusal(503, told, "misconfigured")
    told = text("%(connection)s cannot be reached at the moment.", connection=label)
    return _Refusal(503, told, str(error.outcome))
