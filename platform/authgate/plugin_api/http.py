"""How a plugin speaks to the outside: through the server, which guards where a request may go.

The server allows https alone, follows no redirect, reaches no private address unless the
installation allows it, keeps no cookie, and ends what is slow or large.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

_NOBODY = "Nobody is asked."


class HttpFailure(Exception):
    """No usable answer: the address is not allowed, or nothing, too much or nonsense came back."""


class NoConnection(HttpFailure):
    """No connection came about, so nothing was sent."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer, whole."""

    status: int
    """HTTP's status code."""

    headers: Mapping[str, str] = field(repr=False)
    """By lower-case name; of repeated ones the last."""

    body: bytes = field(repr=False)
    """The content, never compressed, at most 1 MB."""

    is_public: bool = True
    """Whether it came from a public address, and not from one that may be reached besides. 1.3."""

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def json(self) -> object:
        """The body read as JSON. Raises ``HttpFailure`` where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise HttpFailure("The answer is not JSON.") from error


class HttpClient(Protocol):
    """Requests to https addresses. All raise ``HttpFailure``."""

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """Ask for a resource."""
        ...

    async def post(
        self, url: str, *, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        """Send a form (``application/x-www-form-urlencoded``)."""
        ...

    async def post_bytes(
        self,
        url: str,
        *,
        content: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Send these very bytes, which a signature may be made over."""
        ...

    async def put_bytes(
        self,
        url: str,
        *,
        content: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Have these very bytes be what is at the address. 1.3."""
        ...


class NoHttp:
    """What there is where nobody is to be asked. 1.3."""

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """Raises ``HttpFailure``."""
        raise HttpFailure(_NOBODY)

    async def post(
        self, url: str, *, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> HttpResponse:
        """Raises ``HttpFailure``."""
        raise HttpFailure(_NOBODY)

    async def post_bytes(
        self,
        url: str,
        *,
        content: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Raises ``HttpFailure``."""
        raise HttpFailure(_NOBODY)

    async def put_bytes(
        self,
        url: str,
        *,
        content: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Raises ``HttpFailure``."""
        raise HttpFailure(_NOBODY)
