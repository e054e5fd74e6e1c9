"""The scenarios: what is asked of every rival, and what a right answer looks like.

A new scenario is a subclass of `Scenario` and its place in `ALL`.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import jwt

from bench.exchange import Reply, Request, send
from bench.load import Expectation
from bench.site import Site

SCOPE = "read"
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class WrongAnswer(Exception):
    """A rival answered something else than the standard says: its figures mean nothing."""


class Scenario(ABC):
    """One kind of request, sent many times."""

    name: ClassVar[str]
    expectation: ClassVar[Expectation]
    makes_tokens: ClassVar[bool] = False

    @abstractmethod
    def requests(self, site: Site) -> tuple[Request, ...]:
        """The requests to repeat; state they need is made here, outside of the timing."""

    @abstractmethod
    def judge(self, site: Site, replies: list[Reply]) -> None:
        """Raise `WrongAnswer` unless two successive *replies* are what was asked for."""

    def check(self, site: Site, requests: tuple[Request, ...]) -> None:
        """Ask twice, thoroughly: what the load generator is too busy to look at."""
        replies = [send(requests[0]), send(requests[0])]
        for reply in replies:
            if reply.status != self.expectation.status:
                raise WrongAnswer(f"{self.name}: {reply.status} {reply.body[:200]!r}")
        self.judge(site, replies)

    def require(self, holds: bool, what: str) -> None:
        """Raise `WrongAnswer` saying *what* should hold."""
        if not holds:
            raise WrongAnswer(f"{self.name}: expected {what}")


class Jwks(Scenario):
    """The published keys (RFC 7517 section 5)."""

    name = "JWKS"
    expectation = Expectation(200, ('"keys"',))

    def requests(self, site: Site) -> tuple[Request, ...]:
        return (Request.get(site.endpoint("jwks_uri")),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        keys: list[dict[str, Any]] = replies[0].json()["keys"]
        self.require(any(key.get("crv") == "P-256" for key in keys), "a P-256 key")
        self.require(all("d" not in key and "k" not in key for key in keys), "public keys only")


class Discovery(Scenario):
    """The metadata (OpenID Connect Discovery 1.0, RFC 8414)."""

    name = "discovery"
    expectation = Expectation(200, ('"token_endpoint"',))

    def requests(self, site: Site) -> tuple[Request, ...]:
        return (Request.get(site.discovery_url),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        metadata: dict[str, Any] = replies[0].json()
        self.require(metadata["issuer"] == site.issuer, f"issuer {site.issuer}")
        self.require(metadata["token_endpoint"].startswith(site.issuer), "endpoints of the issuer")


class ClientCredentials(Scenario):
    """A machine's token: an ES256 JWT for a secret in the body (RFC 6749 section 4.4)."""

    name = "client_credentials"
    expectation = Expectation(200, ('"access_token"',))
    makes_tokens = True

    def requests(self, site: Site) -> tuple[Request, ...]:
        fields = {
            "grant_type": "client_credentials",
            "client_id": site.machine.client_id,
            "client_secret": site.machine.client_secret,
            "scope": SCOPE,
        }
        return (Request.form(site.endpoint("token_endpoint"), **fields),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        claims = [self._verified(site, reply) for reply in replies]
        self.require(claims[0]["jti"] != claims[1]["jti"], "a new token each time")
        self.require(all(c["iss"] == site.issuer for c in claims), f"issuer {site.issuer}")
        self.require(all(c["scope"] == SCOPE for c in claims), f"scope {SCOPE}")

    def _verified(self, site: Site, reply: Reply) -> dict[str, Any]:
        token = str(reply.json()["access_token"])
        kid = jwt.get_unverified_header(token)["kid"]
        keys = send(Request.get(site.endpoint("jwks_uri"))).json()["keys"]
        key = next(jwt.PyJWK(key) for key in keys if key["kid"] == kid)
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=["ES256"], options={"verify_aud": False}
        )
        return claims


class DevicePoll(Scenario):
    """A device asking again while its user has not decided (RFC 8628 section 3.5).

    The server keeps no pace for it: told to slow down it would have been answered by less work.
    """

    name = "device poll"
    expectation = Expectation(400, ('"authorization_pending"',))
    codes: ClassVar[int] = 64

    def requests(self, site: Site) -> tuple[Request, ...]:
        ask = Request.form(
            site.endpoint("device_authorization_endpoint"),
            client_id=site.device.client_id,
            scope=SCOPE,
        )
        token_endpoint = site.endpoint("token_endpoint")
        return tuple(self._poll(site, token_endpoint, send(ask)) for _ in range(self.codes))

    def judge(self, site: Site, replies: list[Reply]) -> None:
        self.require(replies[0].json()["error"] == "authorization_pending", "pending")

    def _poll(self, site: Site, token_endpoint: str, granted: Reply) -> Request:
        if granted.status != 200:
            raise WrongAnswer(f"{self.name}: {granted.status} {granted.body[:200]!r}")
        return Request.form(
            token_endpoint,
            grant_type=_DEVICE_GRANT,
            client_id=site.device.client_id,
            device_code=granted.json()["device_code"],
        )


class Tokeninfo(Scenario):
    """What a resource server asks about a token it was shown (AuthGate's own endpoint)."""

    name = "tokeninfo"
    expectation = Expectation(200, ('"active":true',))

    def requests(self, site: Site) -> tuple[Request, ...]:
        return (_bearing(site.person_token(), site.tokeninfo_url),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        told: dict[str, Any] = replies[0].json()
        self.require(told["iss"] == site.issuer, f"issuer {site.issuer}")
        self.require(told["client_id"] == site.device.client_id, "the client's name")


class Userinfo(Scenario):
    """Who approved (OpenID Connect Core 1.0 section 5.3)."""

    name = "userinfo"
    expectation = Expectation(200, ('"sub"',))

    def requests(self, site: Site) -> tuple[Request, ...]:
        return (_bearing(site.person_token(), site.endpoint("userinfo_endpoint")),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        told: dict[str, Any] = replies[0].json()
        self.require({"name", "email"} <= told.keys(), "name and address")


def _bearing(token: str, url: str) -> Request:
    """A read with a bearer token (RFC 6750 section 2.1)."""
    return Request("GET", url, {"Authorization": f"Bearer {token}"})


ALL: tuple[Scenario, ...] = (Jwks(), Discovery(), ClientCredentials(), DevicePoll())
