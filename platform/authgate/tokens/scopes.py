"""Scopes: what is asked for, and what of it is granted (RFC 6749 section 3.3).

Those of the admin API have a prefix of their own. They are given to nobody who does not ask for
them by name, and a token that has one is for that API and for nothing else.
"""

import re
from collections.abc import Collection

_SCOPE = r"[\x21\x23-\x5b\x5d-\x7e]{1,100}"
_LIST = re.compile(rf"{_SCOPE}(?: {_SCOPE})*+\Z")
_MOST = 100

PERSONAL = frozenset({"openid", "offline_access"})
"""Scopes that speak of a person, which a machine has not got."""

ADMIN_PREFIX = "authgate:"
"""Begins every scope of the admin API, and no other one."""

_GO_ALONG = PERSONAL | {"profile", "email", "address", "phone"}
"""What a token may have besides scopes of the admin API: it concerns the tenant itself."""


class MalformedScope(ValueError):
    """Not a list of scope tokens, or not a list of what goes together."""


def parse(text: str) -> tuple[str, ...]:
    """The scopes of a space-separated list, each once. Raises ``MalformedScope``."""
    if not text:
        return ()
    names = tuple(dict.fromkeys(text.split(" ")))
    if len(names) > _MOST or not _LIST.match(text):
        raise MalformedScope("The scope is not a space-separated list of scope tokens.")
    return names


def asked(text: str) -> tuple[str, ...]:
    """The scopes that a client asks for. Raises ``MalformedScope``.

    A token is for one audience (RFC 9068 section 3): a resource server that is handed one must not
    be able to administer the tenant with it.
    """
    names = parse(text)
    others = [name for name in names if not is_admin(name) and name not in _GO_ALONG]
    if others and any(is_admin(name) for name in names):
        raise MalformedScope(
            f"Scopes that begin with {ADMIN_PREFIX} cannot be asked for together with others."
        )
    return names


def is_admin(name: str) -> bool:
    """Whether a scope is the admin API's."""
    return name.startswith(ADMIN_PREFIX)


def usual(registered: Collection[str]) -> tuple[str, ...]:
    """What a client gets that asks for nothing."""
    return tuple([name for name in registered if not is_admin(name)])


def granted(asked: Collection[str], *, registered: Collection[str]) -> tuple[str, ...]:
    """Of what is asked for, that which the client is registered for; the usual if nothing is."""
    if not asked:
        return usual(registered)
    return tuple([name for name in asked if name in registered])
