"""A token that comes back."""

from typing import Any

from bench.exchange import Reply, Request
from bench.load import Expectation
from bench.scenario import Scenario
from bench.site import Site


class Tokeninfo(Scenario):
    """What a resource server asks about a token it was shown.

    AuthGate's own endpoint; a rival without it is asked by introspection (RFC 7662).
    """

    name = "tokeninfo"
    expectation = Expectation(200, ('"active":true', '"active": true'))
    needs = ()

    def is_offered_by(self, site: Site) -> bool:
        return site.offers("tokeninfo_endpoint") or site.offers("introspection_endpoint")

    def requests(self, site: Site) -> tuple[Request, ...]:
        token = site.person_token()
        if site.offers("tokeninfo_endpoint"):
            return (_bearing(token, site.endpoint("tokeninfo_endpoint")),)
        asking = Request.form(site.endpoint("introspection_endpoint"), token=token)
        return (asking.with_header("Authorization", site.machine_by_header.basic),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        told: dict[str, Any] = replies[0].json()
        self.require(told["client_id"] == site.device.client_id, "the client's name")


class Introspection(Scenario):
    """What a resource server asks that proves who it is (RFC 7662)."""

    name = "introspection"
    expectation = Expectation(200, ('"active":true', '"active": true'))
    needs = ("introspection_endpoint",)

    def requests(self, site: Site) -> tuple[Request, ...]:
        asking = Request.form(site.endpoint("introspection_endpoint"), token=site.person_token())
        return (asking.with_header("Authorization", site.machine_by_header.basic),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        told: dict[str, Any] = replies[0].json()
        self.require(told["client_id"] == site.device.client_id, "the client's name")


class Userinfo(Scenario):
    """Who approved (OpenID Connect Core 1.0 section 5.3)."""

    name = "userinfo"
    expectation = Expectation(200, ('"sub"',))
    needs = ("userinfo_endpoint",)

    def requests(self, site: Site) -> tuple[Request, ...]:
        return (_bearing(site.person_token(), site.endpoint("userinfo_endpoint")),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        told: dict[str, Any] = replies[0].json()
        self.require({"name", "email"} <= told.keys(), "name and address")


def _bearing(token: str, url: str) -> Request:
    """A read with a bearer token (RFC 6750 section 2.1)."""
    return Request.get(url).with_header("Authorization", f"Bearer {token}")
