"""Scopes: what is asked for, and what of it is granted (RFC 6749 section 3.3)."""

import re
from collections.abc import Iterable

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}\Z")
_MOST = 100

PERSONAL = frozenset({"openid", "offline_access"})
"""Scopes that speak of a person, which a machine has not got."""


class MalformedScope(ValueError):
    """Not a list of scope tokens."""


def parse(text: str) -> tuple[str, ...]:
    """The scopes of a space-separated list, each once. Raises ``MalformedScope``."""
    names = tuple(dict.fromkeys(text.split(" "))) if text else ()
    if len(names) > _MOST or not all(_SCOPE.match(name) for name in names):
        raise MalformedScope("The scope is not a space-separated list of scope tokens.")
    return names


def granted(asked: Iterable[str], *, registered: Iterable[str]) -> tuple[str, ...]:
    """Of what is asked for, that which the client is registered for; all of it if nothing is."""
    allowed = tuple(registered)
    wanted = tuple(asked)
    return tuple(name for name in wanted if name in allowed) if wanted else allowed
