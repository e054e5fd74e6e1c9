"""``/users``: the people of the tenant, and the browsers that they are signed in with."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from authgate import provisioning
from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import BeyondOwnRole, Conflict, NotFound
from authgate.permissions import UserRole
from authgate.provisioning import people as provisioned
from authgate.storage.paging import Order
from authgate.storage.people import users
from authgate.storage.people.user_filter import UserFilter
from authgate.storage.people.users import User
from authgate.storage.sign_in import sessions
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import UserStatus

MIRA: dict[str, Any] = {
    "id": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abcd",
    "username": "mira",
    "name": "Mira Halvorsen",
    "email": "mira@northwind.example",
    "email_verified": True,
    "status": "active",
    "role": "user",
    "guest_until": None,
    "created_at": "2026-03-02T09:12:44Z",
    "updated_at": "2026-03-02T09:12:44Z",
}
"""The person whom examples tell of."""


class UserQuery(ListQuery):
    """Which people are looked for, and in which order."""

    search: Annotated[str, Field(max_length=100)] = ""
    """A part of their name or username, the start of their address, or the whole of their id."""

    status: UserStatus | None = None
    role: UserRole | None = None
    has_password: bool | None = None
    """Whether they can sign in by a password of their own."""

    sort: Literal["username", "-username", "created_at", "-created_at"] = "username"


class UserDocument(Document):
    """A person."""

    model_config = exemplified(**MIRA)

    id: UUID
    """`sub` of their tokens."""

    username: str
    name: str
    email: str | None
    email_verified: bool
    status: UserStatus
    role: UserRole
    guest_until: datetime | None
    """Until when an operator of the installation is here as this person; `null` for the tenant's
    own people."""

    created_at: datetime
    updated_at: datetime


class UserList(ListDocument):
    """People."""

    items: Sequence[UserDocument]


class SessionDocument(Document):
    """A browser that a person is signed in with."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90ef01",
        ip="203.0.113.7",
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0",
        amr=["pwd"],
        authenticated_at="2026-03-02T09:12:44Z",
        last_seen_at="2026-03-02T11:40:03Z",
        expires_at="2026-03-16T09:12:44Z",
    )

    id: UUID
    ip: str
    user_agent: str
    amr: Sequence[str]
    """How they signed in (RFC 8176)."""

    authenticated_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class SessionList(Document):
    """The browsers of one person: all of them, the one seen last first."""

    items: Sequence[SessionDocument]


async def list_users(call: Call[UserQuery, Nothing]) -> Answer[UserList]:
    """List people."""
    asked = call.query
    page = await users.page(
        UserFilter(
            search=asked.search,
            status=asked.status,
            role=asked.role,
            has_password=asked.has_password,
        ),
        Order.of(asked.sort.replace("username", "canonical_username")),
        cursor=await lists.opened(call),
        limit=asked.limit,
    )
    return await lists.answer(call, page, UserList, document)


def document(user: User) -> UserDocument:
    """The person as they are told."""
    return told(user, UserDocument)


async def read_user(call: Call[Nothing, Nothing]) -> Answer[UserDocument]:
    """Read a person."""
    return Answer(document(await found(call)))


async def disable_user(call: Call[Nothing, Nothing]) -> Answer[UserDocument]:
    """Shut a person out.

    They are signed out everywhere, and whatever acts in their name ends for good. Nobody can shut
    out themselves, somebody who may more than they may, or the last owner.
    """
    user, now = await found(call), call.parts.clock()
    with worded():
        await provisioning.disable_user(user.username, now=now, by=call.caller.authority)
    return await as_it_is(user.id)


async def enable_user(call: Call[Nothing, Nothing]) -> Answer[UserDocument]:
    """Let a person sign in again."""
    user = await found(call)
    with worded():
        await provisioning.enable_user(user.username, by=call.caller.authority)
    return await as_it_is(user.id)


async def list_sessions(call: Call[Nothing, Nothing]) -> Answer[SessionList]:
    """List the browsers that a person is signed in with."""
    user = await found(call)
    live = await sessions.live_of(user.id, now=call.parts.clock())
    return Answer(SessionList(items=[told(each, SessionDocument) for each in live]))


async def end_session(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Sign a person out of one browser.

    What lives no longer than that session ends with it.
    """
    user, session_id, now = await found(call), call.uuid("session_id"), call.parts.clock()
    with worded():
        ended = await provisioned.end_session(session_id, user, by=call.caller.authority, now=now)
    if not ended:
        raise NotFound
    return Answer(None)


async def found(call: Call[Any, Any]) -> User:
    """The person in the path. Raises ``NotFound``."""
    user = await users.find(call.uuid("user_id"))
    if user is None:
        raise NotFound
    return user


async def as_it_is(user_id: UUID) -> Answer[UserDocument]:
    """The person as they are now. Raises ``NotFound``."""
    user = await users.held(user_id)
    if user is None:
        raise NotFound
    return Answer(document(user))


@contextmanager
def worded() -> Iterator[None]:
    """Say what is refused to whoever would change somebody."""
    try:
        yield
    except provisioning.UnknownUser as error:
        raise NotFound from error
    except provisioning.BeyondOwnRole as error:
        raise BeyondOwnRole(str(error)) from error
    except provisioning.Refused as error:
        raise Conflict(str(error)) from error


_READ, _WRITE = Scope.USERS_READ, Scope.USERS_WRITE
_ONE, _SESSIONS = "/users/{user_id}", "/users/{user_id}/sessions"

OPERATIONS = [
    operation(HTTPMethod.GET, "/users", list_users, scope=_READ),
    operation(HTTPMethod.GET, _ONE, read_user, scope=_READ),
    operation(HTTPMethod.POST, f"{_ONE}/disable", disable_user, scope=_WRITE, problems=[Conflict]),
    operation(HTTPMethod.POST, f"{_ONE}/enable", enable_user, scope=_WRITE, problems=[Conflict]),
    operation(HTTPMethod.GET, _SESSIONS, list_sessions, scope=_READ),
    operation(
        HTTPMethod.DELETE,
        f"{_SESSIONS}/{{session_id}}",
        end_session,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
    ),
]
