"""Scopes: what is asked for, and what of it is granted (RFC 6749 section 3.3).

Those of AuthGate's own APIs have prefixes of their own. They are given to nobody who does not ask
for them by name, and a token that has one is for that API and for nothing else.
"""

import re
from collections.abc import Collection

from authgate.tokens.api_scopes import ADMIN_PREFIX, OPERATOR_PREFIX, OWN_PREFIXES

_SCOPE = r"[\x21\x23-\x5b\x5d-\x7e]{1,100}"
_LIST = re.compile(rf"{_SCOPE}(?: {_SCOPE})*+\Z")
_MOST = 100

PERSONAL = frozenset({"openid", "offline_access"})
"""Scopes that speak of a person, which a machine has not got."""

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
    if not any(name.startswith(OWN_PREFIXES) for name in names):
        return names  # as nearly all do, at every request
    for prefix, is_one in ((ADMIN_PREFIX, is_admin), (OPERATOR_PREFIX, is_operator)):
        others = [name for name in names if not is_one(name) and name not in _GO_ALONG]
        if others and any(is_one(name) for name in names):
            raise MalformedScope(
                f"Scopes that begin with {prefix} cannot be asked for together with others."
            )
    return names


def is_admin(name: str) -> bool:
    """Whether a scope is the admin API's."""
    return name.startswith(ADMIN_PREFIX)


def is_operator(name: str) -> bool:
    """Whether a scope is the operator API's: only the operators' tenant has any."""
    if not name.startswith(OPERATOR_PREFIX):
        return False
    # Here, since commands that read scopes know no tenants.
    from authgate_tenants.scope import tenant_in_scope

    tenant = tenant_in_scope()
    return tenant is not None and tenant.operates


def is_own(name: str) -> bool:
    """Whether a scope is one of AuthGate's own APIs'."""
    return is_admin(name) or is_operator(name)


def usual(registered: Collection[str]) -> tuple[str, ...]:
    """What a client gets that asks for nothing."""
    return tuple([name for name in registered if not is_own(name)])


def granted(asked: Collection[str], *, registered: Collection[str]) -> tuple[str, ...]:
    """Of what is asked for, that which the client is registered for; the usual if nothing is."""
    if not asked:
        return usual(registered)
    return tuple([name for name in asked if name in registered])
