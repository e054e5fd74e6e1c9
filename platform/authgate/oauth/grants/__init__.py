"""The grants: one module for each way to earn a token."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol

from authgate.oauth.errors import InvalidScope
from authgate.storage.clients.rows import Client
from authgate.tokens import scopes
from authgate.tokens.confirmation import NO_KEY, Confirmation
from authgate.tokens.issuer import IssuedToken
from authgate.web.machine import Form
from authgate.web.prefer import Wait


class TokenRequest(NamedTuple):
    """A request to the token endpoint from a client that has proven itself."""

    client: Client
    form: Form
    client_ip: str
    confirmation: Confirmation = NO_KEY
    """The key that the client has shown, to which tokens are bound."""
    wait: Wait | None = None
    """How long the client is willing to wait for what it cannot have yet."""


class Grant(Protocol):
    """A way to earn a token."""

    grant_type: ClassVar[str]
    """Its name in requests and metadata."""

    is_paced: ClassVar[bool]
    """Whether the grant itself tells a client that comes too often; else a limit does."""

    async def redeem(self, request: TokenRequest) -> IssuedToken:
        """Give the token, or raise the refusal."""


def asked_scopes(form: Form) -> tuple[str, ...]:
    """The scopes of a request; none where it names none. Raises ``InvalidScope``."""
    try:
        return scopes.asked(form.get("scope") or "")
    except scopes.MalformedScope as error:
        raise InvalidScope(str(error)) from error


def granted_scopes(
    asked: tuple[str, ...], registered: Sequence[str], *, withheld: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """What of it is granted: less than asked, if the client may have less (RFC 6749 3.3).

    Raises ``InvalidScope`` where something is asked for and nothing of it may be granted.
    """
    allowed: Sequence[str] = registered
    if not withheld.isdisjoint(registered):
        allowed = [name for name in registered if name not in withheld]
    names = scopes.granted(asked, registered=allowed)
    if asked and not names:
        raise InvalidScope("The client may have none of these scopes.")
    return names
