"""Who is behind a browser's request: found once, at its start, by the session cookie."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from quart import Response, g, request
from werkzeug.exceptions import Forbidden

from authgate import audit
from authgate.accounts import second_factor_policy
from authgate.accounts.tenant_connections import CALLBACK
from authgate.audit import Actor, RequestFacts
from authgate.permissions import Area, UserRole, permits, reads, writes
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.sign_in import sessions
from authgate.storage.sign_in.sessions import Session
from authgate.web import csrf, event_stream, session_cookie
from authgate.web.csrf import ForgedForm
from authgate.web.view_models import Theme, Visit
from authgate_tenants import current_tenant

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Any site may send a person here with a form (OpenID Connect Core 3.1.2.1, RP-Initiated Logout 2):
# it is read, no more. What a provider's form brings counts by its state alone.
_OPEN_TO_OTHER_SITES = frozenset({"/oauth/authorize", "/oauth/logout", CALLBACK})
_OPEN_TO_IMPERSONATORS = frozenset({"/login", "/logout", "/language", *_OPEN_TO_OTHER_SITES})
"""Who acts for somebody looks, and enters applications that they use; what is theirs here they
change themselves."""
_CONSOLE = "/admin"
LIVE = "X-Live"
"""Sent by script, where a page asks for itself because something is different. A stream of news has
no header of ours; it is known by what it asks for."""
_TOUCH_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person in a browser."""

    user: User
    session: Session


@dataclass(slots=True)
class Visitor:
    """Whoever sent this request."""

    signed_in: SignedIn | None
    csrf_key: bytes
    presession: str | None
    """A key to set as cookie: given to a browser that has no session yet."""

    @property
    def facts(self) -> RequestFacts:
        """Where the request came from."""
        return audit.request_facts.get()

    def page(self, purpose: str = "form") -> Visit:
        """What every page is given; its forms serve this purpose."""
        theme = Theme.from_cookie(request.cookies.get("theme"))
        token = csrf.token(self.csrf_key, "form")
        own = token if purpose == "form" else csrf.token(self.csrf_key, purpose)
        session = self.signed_in.session if self.signed_in else None
        acting = session if session is not None and session.impersonator_id else None
        return Visit(
            own,
            theme,
            self._console_url(),
            token,
            impersonator=acting.impersonator if acting else "",
            impersonated=self.signed_in.user.username if acting and self.signed_in else "",
            impersonated_until=acting.expires_at if acting else None,
            stop_action=f"{current_tenant().prefix}/logout" if acting else "",
        )

    def _console_url(self) -> str:
        role = self.signed_in.user.role if self.signed_in else UserRole.USER
        administers = permits(role, reads(Area.OVERVIEW))
        return f"{current_tenant().prefix}{_CONSOLE}" if administers else ""


class NotSignedIn(Exception):
    """The page is for people who are signed in."""


def visitor() -> Visitor:
    """Whoever sent the current request."""
    found: Visitor = g.visitor
    return found


def signed_in() -> SignedIn:
    """The person who sent the current request. Raises ``NotSignedIn``."""
    person = visitor().signed_in
    if person is None:
        raise NotSignedIn
    return person


async def begin(now: datetime) -> None:
    """Find the visitor, and refuse forms that another site has sent. Raises ``ForgedForm``."""
    person = await _signed_in(now)
    g.visitor = _visitor(person, session_cookie.read(request.headers, session_cookie.PRESESSION))
    audit.acting_for.set(_impersonator(person))
    audit.in_session(person.session.id if person else None)
    if request.method not in _SAFE_METHODS and not _is_open_to_other_sites():
        await _refuse_forged_form()
    if audit.acting_for.get() is not None and request.method not in _SAFE_METHODS:
        _refuse_impersonator()


async def require_purpose(purpose: str) -> None:
    """Refuse a form that was not made for this purpose. Raises ``ForgedForm``."""
    if not csrf.is_genuine(await _presented(), visitor().csrf_key, purpose):
        raise ForgedForm


def remember_browser(response: Response) -> Response:
    """Give a browser without a session the key that its forms are bound to.

    Not where another site's form came in: it came without our cookies, and what the browser has
    is not to be replaced. Nobody is given a form there.
    """
    key = visitor().presession if "visitor" in g and not _is_open_to_other_sites() else None
    if key is not None and visitor().signed_in is None:
        session_cookie.write(response, session_cookie.PRESESSION, key)
    return response


def _is_open_to_other_sites() -> bool:
    return request.url_rule is not None and request.url_rule.rule in _OPEN_TO_OTHER_SITES


def _impersonator(person: SignedIn | None) -> Actor | None:
    session = person.session if person else None
    if session is None or session.impersonator_id is None:
        return None
    return audit.user(session.impersonator_id, session.impersonator)


def _refuse_impersonator() -> None:
    """Raises ``Forbidden`` for a form that changes what is the person's own."""
    if request.url_rule is None or request.url_rule.rule not in _OPEN_TO_IMPERSONATORS:
        raise Forbidden


async def _may_act(session: Session) -> bool:
    """Whether nobody acts for the person in this session, or who does could begin to do so now."""
    if session.impersonator_id is None:
        return True
    actor = await users.find(session.impersonator_id)
    if actor is None or not actor.is_active or actor.is_guest:
        return False
    is_on = current_tenant().settings.impersonation != "off"
    return is_on and permits(actor.role, writes(Area.USERS))


async def _signed_in(now: datetime) -> SignedIn | None:
    key = session_key()
    person = await person_of(key, now=now) if key else None
    if person is None:
        return None
    session = person.session
    if now - session.last_seen_at > _TOUCH_AFTER and not _is_by_itself():
        await sessions.touch(session.id, now=now, idle_expires_at=_idle_end(session, now))
    return person


def session_key() -> str | None:
    """By which the browser's session is found."""
    return session_cookie.read(request.headers, session_cookie.SESSION)


def _is_by_itself() -> bool:
    """Whether a page that is left open asks for itself: nobody need be there."""
    return LIVE in request.headers or event_stream.MEDIA_TYPE in request.headers.get("Accept", "")


async def person_of(key: str, *, now: datetime) -> SignedIn | None:
    """Who is signed in with this key, if everything holds that this asks for."""
    session = await sessions.find_live(key, now=now)
    user = await users.find(session.user_id) if session else None
    if session is None or user is None or not user.is_active or _is_over(session, now):
        return None
    if user.role is not UserRole.USER and session.impersonator_id is not None:
        return None
    if not await _may_act(session):
        return None
    if session.impersonator_id is None and await second_factor_policy.is_lacking(
        user, session.amr, now=now
    ):
        return None
    return SignedIn(user, session)


def _is_over(session: Session, now: datetime) -> bool:
    """Whether the tenant lets sessions live no longer than this one has: it may have let them when
    this one began."""
    settings = current_tenant().settings
    if session.remembered and settings.remember_sign_in:
        return now - session.authenticated_at >= _seconds(settings.remembered_session_lifetime)
    lasted = now - session.authenticated_at >= _seconds(settings.session_absolute_lifetime)
    return lasted or now - session.last_seen_at >= _seconds(settings.session_idle_lifetime)


def _seconds(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


def _idle_end(session: Session, now: datetime) -> datetime:
    # Asked to stay signed in, a browser may be idle for as long as it stays.
    if session.remembered:
        return session.expires_at
    return now + _seconds(current_tenant().settings.session_idle_lifetime)


def _visitor(person: SignedIn | None, presession: str | None) -> Visitor:
    if person is not None:
        return Visitor(person, bytes(person.session.csrf_key), None)
    fresh = None if presession else secrets.token_urlsafe(32)
    key = hashlib.sha256((presession or fresh or "").encode()).digest()
    return Visitor(None, key, fresh)


async def _refuse_forged_form() -> None:
    csrf.refuse_other_sites(
        origin=request.headers.get("Origin"),
        fetch_site=request.headers.get("Sec-Fetch-Site"),
    )
    form = await request.form
    purposes = (
        "form",
        device_purpose(form.get("user_code", "")),
        authorization_purpose(form.get("request", "")),
    )
    presented, key = await _presented(), visitor().csrf_key
    if not any(csrf.is_genuine(presented, key, purpose) for purpose in purposes):
        raise ForgedForm


def device_purpose(user_code: str) -> str:
    """What the page that shows this code's request is for: deciding on this one and no other."""
    return f"device {user_code}"


def authorization_purpose(handle: str) -> str:
    """What the page that asks about a client is for: answering this request and no other."""
    return f"authorize {handle}"


async def _presented() -> str:
    presented: str = (await request.form).get("csrf_token", "")
    return presented
