"""The round trip to another provider and back, whatever the person who comes back is wanted for.

Each connection has a callback of its own, so that one provider cannot answer for another (RFC 9700
section 4.4.2.1).
"""

import hmac
from urllib.parse import quote

import structlog
from quart import Response, abort, request

from authgate import audit, storage
from authgate.accounts import connection_standings, destinations
from authgate.accounts.answers import page
from authgate.accounts.external_accounts import NotHere
from authgate.accounts.pending_login import LIFETIME, PendingLogin, callback, metadata
from authgate.accounts.provider_answers import brought_back, to_post_from_here
from authgate.accounts.tenant_connections import TenantConnections, UsableConnection
from authgate.accounts.visits import visitor
from authgate.audit import Event
from authgate.clock import Clock
from authgate.languages import Text, text
from authgate.plugin_api import (
    ConnectorConfigError,
    ExternalIdentity,
    SignInRefused,
)
from authgate.plugin_manager import LoginConnectors, OpenConnection, PluginFailed
from authgate.storage.grants import spent_jtis
from authgate.telemetry import metrics
from authgate.web import session_cookie
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.pages import Pages
from authgate.web.security_headers import ANYWHERE
from authgate.web.view_models import ErrorPage
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantCipher, TenantEncryption

PENDING = "authgate_login"
"""The cookie of a sign-in under way."""

_LONGEST_CAUSE = 200
_KIND = "sign-in"
_log = structlog.get_logger(__name__)


class Refusal(Exception):
    """Nothing comes of it: what the person reads, and what the audit log says."""

    def __init__(self, status: int, told: str, cause: str) -> None:
        super().__init__(cause)
        self.status = status
        self.told = told
        self.cause = cause

    @classmethod
    def of(cls, error: NotHere) -> "Refusal":
        """That of an identity which signs nobody in."""
        return cls(error.status, str(error), type(error).__name__)


class RoundTrips:
    """Sends browsers to providers, and finds out who came back."""

    def __init__(
        self,
        *,
        pages: Pages,
        connections: TenantConnections,
        connectors: LoginConnectors,
        encryption: TenantEncryption,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._pages = pages
        self._connections = connections
        self._connectors = connectors
        self._encryption = encryption
        self._limits = limits
        self._clock = clock

    async def leave(self, usable: UsableConnection, pending: PendingLogin) -> Response:
        """Send the browser to the provider, and remember in it that it has been sent."""
        try:
            url = await self._authorization_url(usable, pending)
        except Refusal as refusal:
            return await self.refused(usable, refusal, pending.return_to)
        response = Response("", 303, headers={"Location": url})
        session_cookie.write(
            response,
            PENDING,
            pending.sealed(await self.cipher()),
            max_age=int(LIFETIME.total_seconds()),
        )
        return response

    async def count(self) -> None:
        """Count a browser that comes back. Raises ``TooMany``."""
        await self._limits.count("login_per_ip", bucket(visitor().facts.ip))

    async def pending(self, usable: UsableConnection) -> PendingLogin | None:
        """What this browser began, if its state is the one that came back."""
        cookie = session_cookie.read(request.headers, PENDING)
        pending = PendingLogin.unsealed(
            cookie or "", usable.stored.slug, cipher=await self.cipher(), now=self._clock()
        )
        state = (await brought_back(usable)).state
        if pending is None or not hmac.compare_digest(pending.state.encode(), state.encode()):
            return None
        return pending

    async def posted_from_here(self, usable: UsableConnection) -> Response | None:
        """The page that posts a provider's form from here, where it did not come with what this
        browser has begun."""
        content = await to_post_from_here(usable)
        if content is None or session_cookie.read(request.headers, PENDING):
            return None
        html = self._pages.render("form_post.html", visit=visitor().page(), page=content)
        # Which application the person is on the way to is in the cookie that has not come.
        return page(html, form_target=ANYWHERE)

    async def identity(self, usable: UsableConnection, pending: PendingLogin) -> ExternalIdentity:
        """Who came back. Raises ``Refusal``."""
        answer = (await brought_back(usable)).answer
        if answer is None:
            raise _declined(usable)
        if usable.connector.form_state:
            await self._answered(usable, pending)
        opened = await self._connections.opened(usable)
        try:
            async with storage.set_aside():
                return await self._connectors.identify(opened, pending.attempt, answer)
        except SignInRefused as error:
            raise Refusal(400, Text.of(str(error), "", {}), cause_of(error)) from error
        except (PluginFailed, ConnectorConfigError) as error:
            raise at_fault(usable, error) from error
        finally:
            await self._note(usable, opened)

    async def metadata(self, usable: UsableConnection) -> Response:
        """What the provider reads of this server: a file, which no browser shows as ours."""
        opened = await self._connections.opened(usable)
        slug = usable.stored.slug
        try:
            async with storage.set_aside():
                said = await self._connectors.metadata(
                    opened, redirect_uri=callback(slug), metadata_uri=metadata(slug)
                )
        except (PluginFailed, ConnectorConfigError):
            abort(503)
        response = Response(said, content_type=usable.connector.metadata_type)
        response.headers["Content-Disposition"] = f'attachment; filename="{slug}-metadata.xml"'
        return response

    async def cipher(self) -> TenantCipher:
        """What seals what this tenant's browsers keep."""
        return await self._encryption.cipher(current_tenant().id)

    async def refused(
        self, usable: UsableConnection, refusal: Refusal, target: str, *, back: str = ""
    ) -> Response:
        """The page that says why nothing comes of it; it leads ``back``, or to the sign-in."""
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
        to_sign_in = f"/login?return_to={quote(target)}" if target else "/login"
        content = ErrorPage(
            status=refusal.status,
            request_id=visitor().facts.request_id,
            detail=refusal.told,
            back_url=f"{current_tenant().prefix}{back or to_sign_in}",
        )
        html = self._pages.render("error.html", visit=visitor().page(), page=content)
        return page(html, refusal.status)

    async def _note(self, usable: UsableConnection, opened: OpenConnection) -> None:
        now = self._clock()
        await connection_standings.note(self._connectors, usable.stored, opened, now=now)

    async def _answered(self, usable: UsableConnection, pending: PendingLogin) -> None:
        """Take one answer to it and no other: a form may hold all that it takes, so that nobody
        else would see that it comes a second time. Raises ``Refusal``."""
        if not await spent_jtis.spend(
            _KIND, usable.stored.slug, pending.state, expires_at=pending.expires_at
        ):
            raise not_begun_here("answered already")

    async def _authorization_url(self, usable: UsableConnection, pending: PendingLogin) -> str:
        opened = await self._connections.opened(usable)
        try:
            async with storage.set_aside():
                return await self._connectors.authorization_url(opened, pending.attempt)
        except (PluginFailed, ConnectorConfigError) as error:
            raise at_fault(usable, error) from error


def not_begun_here(cause: str = "not begun in this browser") -> Refusal:
    """What somebody reads whose browser has not begun what it comes back from."""
    return Refusal(
        400,
        text(
            "This sign-in was begun in another browser, or too long ago. Please begin again here."
        ),
        cause,
    )


def cause_of(error: SignInRefused) -> str:
    """What the audit log says: a plugin's words, so short ones and no others."""
    said = error.cause
    fits = type(said) is str and len(said) <= _LONGEST_CAUSE and said.isprintable()
    return said if fits and said else "refused by the provider"


def _declined(usable: UsableConnection) -> Refusal:
    told = text("%(connection)s did not confirm who you are.", connection=usable.stored.label)
    return Refusal(400, told, "no code came back")


def at_fault(usable: UsableConnection, error: PluginFailed | ConnectorConfigError) -> Refusal:
    """What becomes of a sign-in where the connection is at fault."""
    label = usable.stored.label
    if isinstance(error, ConnectorConfigError):
        _log.error("connection misconfigured", connection=usable.stored.slug, setting=error.field)
        told = text(
            "%(connection)s is not set up properly here. Tell an administrator.", connection=label
        )
        return Refusal(503, told, f"misconfigured: {error.field}")
    told = text("%(connection)s cannot be reached at the moment.", connection=label)
    return Refusal(503, told, str(error.outcome))
