"""Signing in at another identity provider, through a connector that a plugin brings.

``GET /login/<connection>`` sends the browser there; ``GET /login/<connection>/callback`` takes it
back, and hands it to whatever the round trip was begun for. ``POST`` does the same for providers
that answer by a form.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol
from uuid import UUID

from quart import Blueprint, Response, abort, request
from werkzeug.exceptions import MethodNotAllowed

from authgate import storage
from authgate.accounts import destinations, external_accounts, own_events
from authgate.accounts.answers import see_other
from authgate.accounts.browser_sessions import BrowserSessions, Heard
from authgate.accounts.external_accounts import AddressTaken, NotHere
from authgate.accounts.login import HOME
from authgate.accounts.pending_login import PendingLogin, Purpose
from authgate.accounts.proof_times import believed
from authgate.accounts.provider_answers import parameter
from authgate.accounts.round_trips import PENDING, Refusal, RoundTrips, not_begun_here
from authgate.accounts.second_step import FirstFactor
from authgate.accounts.sign_in_notices import SignInNotices
from authgate.accounts.tenant_connections import (
    CALLBACK,
    IN_PATH,
    TenantConnections,
    UsableConnection,
    to_password_form,
)
from authgate.accounts.visits import visitor
from authgate.audit import Event
from authgate.clock import Clock
from authgate.languages import text
from authgate.plugin_api import ExternalIdentity
from authgate.storage.people.users import User, UsernameTaken
from authgate.storage.sign_in.external_identities import IdentityTaken
from authgate.telemetry import metrics
from authgate.tokens.authentication import vouched_by
from authgate.web import return_to, session_cookie

_LONGEST_ADDRESS = 254
"""Octets (RFC 5321 section 4.5.3.1.3)."""

Returned = Callable[[UsableConnection, PendingLogin], Awaitable[Response]]
"""What is done with a browser that has come back."""


class Memberships(Protocol):
    """Has somebody belong to these of the groups that a connection looks after, and no others."""

    async def __call__(
        self,
        user: User,
        *,
        belongs: Collection[UUID],
        looked_after: Collection[UUID],
        now: datetime,
    ) -> None: ...


class Federation:
    """The way in through other providers."""

    def __init__(
        self,
        *,
        trips: RoundTrips,
        connections: TenantConnections,
        sessions: BrowserSessions,
        notices: SignInNotices,
        memberships: Memberships,
        others: Mapping[Purpose, Returned],
        clock: Clock,
    ) -> None:
        self._trips = trips
        self._connections = connections
        self._sessions = sessions
        self._notices = notices
        self._memberships = memberships
        self._returned: Mapping[Purpose, Returned] = {Purpose.SIGN_IN: self._sign_in, **others}
        self._clock = clock

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("federation", __name__)
        routes.get(f"/login/{IN_PATH}")(self.begin)
        routes.get(CALLBACK)(self.finish)
        routes.post(CALLBACK)(self.finish_form)
        routes.get(f"/login/{IN_PATH}/metadata")(self.metadata)
        return routes

    async def begin(self, connection: str) -> Response:
        """Send the browser to the provider."""
        usable = await self._connections.find(connection)
        if usable is None:
            abort(404)
        target, hint = return_to.safe(request.args.get("return_to"), otherwise=HOME), _hint()
        if usable.connector.takes_passwords:
            return to_password_form(usable, target=target, login_hint=hint)
        pending = PendingLogin.begin(
            connection,
            return_to=target,
            now=self._clock(),
            login_hint=hint,
            max_age=await self._max_age(target),
        )
        return await self._trips.leave(usable, pending)

    async def _max_age(self, target: str) -> int | None:
        # Whoever is signed in comes because that was too long ago, or not enough: a session that
        # they still have at the provider proves nothing.
        if visitor().signed_in is not None:
            return 0
        return (await destinations.behind(target, now=self._clock())).max_age

    async def finish(self, connection: str) -> Response:
        """Take the browser back, and do what it was sent for. Raises ``TooMany``."""
        return await self._finish(await self._found(connection))

    async def finish_form(self, connection: str) -> Response:
        """The same, of a provider that has the browser post its answer. Raises ``TooMany``."""
        usable = await self._found(connection)
        if not usable.connector.form_state:
            raise MethodNotAllowed(valid_methods=["GET", "HEAD", "OPTIONS"])
        return await self._trips.posted_from_here(usable) or await self._finish(usable)

    async def metadata(self, connection: str) -> Response:
        """What the provider reads of this server, before the connection is offered."""
        usable = await self._found(connection)
        if not usable.connector.metadata_type:
            abort(404)
        return await self._trips.metadata(usable)

    async def _finish(self, usable: UsableConnection) -> Response:
        # Before anything is written down: anybody may come back without having begun.
        await self._trips.count()
        pending = await self._trips.pending(usable)
        tried = pending is not None and pending.purpose is Purpose.TRIAL
        if not usable.stored.enabled and not tried:
            abort(404)
        if pending is None:
            response = await self._trips.refused(usable, not_begun_here(), "")
        else:
            response = await self._returned[pending.purpose](usable, pending)
        session_cookie.clear(response, PENDING)
        return response

    async def _found(self, connection: str) -> UsableConnection:
        # One that is not offered yet may be on trial.
        usable = await self._connections.find(connection, disabled=True)
        if usable is None:
            abort(404)
        return usable

    async def _sign_in(self, usable: UsableConnection, pending: PendingLogin) -> Response:
        target = return_to.safe(pending.return_to, otherwise=HOME)
        try:
            identity = await self._trips.identity(usable, pending)
            if not pending.is_fresh_enough(identity.authenticated_at):
                raise _too_long_ago(usable)
            vouched_at = pending.vouched_at(identity.authenticated_at, now=self._clock())
            identity = replace(identity, authenticated_at=vouched_at)
            return await self.welcome(usable, identity, target=target)
        except Refusal as refusal:
            return await self._trips.refused(usable, refusal, pending.return_to)

    async def welcome(
        self,
        usable: UsableConnection,
        identity: ExternalIdentity,
        *,
        target: str,
        methods: Sequence[str] = (),
        remembered: bool = False,
    ) -> Response:
        """Sign in whoever the connection vouches for, by these methods besides its word. Raises
        ``Refusal``."""
        first = FirstFactor(
            await _known(partial(external_accounts.expected, usable.stored, identity)),
            [*vouched_by(usable.stored.label), *methods],
            remembered,
            target,
            usable.stored.slug,
            vouched_at=believed(identity.authenticated_at, now=self._clock()),
        )
        # The tenant's plugins speak first: whom they turn away leaves no account behind.
        heard = await self._sessions.heard(first)
        user = await _known(partial(self._user_once, usable, identity, first.user.id))
        if user.id != first.user.id:  # made meanwhile, by this person's other first sign-in
            heard = await self._sessions.heard(replace(first, user=user))
        return await self._welcomed(usable, identity, Heard(replace(heard, user=user)))

    async def _user_once(
        self, usable: UsableConnection, identity: ExternalIdentity, new_id: UUID
    ) -> User:
        # A unit of its own: half of a registration must not be committed with the refusal.
        async with storage.set_aside(), storage.transaction():
            now = self._clock()
            user = await external_accounts.user_of(usable.stored, identity, new_id=new_id, now=now)
            await self._join_groups(usable, identity, user, now)
            return user

    async def _join_groups(
        self, usable: UsableConnection, identity: ExternalIdentity, user: User, now: datetime
    ) -> None:
        named = usable.stored.rules.groups
        if not named or identity.groups is None:
            return  # it was not said, which takes nobody out of a group
        belongs = {UUID(named[each]) for each in identity.groups if each in named}
        looked_after = {UUID(each) for each in named.values()}
        await self._memberships(user, belongs=belongs, looked_after=looked_after, now=now)

    async def _welcomed(
        self, usable: UsableConnection, identity: ExternalIdentity, first: Heard
    ) -> Response:
        user, response = first.user, see_other(first.target)
        if not await self._sessions.go_on(visitor(), first, response):
            return response
        await own_events.record(
            Event.OAUTH_AUTHENTICATION,
            user,
            connection=usable.stored.slug,
            issuer=identity.issuer,
            subject=identity.subject,
        )
        metrics.logins.add("connection", "success")
        await self._notices.welcome(visitor(), user, response)
        return response


def _too_long_ago(usable: UsableConnection) -> Refusal:
    told = text(
        "%(connection)s did not ask you to sign in there again, which is needed for this. Sign out"
        " there first.",
        connection=usable.stored.label,
    )
    return Refusal(403, told, "signed in at the provider too long ago")


async def _known(find: Callable[[], Awaitable[User]]) -> User:
    try:
        try:
            return await find()
        except (AddressTaken, UsernameTaken, IdentityTaken):
            # Perhaps by this very person's other first sign-in, which was a moment quicker.
            return await find()
    except NotHere as error:
        raise Refusal.of(error) from error


def _hint() -> str:
    # A longer one is no address. It would make the provider's URL longer than one may be, which
    # counts as the connector's failure: anybody could have the connection left alone.
    hint = parameter("login_hint") or ""
    fits = len(hint.encode()) <= _LONGEST_ADDRESS and hint.isprintable()
    return hint if fits else ""
