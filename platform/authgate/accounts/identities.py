"""``/account/identities``: a person's ways in by other providers, adding one and removing one.

To add one, the person has signed in lately, goes to the provider and comes back, reads whose
account it is, and says yes: a page that sends a browser through the round trip has not linked
anything yet. The last way in is not removed.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from uuid import UUID

import orjson
from quart import Blueprint, Response, abort, request

from authgate import audit, storage
from authgate.accounts import external_accounts
from authgate.accounts.account_frame import frame
from authgate.accounts.answers import page, see_other
from authgate.accounts.external_accounts import NotHere
from authgate.accounts.login import has_password
from authgate.accounts.pending_login import PendingLogin, Purpose
from authgate.accounts.round_trips import Refusal, RoundTrips, not_begun_here
from authgate.accounts.standing import (
    SignInAgain,
    StepUp,
    require_recent_sign_in,
    to_second_factor,
    to_sign_in,
)
from authgate.accounts.step_up import require_own_factor
from authgate.accounts.tenant_connections import (
    IN_PATH,
    TenantConnections,
    UsableConnection,
    option_of,
    to_password_form,
)
from authgate.accounts.visits import signed_in, visitor
from authgate.clock import Clock
from authgate.plugin_api import ExternalIdentity
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.sign_in import external_identities
from authgate.storage.sign_in.external_identities import IdentityTaken, LinkedIdentity
from authgate.web import row_ids
from authgate.web.identity_view_models import IdentitiesPage, IdentityConfirmPage, IdentityLine
from authgate.web.pages import Pages
from authgate.web.view_models import SignInOption
from authgate_tenants import current_tenant
from authgate_tenants.encryption import SealBroken

PATH = "/account/identities"

_ASKED_FOR = timedelta(minutes=5)
_SEAL = "found-identity"


class IdentityPages:
    """A person's ways in."""

    def __init__(
        self, *, pages: Pages, trips: RoundTrips, connections: TenantConnections, clock: Clock
    ) -> None:
        self._pages = pages
        self._trips = trips
        self._connections = connections
        self._clock = clock

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("identities", __name__)
        routes.get(PATH)(self.show)
        routes.get(f"{PATH}/link/{IN_PATH}")(self.begin)
        routes.post(f"{PATH}/link")(self.link)
        routes.post(f"{PATH}/unlink")(self.unlink)
        routes.register_error_handler(SignInAgain, to_sign_in)
        routes.register_error_handler(StepUp, to_second_factor)
        return routes

    async def show(self) -> Response:
        """What the person may sign in by."""
        person, prefix = signed_in(), current_tenant().prefix
        linked = await external_identities.of_user(person.user.id)
        usable = await self._connections.usable()
        password = has_password(person.user)
        last = len(_working(linked, usable)) + password <= 1
        known = {each.stored.id: each for each in usable}
        content = IdentitiesPage(
            **frame(),
            remove_action=f"{prefix}{PATH}/unlink",
            password=password,
            identities=[_line(each, known.get(each.connection_id), last) for each in linked],
            options=[_option(each) for each in usable],
            done=request.args.get("done", ""),
        )
        visit = visitor().page()
        return page(self._pages.render("account/identities.html", visit=visit, page=content))

    async def begin(self, connection: str) -> Response:
        """Send a person who has signed in lately to the provider."""
        person = signed_in()
        require_recent_sign_in(now=self._clock(), then=PATH)
        await require_own_factor(then=PATH)
        usable = await self._connections.find(connection)
        if usable is None:
            abort(404)
        if usable.connector.takes_passwords:
            return to_password_form(usable, purpose=Purpose.LINK)
        pending = PendingLogin.begin(
            connection,
            return_to=PATH,
            now=self._clock(),
            purpose=Purpose.LINK,
            person=str(person.user.id),
        )
        return await self._trips.leave(usable, pending)

    async def returned(self, usable: UsableConnection, pending: PendingLogin) -> Response:
        """Ask the person whether the account that the provider tells of is to be a way in."""
        person = visitor().signed_in
        try:
            if person is None or str(person.user.id) != pending.person:
                raise not_begun_here()
            identity = await self._trips.identity(usable, pending)
        except Refusal as refusal:
            return await self._trips.refused(usable, refusal, "", back=PATH)
        return await self.found(person.user, usable, identity)

    async def found(
        self, user: User, usable: UsableConnection, identity: ExternalIdentity
    ) -> Response:
        """Ask whether this is to be a way in of theirs."""
        try:
            external_accounts.check_welcome(usable.stored, identity)
        except NotHere as error:
            return await self._trips.refused(usable, Refusal.of(error), "", back=PATH)
        return await self._confirm(user, usable, identity)

    async def link(self) -> Response:
        """Make it one, now that the person has said so."""
        person, now = signed_in(), self._clock()
        require_recent_sign_in(now=now, then=PATH)
        await require_own_factor(then=PATH)
        found = await self._unsealed((await request.form).get("sealed", ""), person.user)
        if found is None:
            return see_other(f"{PATH}?done=late")
        usable = await self._connections.find(found[0])
        if usable is None:
            abort(404)
        try:
            async with storage.savepoint():
                await external_accounts.link_to(person.user, usable.stored, found[1], now=now)
        except NotHere as error:
            return await self._trips.refused(usable, Refusal.of(error), "", back=PATH)
        except IdentityTaken:
            return see_other(PATH)
        return see_other(f"{PATH}?done=linked")

    async def unlink(self) -> Response:
        """Take a way in away, unless it is the last one."""
        person = signed_in()
        require_recent_sign_in(now=self._clock(), then=PATH)
        await require_own_factor(then=PATH)
        try:
            wanted = row_ids.read((await request.form).get("identity", ""))
        except ValueError:
            return see_other(PATH)
        return see_other(f"{PATH}?done={await self._unlinked(person.user, wanted)}")

    async def _unlinked(self, user: User, wanted: UUID) -> str:
        async with storage.transaction():
            # Held: of two that are removed at once, one would be the last.
            held = await users.held(user.id)
            linked = await external_identities.of_user(user.id)
            gone = next((each for each in linked if each.id == wanted), None)
            if held is None or gone is None:
                return ""
            left = [each for each in linked if each.id != wanted]
            if not has_password(held) and not _working(left, await self._connections.usable()):
                return "last"
            await external_identities.unlink(wanted, user_id=user.id)
            actor = audit.user(user.id, user.username)
            await external_accounts.record_unlinked(user.id, gone, actor=actor)
        return "removed"

    async def _confirm(
        self, user: User, usable: UsableConnection, identity: ExternalIdentity
    ) -> Response:
        prefix = current_tenant().prefix
        content = IdentityConfirmPage(
            **frame(),
            action=f"{prefix}{PATH}/link",
            connection=usable.stored.label,
            username=identity.username or identity.subject,
            email=identity.email,
            sealed=await self._sealed(user, usable, identity),
        )
        visit = visitor().page()
        return page(self._pages.render("account/identity_confirm.html", visit=visit, page=content))

    async def _sealed(
        self, user: User, usable: UsableConnection, identity: ExternalIdentity
    ) -> str:
        ends = (self._clock() + _ASKED_FOR).timestamp()
        said = [
            usable.stored.slug,
            identity.issuer,
            identity.subject,
            identity.username,
            identity.email if identity.email_verified else "",
            ends,
        ]
        cipher = await self._trips.cipher()
        blob = cipher.seal(kind=_SEAL, object_id=str(user.id), plaintext=orjson.dumps(said))
        return urlsafe_b64encode(blob).decode("ascii")

    async def _unsealed(self, text: str, user: User) -> tuple[str, ExternalIdentity] | None:
        cipher = await self._trips.cipher()
        try:
            blob = urlsafe_b64decode(text.encode("ascii"))
            said = orjson.loads(cipher.open(kind=_SEAL, object_id=str(user.id), sealed=blob))
            slug, issuer, subject, username, email, ends = said
        except (SealBroken, ValueError):
            return None
        if datetime.fromtimestamp(ends, self._clock().tzinfo) <= self._clock():
            return None
        return slug, ExternalIdentity(
            issuer=issuer,
            subject=subject,
            username=username,
            email=email,
            email_verified=bool(email),
        )


def _working(linked: list[LinkedIdentity], usable: list[UsableConnection]) -> list[LinkedIdentity]:
    """Those by which somebody could sign in now."""
    offered = {each.stored.id for each in usable}
    return [each for each in linked if each.connection_id in offered]


def _line(linked: LinkedIdentity, usable: UsableConnection | None, last: bool) -> IdentityLine:
    return IdentityLine(
        id=str(linked.id),
        connection=usable.stored.label if usable else "",
        icon=usable.connector.icon if usable else "key-round",
        username=linked.username,
        linked_at=linked.created_at,
        used_at=linked.last_used_at,
        removable=usable is None or not last,
    )


def _option(usable: UsableConnection) -> SignInOption:
    option = option_of(usable, "")
    url = f"{current_tenant().prefix}{PATH}/link/{usable.stored.slug}"
    return SignInOption(name=option.name, url=url, icon=option.icon)
