"""``/account/sessions``: where a person is signed in, and ending it for real."""

from uuid import UUID

from quart import Blueprint, Response, request

from authgate import audit
from authgate.accounts import access, user_agents
from authgate.accounts.answers import page, see_other
from authgate.accounts.visits import SignedIn, signed_in, visitor
from authgate.audit import Event
from authgate.clock import Clock
from authgate.storage import clients, sessions, tokens
from authgate.storage.clients import Client
from authgate.storage.sessions import Session
from authgate.storage.tokens import Token
from authgate.web.pages import Pages
from authgate.web.view_models import (
    AccessLine,
    DeviceKind,
    SessionLine,
    SessionsPage,
    scope_lines,
)
from authgate_tenants import current_tenant

_HERE = "/account/sessions"
_MOST_ACCESSES = 100


class AccountPages:
    """A person's own pages."""

    def __init__(self, *, pages: Pages, clock: Clock) -> None:
        self._pages = pages
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
        living = await tokens.live_of(person.user.id, now=now, limit=_MOST_ACCESSES + 1)
        content = SessionsPage(
            signed_in_as=person.user.username,
            sessions=tuple(
                _line(each, person) for each in await sessions.live_of(person.user.id, now=now)
            ),
            sessions_url=f"{prefix}{_HERE}",
            sign_out_action=f"{prefix}/logout",
            end_action=f"{prefix}{_HERE}/end",
            end_others_action=f"{prefix}{_HERE}/end-others",
            accesses=await _accesses(living[:_MOST_ACCESSES]),
            has_older_accesses=len(living) > _MOST_ACCESSES,
            remove_action=f"{prefix}/account/access/remove",
            signed_out=_count(request.args.get("ended", "")),
        )
        visit = visitor().page()
        return page(self._pages.render("account/sessions.html", visit=visit, page=content))

    async def end_one(self) -> Response:
        """End one session; another person's is as unknown as one that never was."""
        person, wanted = signed_in(), _id((await request.form).get("session", ""))
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
        for session in await sessions.live_of(person.user.id, now=now):
            if session.id != person.session.id:
                await access.end_of_session(session.id, now=now)
        ended = await sessions.end_all(person.user.id, now=now, except_id=person.session.id)
        await _record(person, ("user", str(person.user.id)), count=ended)
        return see_other(f"{_HERE}?ended={ended}")

    async def remove_access(self) -> Response:
        """Revoke a token of the person's own."""
        person, wanted = signed_in(), _id((await request.form).get("access", ""))
        if wanted is not None and await tokens.revoke_own(wanted, user_id=person.user.id):
            await audit.record(
                Event.TOKEN_REVOKED,
                actor=audit.user(person.user.id, person.user.username),
                resource=("token", str(wanted)),
            )
        return see_other(_HERE)


async def _record(person: SignedIn, resource: tuple[str, str], count: int = 1) -> None:
    await audit.record(
        Event.SESSION_REVOKED,
        actor=audit.user(person.user.id, person.user.username),
        resource=resource,
        details={"sessions": count},
    )


def _line(session: Session, person: SignedIn) -> SessionLine:
    device, kind = user_agents.described(session.user_agent)
    return SessionLine(
        id=str(session.id),
        device=device,
        kind=kind,
        ip=session.ip,
        current=session.id == person.session.id,
        last_active_at=session.last_seen_at,
        signed_in_at=session.authenticated_at,
        connection=None if "pwd" in session.amr else session.amr[-1],
    )


async def _accesses(living: list[Token]) -> tuple[AccessLine, ...]:
    known = await clients.find_many({each.client_id for each in living})
    return tuple(_access(each, known.get(each.client_id)) for each in living)


def _access(token: Token, client: Client | None) -> AccessLine:
    return AccessLine(
        id=str(token.id),
        client_name=client.name if client else token.client_id,
        first_party=client is not None and client.first_party,
        kind=DeviceKind.TERMINAL,
        device="",
        approved_at=token.created_at,
        scopes=scope_lines(token.scope.split()),
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
