"""For which resource servers tokens are (RFC 8707): those that a tenant knows, by their URIs.

Where a tenant has registered none the parameter is not looked at, and tokens are for the tenant's
audience as ever.
"""

from collections.abc import Sequence
from typing import Final

from authgate.oauth.errors import InvalidTarget
from authgate.storage.clients.rows import Client
from authgate.tokens import audiences
from authgate_tenants import current_tenant

PARAMETER: Final = "resource"


def granted(asked: Sequence[str], client: Client) -> tuple[str, ...]:
    """What a client asks for, if it may. Raises ``InvalidTarget``."""
    known = current_tenant().settings.resources
    if not asked or not known:
        return ()
    wanted = tuple(dict.fromkeys(asked))
    if not set(wanted) <= set(_allowed(known, client)):
        raise InvalidTarget("The client may have no token for this resource.")
    return wanted


def narrowed(asked: str | None, client: Client, held: Sequence[str]) -> tuple[str, ...]:
    """For whom one token is, of what was granted before; without that of all that the client may
    have (section 2.2).

    Raises ``InvalidTarget``.
    """
    if not held:
        return granted((asked,), client) if asked else ()
    allowed = set(_allowed(current_tenant().settings.resources, client))
    left = tuple(each for each in held if each in allowed and asked in (None, each))
    if not left:
        raise InvalidTarget("The resource is not one that was granted.")
    return left


def _allowed(known: Sequence[str], client: Client) -> Sequence[str]:
    chosen = client.metadata.resources
    allowed = [each for each in known if each in chosen] if chosen else known
    # Whose scopes a client has is another question, which the API asks.
    return [*allowed, *audiences.own_apis(current_tenant())]
