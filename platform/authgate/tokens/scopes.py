"""Scopes: what is asked for, and what of it is granted (RFC 6749 section 3.3)."""

import re
from collections.abc import Collection

_SCOPE = r"[\x21\x23-\x5b\x5d-\x7e]{1,100}"
_LIST = re.compile(rf"{_SCOPE}(?: {_SCOPE})*+\Z")
_MOST = 100

PERSONAL = frozenset({"openid", "offline_access"})
"""Scopes that speak of a person, which a machine has not got."""


class MalformedScope(ValueError):
    """Not a list of scope tokens."""


def parse(text: str) -> tuple[str, ...]:
    """The scopes of a space-separated list, each once. Raises ``MalformedScope``."""
    if not text:
        return ()
    names = tuple(dict.fromkeys(text.split(" ")))
    if len(names) > _MOST or not _LIST.match(text):
        raise MalformedScope("The scope is not a space-separated list of scope tokens.")
    return names


def granted(asked: Collection[str], *, registered: Collection[str]) -> tuple[str, ...]:
    """Of what is asked for, that which the client is registered for; all of it if nothing is."""
    if not asked:
        return tuple(registered)
    return tuple([name for name in asked if name in registered])
