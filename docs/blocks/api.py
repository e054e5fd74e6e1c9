"""The admin API, and who may do what by it; what endpoints refuse."""

from authgate import permissions
from authgate.admin.catalogue import OPERATIONS
from authgate.api import problems
from authgate.oauth import errors
from authgate.oauth.errors import OAuthError
from authgate.permissions import Access
from authgate.tokens.admin_scopes import MEANINGS
from blocks.words import member_docstrings, sentence, table_of


def refusals() -> str:
    """Each OAuth error that an endpoint may answer with."""
    rows = [
        (f"`{kind.code}`", str(kind.status), f"`{kind.__name__}`", sentence(kind.__doc__))
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, OAuthError) and kind is not OAuthError
    ]
    return table_of(("`error`", "status", "class", "meaning"), rows)


def roles() -> str:
    """How far each role gets in each area."""
    heads = [f"`{role}`" for role in permissions.ROLES]
    rows = [
        (f"`{area}`", *(far(permissions.access(role, area)) for role in permissions.ROLES))
        for area in permissions.Area
    ]
    return table_of(("area", *heads), rows)


def far(how: Access) -> str:
    """How far somebody gets, in a word."""
    return "" if how is Access.NONE else how.name.lower()


def areas() -> str:
    """What there is to administer."""
    said = member_docstrings(permissions.Area)
    return table_of(("area", "holds"), [(f"`{area}`", said[area]) for area in permissions.Area])


def api_scopes() -> str:
    """Each scope of the admin API."""
    return table_of(("scope", "lets"), [(f"`{name}`", text) for name, text in MEANINGS.items()])


def api_operations() -> str:
    """Each operation of the admin API, by what it is about."""
    rows = [
        (f"`{each.method} {each.path}`", f"{each.summary}.", f"`{each.scope}`")
        for each in OPERATIONS
    ]
    return table_of(("operation", "does", "scope"), rows)


def api_problems() -> str:
    """Each way in which the admin API says no."""
    rows = [
        (f"`{kind.kind}`", str(kind.status), sentence(kind.__doc__)) for kind in problems.every()
    ]
    return table_of(("problem", "status", "meaning"), rows)
