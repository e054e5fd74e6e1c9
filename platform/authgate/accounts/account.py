"""``/account/sessions``: where a person is signed in, and ending it for real."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

from quart import Blueprint, Response, request

from authgate import audit
from authgate.accounts import access, user_agents
from authgate.accounts.access import Access
from authgate.accounts.account_frame import frame
from authgate.accounts.answers import page, see_other
from authgate.accounts.scope_lines import scope_lines
from authgate.accounts.visits import SignedIn, signed_in, visitor
from authgate.accounts.whereabouts import Whereabouts, is_new
from authgate.audit import Event
from authgate.clock import Clock
from authgate.permissions import Area, permits, writes
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.storage.sign_in import session_clients, sessions
from authgate.storage.sign_in.sessions import Session
from authgate.tokens import authentication
from authgate.tokens.authentication import OWN_METHODS
from authgate.web import row_ids
from authgate.web.pages import Pages
from authgate.web.view_models import (
    AccessLine,
    DeviceKind,
    SessionLine,
    SessionsPage,
)
from authgate_tenants import current_tenant

_HERE = "/account/sessions"
_BLOCKS = "/admin/limits"
"""The console's page where addresses are kept out."""
_MOST_ACCESSES = 100


class AccountPages:
    """A person's own pages."""

    def __init__(self, *, pages: Pages, places: Path | None, clock: Clock) -> None:
        self._pages = pages
        self._whereabouts = Whereabouts(places)
        self._clock = clock

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = Blueprint("account", __name__)
        routes.get("/")(self.home)
        routes.get("/account")(self.home)
        routes.get(_HERE)(self.show)
        routes.post(f"{_HERE}/end")(self.end_one)
        routes.post(f"{_HERE}/end-others")(self.end_others)
        routes.post("/account/access/remove")(self.remove_access)
        return routes

    async def home(self) -> Response:
        """The account begins with its sessions."""
        return see_other(_HERE)

    async def show(self) -> Response:
        """The sessions of the person and what has access in their name."""
        person, now, prefix = signed_in(), self._clock(), current_tenant().prefix
        held = await access.of(person.user.id, now=now, limit=_MOST_ACCESSES + 1)
        living = await sessions.live_of(person.user.id, now=now)
        known = await _applications(living)
        content = SessionsPage(
            **frame(),
            sessions=tuple(
                self._line(each, living, person, known.get(each.id, ())) for each in living
            ),
            end_action=f"{prefix}{_HERE}/end",
            end_others_action=f"{prefix}{_HERE}/end-others",
            accesses=await _accesses(held[:_MOST_ACCESSES]),
            has_older_accesses=len(held) > _MOST_ACCESSES,
            remove_action=f"{prefix}/account/access/remove",
            signed_out=_count(request.args.get("ended", "")),
        )
        visit = visitor().page()
        return page(self._pages.render("account/sessions.html", visit=visit, page=content))

    async def end_one(self) -> Response:
        """End one session; another person's is as unknown as one that never was."""
        person, wanted = signed_in(), row_ids.find((await request.form).get("session", ""))
        ended = wanted is not None and await sessions.end(
            wanted, user_id=person.user.id, now=self._clock()
        )
        if ended and wanted is not None:
            await access.end_of_session(wanted, now=self._clock())
            await _record(person, ("session", str(wanted)))
        return see_other(f"{_HERE}?ended={int(ended)}")

    async def end_others(self) -> Response:
        """End every session but this one."""
        person, now = signed_in(), self._clock()
        ended = await sessions.end_all(person.user.id, now=now, except_id=person.session.id)
        for session_id in ended:
            await access.end_of_session(session_id, now=now)
        await _record(person, ("user", str(person.user.id)), count=len(ended))
        return see_other(f"{_HERE}?ended={len(ended)}")

    async def remove_access(self) -> Response:
        """Take back what an application or device may do; it has to be allowed anew."""
        person, wanted = signed_in(), row_ids.find((await request.form).get("access", ""))
        ended = await access.remove(wanted, person.user.id, now=self._clock()) if wanted else 0
        if ended:
            await audit.record(
                Event.USER_AUTHORIZATION_REVOKED,
                actor=audit.user(person.user.id, person.user.username),
                resource=("authorization", str(wanted)),
                details={"ended": ended},
            )
        return see_other(_HERE)

    def _line(
        self,
        session: Session,
        living: Sequence[Session],
        person: SignedIn,
        applications: tuple[str, ...],
    ) -> SessionLine:
        place = self._whereabouts.of(session.ip)
        since = session.authenticated_at
        before = [self._whereabouts.of(each.ip) for each in living if each.authenticated_at < since]
        device, kind = user_agents.described(session.user_agent)
        return SessionLine(
            id=str(session.id),
            device=device,
            kind=kind,
            ip=session.ip,
            current=session.id == person.session.id,
            last_active_at=session.last_seen_at,
            signed_in_at=session.authenticated_at,
            connection=connection_of(session),
            impersonator=session.impersonator,
            place=place,
            new_place=is_new(place, before),
            applications=applications,
            block_url=_block_url(session, person),
        )


async def _record(person: SignedIn, resource: tuple[str, str], count: int = 1) -> None:
    await audit.record(
        Event.SESSION_REVOKED,
        actor=audit.user(person.user.id, person.user.username),
        resource=resource,
        details={"sessions": count},
    )


async def _applications(living: list[Session]) -> dict[UUID, tuple[str, ...]]:
    """The names of the applications that each session is known to."""
    known = await session_clients.of([session.id for session in living])
    registered = await clients.find_many({each.client_id for each in known})
    names: dict[UUID, tuple[str, ...]] = {}
    for each in known:
        if client := registered.get(each.client_id):
            names[each.session_id] = (*names.get(each.session_id, ()), client.name)
    return names


def connection_of(session: Session) -> str | None:
    """Through which connection somebody has signed in."""
    if (label := authentication.connection_of(session.amr)) is not None:
        return label
    return None if OWN_METHODS.intersection(session.amr) else session.amr[0]


def _block_url(session: Session, person: SignedIn) -> str:
    is_here = session.id == person.session.id
    if is_here or not permits(person.user.role, writes(Area.LIMITS)):
        return ""
    return f"{current_tenant().prefix}{_BLOCKS}?{urlencode({'address': session.ip})}"


def kind_of(client: Client | None) -> DeviceKind:
    """What a client most likely runs on: one that keeps no secret is with the person."""
    return DeviceKind.TERMINAL if client is None or client.is_public else DeviceKind.DESKTOP


async def _accesses(held: list[Access]) -> tuple[AccessLine, ...]:
    known = await clients.find_many({each.client_id for each in held})
    return tuple([await _access(each, known.get(each.client_id)) for each in held])


async def _access(held: Access, client: Client | None) -> AccessLine:
    return AccessLine(
        id=str(held.id),
        client_name=client.name if client else held.client_id,
        first_party=client is not None and client.first_party,
        kind=kind_of(client),
        device="",
        approved_at=held.since,
        scopes=await scope_lines(held.scope.split()),
        used_at=held.used_at,
    )


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
