"""People as the console's lists show them, and what whoever looks may do to them."""

from werkzeug.exceptions import NotFound

from authgate.accounts.visits import signed_in
from authgate.admin.console import frame
from authgate.admin.console.frame import id_in_address
from authgate.admin.console.user_search import PATH
from authgate.permissions import Area, covers, permits, writes
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.web.user_view_models import UserLine

EACH = "user-"
"""Begins the names of the fields that select them."""


def path(user: User) -> str:
    """Where the page of a person is, below the console."""
    return f"{PATH}/{user.id}"


def line(user: User, *, selectable: bool = False) -> UserLine:
    """A person in a list."""
    return UserLine(
        url=frame.url(path(user)),
        username=user.username,
        name=user.name,
        email=user.email or "",
        role=user.role,
        disabled=not user.is_active,
        guest=user.is_guest,
        has_password=user.password_hash is not None,
        created_at=user.created_at,
        field=f"{EACH}{user.id}" if selectable and not user.is_guest else "",
    )


def may_change(user: User) -> bool:
    """Whether whoever looks may change this person: not themselves, nobody who may more, no guest,
    and as no guest."""
    mine = signed_in().user
    if mine.is_guest or user.is_guest or mine.id == user.id:
        return False
    return permits(mine.role, writes(Area.USERS)) and covers(mine.role, user.role)


async def named(row_id: str) -> User:
    """The person of this address. Raises ``NotFound``."""
    user = await users.find(id_in_address(row_id))
    if user is None:
        raise NotFound
    return user
