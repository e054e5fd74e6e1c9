"""``/admin/users/<id>``: a person, with all that is theirs, and what can be done about it."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from quart import Blueprint, Response, request

from authgate import provisioning
from authgate.accounts import access, user_agents
from authgate.accounts.access import Application
from authgate.accounts.account import connection_of
from authgate.accounts.standing import actor
from authgate.accounts.visits import signed_in
from authgate.admin.console import frame, user_factor_pages, user_lines
from authgate.admin.console.administrators import authority, may
from authgate.admin.console.audit_search import PATH as AUDIT
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.admin.console.user_search import PATH
from authgate.permissions import Area, UserRole, covers, reads, writes
from authgate.provisioning import Refused, audit_views
from authgate.provisioning import people as provisioned
from authgate.provisioning.groups import MOST_GROUPS_OF_USER
from authgate.storage.audit import search
from authgate.storage.audit.event_search import EventSearch
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.storage.issued import tokens
from authgate.storage.people import group_members, impersonations
from authgate.storage.people.impersonations import Impersonation
from authgate.storage.people.users import User
from authgate.storage.sign_in import connections, external_identities, sessions
from authgate.storage.sign_in.sessions import Session
from authgate.web.console_view_models import Done
from authgate.web.impersonation_view_models import ImpersonationLine
from authgate.web.user_view_models import (
    EventLine,
    GrantedLine,
    GroupLink,
    IdentityLine,
    PersonPage,
)
from authgate.web.view_models import SessionLine
from authgate_tenants import current_tenant

_ONE = f"{ROOT}{PATH}/<row_id>"
_MOST_TOKENS = 100
_EVENTS = 10


class UserPages:
    """The page of a person."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("user")
        routes.get(_ONE, self.show, reads(Area.USERS))
        routes.post(f"{_ONE}/disable", self.disable, writes(Area.USERS))
        routes.post(f"{_ONE}/enable", self.enable, writes(Area.USERS))
        routes.post(f"{_ONE}/sign-out", self.sign_out, writes(Area.USERS))
        routes.post(f"{_ONE}/sessions", self.end_session, writes(Area.USERS))
        routes.post(f"{_ONE}/identities/<identity_id>", self.unlink, writes(Area.USERS))
        routes.post(f"{_ONE}/apps", self.take_back, writes(Area.AUTHORIZATIONS))
        return routes.blueprint

    async def show(self, row_id: str) -> Response:
        """Who they are, where they are signed in, and what acts in their name."""
        return await self._page(await user_lines.named(row_id))

    async def disable(self, row_id: str) -> Response:
        """Shut them out: of every browser, and of whatever acts in their name."""
        person = await user_lines.named(row_id)
        try:
            await provisioning.disable_user(
                person.username, now=self._console.now(), by=authority()
            )
        except Refused as error:
            return await self._page(person, str(error))
        return done(user_lines.path(person), Done.PERSON_BLOCKED)

    async def enable(self, row_id: str) -> Response:
        """Let them sign in again."""
        person = await user_lines.named(row_id)
        try:
            await provisioning.enable_user(person.username, by=authority())
        except Refused as error:
            return await self._page(person, str(error))
        return done(user_lines.path(person), Done.PERSON_LET_IN)

    async def sign_out(self, row_id: str) -> Response:
        """Sign them out everywhere; they may sign in again at once."""
        person = await user_lines.named(row_id)
        try:
            await provisioned.sign_out_person(person.id, by=authority(), now=self._console.now())
        except Refused as error:
            return await self._page(person, str(error))
        return done(user_lines.path(person), Done.PERSON_SIGNED_OUT)

    async def end_session(self, row_id: str) -> Response:
        """Sign them out of one browser."""
        person, form = await user_lines.named(row_id), await request.form
        session_id = id_in_address(form.get("session", ""))
        try:
            ended = await provisioned.end_session(
                session_id, person, by=authority(), now=self._console.now()
            )
        except Refused as error:
            return await self._page(person, str(error))
        return done(user_lines.path(person), Done.PERSON_SIGNED_OUT if ended else Done.NOTHING)

    async def unlink(self, row_id: str, identity_id: str) -> Response:
        """Have them not sign in by an identity at another provider any more."""
        person = await user_lines.named(row_id)
        try:
            await provisioned.unlink_identity(
                id_in_address(identity_id), user_id=person.id, by=authority()
            )
        except provisioning.UnknownUser:
            return done(user_lines.path(person), Done.NOTHING)
        except Refused as error:
            return await self._page(person, str(error))
        return done(user_lines.path(person), Done.IDENTITY_UNLINKED)

    async def take_back(self, row_id: str) -> Response:
        """End all that an application has of them."""
        person, form = await user_lines.named(row_id), await request.form
        client_id, now = form.get("client", ""), self._console.now()
        held = await access.applications_of(person.id, now=now)
        if client_id not in {each.client_id for each in held}:
            return done(user_lines.path(person), Done.NOTHING)
        await provisioned.take_back(client_id, person, by=authority(), now=now)
        return done(user_lines.path(person), Done.TAKEN_BACK)

    async def _page(self, person: User, fault: str = "") -> Response:
        mine, now = signed_in().user, self._console.now()
        working = await tokens.live_of(person.id, now=now, limit=_MOST_TOKENS + 1)
        changes = user_lines.may_change(person)
        content = PersonPage(
            frame=await self._console.frame(),
            list_url=frame.url(PATH),
            here=frame.url(user_lines.path(person)),
            line=user_lines.line(person),
            id=str(person.id),
            email_verified=person.email_verified,
            updated_at=person.updated_at,
            guest_until=person.guest_until,
            own=person.id == mine.id,
            beyond=not covers(mine.role, person.role),
            changes=changes,
            role_url=frame.url(f"/team/{person.id}") if may(writes(Area.ROLES)) else "",
            tokens_url=_tokens_url(person),
            tokens=min(len(working), _MOST_TOKENS),
            more_tokens=len(working) > _MOST_TOKENS,
            sessions=[_session(each) for each in await sessions.live_of(person.id, now=now)],
            factors=await user_factor_pages.shown(person, self._console, changes=changes),
            applications=await self._applications(person),
            takes_back=may(writes(Area.AUTHORIZATIONS)),
            identities=await _identities(person, changes=changes),
            groups=await _groups(person),
            events=await _events(person, now),
            events_url=frame.url(f"{AUDIT}?{urlencode({'user': person.subject})}"),
            impersonations=await _impersonations(person, now, changes=changes),
            ask_action=_ask_action(person, changes=changes),
            fault=fault,
        )
        return self._console.show("user.html", content, 409 if fault else 200)

    async def _applications(self, person: User) -> Sequence[GrantedLine] | None:
        if not may(reads(Area.AUTHORIZATIONS)):
            return None
        held = await access.applications_of(person.id, now=self._console.now())
        known = await clients.find_many({each.client_id for each in held})
        return [_granted(each, known.get(each.client_id)) for each in held]


def _granted(held: Application, client: Client | None) -> GrantedLine:
    shown = client is not None and may(reads(Area.CLIENTS))
    return GrantedLine(
        client_id=held.client_id,
        client_name=client.name if client else held.client_id,
        url=frame.url(f"/clients/{client.id}") if client and shown else "",
        scopes=sorted(held.scopes),
        since=held.since,
        used_at=held.used_at,
    )


def _session(session: Session) -> SessionLine:
    device, kind = user_agents.described(session.user_agent)
    return SessionLine(
        id=str(session.id),
        device=device,
        kind=kind,
        ip=session.ip,
        current=session.id == signed_in().session.id,
        last_active_at=session.last_seen_at,
        signed_in_at=session.authenticated_at,
        connection=connection_of(session),
        impersonator=session.impersonator,
    )


async def _identities(person: User, *, changes: bool) -> Sequence[IdentityLine]:
    labels = {each.id: each.label for each in await connections.every()}
    here = frame.url(user_lines.path(person))
    return [
        IdentityLine(
            action=f"{here}/identities/{each.id}" if changes else "",
            connection=labels.get(each.connection_id, each.issuer),
            username=each.username,
            subject=each.subject,
            created_at=each.created_at,
            last_used_at=each.last_used_at,
        )
        for each in await external_identities.of_user(person.id)
    ]


async def _groups(person: User) -> Sequence[GroupLink] | None:
    if not may(reads(Area.GROUPS)):
        return None
    found = await group_members.groups_of(person.id, most=MOST_GROUPS_OF_USER)
    return [GroupLink(each.display_name, frame.url(f"/groups/{each.id}")) for each in found]


async def _impersonations(
    person: User, now: datetime, *, changes: bool
) -> Sequence[ImpersonationLine]:
    here, mine = frame.url(user_lines.path(person)), signed_in().user.id

    def told(each: Impersonation) -> ImpersonationLine:
        there = f"{here}/impersonations/{each.id}"
        open_, begun = changes and each.is_open(now), each.session_id is not None
        return ImpersonationLine.of(
            each,
            now,
            begin_action=f"{there}/begin" if open_ and not begun and each.actor_id == mine else "",
            end_action=f"{there}/end" if open_ or (changes and each.waits(now)) else "",
        )

    return [told(each) for each in await impersonations.of_user(person.id)]


def _ask_action(person: User, *, changes: bool) -> str:
    is_on = current_tenant().settings.impersonation != "off"
    asks = changes and is_on and person.role is UserRole.USER and person.is_active
    return frame.url(f"{user_lines.path(person)}/impersonations") if asks else ""


async def _events(person: User, now: datetime) -> Sequence[EventLine] | None:
    if not may(reads(Area.AUDIT)):
        return None
    found = await search.find(EventSearch(user_id=person.subject), limit=_EVENTS)
    await audit_views.note(actor(), {"user": person.subject}, now=now)
    return [
        EventLine(
            event=each.event_type,
            success=each.success,
            actor=each.actor_name or each.actor_id or each.actor_type,
            ip=each.ip,
            at=each.occurred_at,
        )
        for each in found.page.rows
    ]


def _tokens_url(person: User) -> str:
    if not may(reads(Area.TOKENS)):
        return ""
    return frame.url(f"/tokens?{urlencode({'user': person.username, 'status': 'working'})}")
