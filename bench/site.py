"""What a rival offers once it runs: its endpoints, and clients to call them as."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.exchange import Request, send


@dataclass(frozen=True, slots=True)
class Credentials:
    """A registered client; a public one has no secret."""

    client_id: str
    client_secret: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """One issuer, seen from outside: everything else is read from its discovery document."""

    issuer: str
    machine: Credentials
    device: Credentials
    person_token: Callable[[], str]
    """Gives an access token that speaks for a person, with the scopes openid, profile and email."""
    tokeninfo_url: str = ""
    """Where AuthGate's own question about a token is asked; no standard names it."""

    @property
    def discovery_url(self) -> str:
        """OpenID Connect Discovery 1.0, section 4."""
        return f"{self.issuer}/.well-known/openid-configuration"

    def endpoint(self, name: str) -> str:
        """The URL that the discovery document gives for *name*."""
        return str(send(Request.get(self.discovery_url)).json()[name])
