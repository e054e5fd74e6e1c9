"""A machine's token (RFC 6749 section 4.4)."""

from typing import Any

import jwt

from bench.exchange import Reply, Request, send
from bench.load import Expectation
from bench.scenario import SCOPE, Scenario
from bench.site import Credentials, Site

_FIELDS = {"grant_type": "client_credentials", "scope": SCOPE}


class ClientCredentials(Scenario):
    """The secret is in the body (RFC 6749 section 2.3.1)."""

    name = "client_credentials"
    expectation = Expectation(200, ('"access_token"',))
    needs = ("token_endpoint",)
    makes_tokens = True

    def requests(self, site: Site) -> tuple[Request, ...]:
        return (token_request(site.endpoint("token_endpoint"), site.machine),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        one, other = (str(reply.json()["access_token"]) for reply in replies)
        self.require(one != other, "a new token each time")
        if site.signs_tokens:
            for token in (one, other):
                claims = _verified(site, token)
                self.require(claims["iss"] == site.issuer, f"issuer {site.issuer}")
                self.require(claims["scope"] == SCOPE, f"scope {SCOPE}")


class ClientCredentialsByHeader(ClientCredentials):
    """The secret is in the Authorization header (RFC 7617)."""

    name = "client_credentials, Basic"

    def requests(self, site: Site) -> tuple[Request, ...]:
        request = Request.form(site.endpoint("token_endpoint"), **_FIELDS)
        return (request.with_header("Authorization", site.machine_by_header.basic),)


def token_request(url: str, machine: Credentials) -> Request:
    """What a machine asks of a token endpoint."""
    return Request.form(url, **_FIELDS, **machine.fields)


def _verified(site: Site, token: str) -> dict[str, Any]:
    kid = jwt.get_unverified_header(token)["kid"]
    keys = send(Request.get(site.endpoint("jwks_uri"))).json()["keys"]
    key = next(jwt.PyJWK(key) for key in keys if key["kid"] == kid)
    claims: dict[str, Any] = jwt.decode(
        token, key, algorithms=["ES256"], options={"verify_aud": False}
    )
    return claims
