"""Which pages of other origins may read an answer (Fetch, section 3.2, "CORS protocol").

Cookies are never part of it: what a page may do, it does with a token or a code that it has anyway.
"""

from collections.abc import Collection
from typing import Protocol

from authgate.web.machine import Headers

_ANY = (b"access-control-allow-origin", b"*")
_EXPOSED = (
    b"access-control-expose-headers",
    b"WWW-Authenticate, DPoP-Nonce, Retry-After, RateLimit, RateLimit-Policy",
)
_VARY = (b"vary", b"origin")
# MCP's clients say in every request which version of it they speak.
_SENT = (
    b"access-control-allow-headers",
    b"authorization, content-type, dpop, mcp-protocol-version",
)
# For how long a browser need not ask again: also for how long a page goes on asking in vain.
_KEPT = (b"access-control-max-age", b"600")


class Origins(Protocol):
    """Whose pages a tenant knows."""

    async def includes(self, origin: str) -> bool:
        """Whether a client of the current tenant has pages there."""


class CrossOrigin:
    """Tells browsers which answers a page may read.

    ``anybody``'s answers are for every page. Those for ``applications`` are for pages of the
    tenant's clients: of any of them, since a preflight does not say which client will ask.
    """

    def __init__(
        self, origins: Origins, *, anybody: Collection[str], applications: Collection[str]
    ) -> None:
        self._origins = origins
        self._anybody = frozenset(anybody)
        self._applications = frozenset(applications)

    def is_open(self, path: str) -> bool:
        """Whether pages of other origins may ask here at all."""
        return path in self._anybody or path in self._applications

    async def headers(self, path: str, origin: str) -> Headers:
        """What an answer says to a page of this origin."""
        if path in self._anybody:
            return (_ANY, _EXPOSED)
        if path not in self._applications:
            return ()
        if not await self._origins.includes(origin):
            return (_VARY,)
        return ((b"access-control-allow-origin", origin.encode("ascii")), _EXPOSED, _VARY)


def preflight_headers(allowed: Headers, methods: Collection[str]) -> Headers:
    """What a browser is told that asks first, where ``allowed`` is what an answer would say."""
    if not any(name == _ANY[0] for name, _ in allowed):
        return allowed
    named = (b"access-control-allow-methods", ", ".join(sorted(methods)).encode())
    return (*(each for each in allowed if each != _EXPOSED), named, _SENT, _KEPT)
