"""Trying a connection: an administrator signs in at the provider, and reads what it says.

Nobody is signed in, linked or registered by it, and nothing is kept. It works for a connection that
is not offered yet.
"""

from collections.abc import Sequence

from quart import Blueprint, Response, abort

from authgate.accounts import external_accounts
from authgate.accounts.account_frame import frame
from authgate.accounts.answers import page
from authgate.accounts.external_accounts import NotHere
from authgate.accounts.pending_login import PendingLogin, Purpose
from authgate.accounts.round_trips import Refusal, RoundTrips, not_begun_here
from authgate.accounts.standing import require
from authgate.accounts.tenant_connections import (
    IN_PATH,
    TenantConnections,
    UsableConnection,
    to_password_form,
)
from authgate.accounts.visits import visitor
from authgate.clock import Clock
from authgate.languages import text
from authgate.permissions import Area, writes
from authgate.plugin_api import ExternalIdentity
from authgate.storage.people import users
from authgate.storage.sign_in import external_identities
from authgate.web.identity_view_models import TrialPage
from authgate.web.pages import Pages
from authgate_tenants import current_tenant

_CONSOLE = "/admin/connections"


class ConnectionTrials:
    """The way to a provider and back, for who sets it up."""

    def __init__(
        self, *, pages: Pages, trips: RoundTrips, connections: TenantConnections, clock: Clock
    ) -> None:
        self._pages = pages
        self._trips = trips
        self._connections = connections
        self._clock = clock

    def blueprint(self) -> Blueprint:
        """The route."""
        routes = Blueprint("trials", __name__)
        routes.get(f"/login/{IN_PATH}/trial")(self.begin)
        return routes

    async def begin(self, connection: str) -> Response:
        """Send the administrator to the provider."""
        person = require(writes(Area.CONNECTIONS))
        usable = await self._connections.find(connection, disabled=True)
        if usable is None:
            abort(404)
        if usable.connector.takes_passwords:
            return to_password_form(usable, purpose=Purpose.TRIAL)
        pending = PendingLogin.begin(
            connection,
            return_to=_CONSOLE,
            now=self._clock(),
            purpose=Purpose.TRIAL,
            person=str(person.user.id),
        )
        return await self._trips.leave(usable, pending)

    async def returned(self, usable: UsableConnection, pending: PendingLogin) -> Response:
        """Show what the provider says, and what would come of it."""
        person = require(writes(Area.CONNECTIONS))
        try:
            if str(person.user.id) != pending.person:
                raise not_begun_here()
            identity = await self._trips.identity(usable, pending)
        except Refusal as refusal:
            return self.failed(usable, refusal)
        return await self.told(usable, identity)

    def failed(self, usable: UsableConnection, refusal: Refusal) -> Response:
        """Show why nothing came of it."""
        return self._page(usable, failed=refusal.told, cause=refusal.cause)

    async def told(self, usable: UsableConnection, identity: ExternalIdentity) -> Response:
        """Show who it is, and what would come of it."""
        return self._page(
            usable,
            facts=_facts(identity),
            claims=sorted(identity.said.items()),
            outcome=await _outcome(usable, identity),
        )

    def _page(
        self,
        usable: UsableConnection,
        *,
        failed: str = "",
        cause: str = "",
        facts: Sequence[tuple[str, str]] = (),
        claims: Sequence[tuple[str, str]] = (),
        outcome: str = "",
    ) -> Response:
        prefix = current_tenant().prefix
        content = TrialPage(
            **frame(),
            back_url=f"{prefix}{_CONSOLE}/{usable.stored.slug}",
            connection=usable.stored.label,
            failed=failed,
            cause=cause,
            facts=facts,
            claims=claims,
            outcome=outcome,
        )
        html = self._pages.render(
            "console/connection_trial.html", visit=visitor().page(), page=content
        )
        return page(html)


def _facts(identity: ExternalIdentity) -> list[tuple[str, str]]:
    groups = (
        text("not told") if identity.groups is None else ", ".join(identity.groups) or text("none")
    )
    return [
        (text("Issuer"), identity.issuer),
        (text("Subject"), identity.subject),
        (text("Username"), identity.username),
        (text("Email"), _told_email(identity)),
        (text("Name"), identity.name),
        (text("Groups"), groups),
    ]


def _told_email(identity: ExternalIdentity) -> str:
    if not identity.email:
        return ""
    if identity.email_verified:
        return text("%(email)s (verified)", email=identity.email)
    return text("%(email)s (not verified: counts for nothing)", email=identity.email)


async def _outcome(usable: UsableConnection, identity: ExternalIdentity) -> str:
    """What a sign-in by it would come to."""
    stored = usable.stored
    try:
        external_accounts.check_welcome(stored, identity)
    except NotHere as error:
        return str(error)
    known = await external_identities.find_user(
        connection_id=stored.id, issuer=identity.issuer, subject=identity.subject
    )
    if known is not None:
        user = await users.find(known)
        return (
            text("Signs in %(username)s.", username=user.username)
            if user and user.is_active
            else text("The user is disabled.")
        )
    provisioned = await external_accounts.provisioned_user(stored, identity)
    if provisioned is not None:
        return text("Signs in %(username)s, who came by SCIM.", username=provisioned.username)
    if external_accounts.takes_newcomers(stored):
        return text("Makes a new user.")
    return text("Is refused: it belongs to nobody here, and nobody new is taken.")
