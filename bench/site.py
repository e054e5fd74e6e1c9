"""What a rival offers once it runs: its endpoints, and those who call them."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NoReturn, Protocol
from urllib.parse import quote

from bench.exchange import Request, send


@dataclass(frozen=True, slots=True)
class Credentials:
    """A registered client; a public one has no secret."""

    client_id: str
    client_secret: str = ""

    @property
    def fields(self) -> Mapping[str, str]:
        """The credentials as parameters (RFC 6749 section 2.3.1)."""
        return {"client_id": self.client_id, "client_secret": self.client_secret}

    @property
    def basic(self) -> str:
        """The credentials as a header's value (the same section)."""
        pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


NOBODY = Credentials("")
"""Where a rival knows no such client."""


def _has_none() -> NoReturn:
    raise LookupError("it has none")


def _has_no_such(how_many: int) -> NoReturn:
    raise LookupError(f"it has not {how_many}")


def _needs_nothing() -> None:
    pass


class Visit(Protocol):
    """A person at a browser."""

    @property
    def cookie(self) -> str:
        """What the browser sends once the person has signed in."""

    def sign_in(self) -> Request:
        """The filled-in form of the sign-in page."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """One issuer, seen from outside: most of it is read from its discovery document."""

    issuer: str
    machine: Credentials
    """Sends its secret in the body."""
    machine_by_header: Credentials = NOBODY
    """Sends its secret in the header; it is the same client where a rival takes both."""
    device: Credentials = NOBODY
    application: Credentials = NOBODY
    """Signs people in; it sends its secret in the body."""
    redirect_uri: str = ""
    codes: Callable[[int], Sequence[str]] = _has_no_such
    """So many codes that the application may redeem, each with the same PKCE verifier."""
    refresh_tokens: Callable[[int], Sequence[str]] = _has_no_such
    """So many refresh tokens of the application."""
    person_token: Callable[[], str] = _has_none
    """Gives an access token that speaks for a person, with the scopes openid, profile and email."""
    approve_all: Callable[[], object] = _has_none
    """Approves every device code that waits, as if a person had come to the pages."""
    drop_pace: Callable[[], object] = _needs_nothing
    """Lets every device code that waits be polled as often as anybody likes."""
    visit: Callable[[], Visit] = _has_none
    """Brings a person to the pages."""
    unlisted: Mapping[str, str] = field(default_factory=dict)
    """Endpoints that no discovery document names."""
    signs_tokens: bool = True
    """Whether its access tokens are ES256 JWTs."""

    @property
    def discovery_url(self) -> str:
        """OpenID Connect Discovery 1.0, section 4."""
        return f"{self.issuer}/.well-known/openid-configuration"

    def offers(self, name: str) -> bool:
        """Whether it has the endpoint *name*."""
        return name in self._endpoints

    def endpoint(self, name: str) -> str:
        """The URL of the endpoint that discovery documents call *name*."""
        return self._endpoints[name]

    @cached_property
    def _endpoints(self) -> Mapping[str, str]:
        return {**send(Request.get(self.discovery_url)).json(), **self.unlisted}
