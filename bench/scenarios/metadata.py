"""What anybody may read of an issuer."""

from typing import Any

from bench.exchange import Reply, Request
from bench.load import Expectation
from bench.scenario import Scenario
from bench.site import Site


class Jwks(Scenario):
    """The published keys (RFC 7517 section 5)."""

    name = "JWKS"
    expectation = Expectation(200, ('"keys"',))
    needs = ("jwks_uri",)

    def requests(self, site: Site) -> tuple[Request, ...]:
        return (Request.get(site.endpoint("jwks_uri")),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        keys: list[dict[str, Any]] = replies[0].json()["keys"]
        self.require(any(key.get("kty") in {"EC", "RSA"} for key in keys), "a public key")
        self.require(all("d" not in key and "k" not in key for key in keys), "public keys only")


class Discovery(Scenario):
    """The metadata (OpenID Connect Discovery 1.0, RFC 8414)."""

    name = "discovery"
    expectation = Expectation(200, ('"token_endpoint"',))
    needs = ()

    def requests(self, site: Site) -> tuple[Request, ...]:
        return (Request.get(site.discovery_url),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        metadata: dict[str, Any] = replies[0].json()
        self.require(metadata["issuer"] == site.issuer, f"issuer {site.issuer}")
        self.require(metadata["token_endpoint"].startswith(site.issuer), "endpoints of the issuer")
