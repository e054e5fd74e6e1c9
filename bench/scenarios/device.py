"""A device that has no browser (RFC 8628)."""

from collections.abc import Iterator

from bench.exchange import Reply, Request, send_all
from bench.load import Expectation
from bench.scenario import SCOPE, Scenario, WrongAnswer
from bench.site import Site

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_POLLED = 64
_REDEEMED = 1000


class DeviceCode(Scenario):
    """It asks for a code (section 3.1)."""

    name = "device code"
    expectation = Expectation(200, ('"device_code"',))
    needs = ("device_authorization_endpoint",)

    def requests(self, site: Site) -> tuple[Request, ...]:
        return (_asking(site),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        one, other = (reply.json() for reply in replies)
        self.require(one["device_code"] != other["device_code"], "a new code each time")
        self.require(one["user_code"] != other["user_code"], "a new user code each time")


class DevicePoll(Scenario):
    """It asks again while its user has not decided (section 3.5).

    No pace is kept: told to slow down it would have been answered by less work.
    """

    name = "device poll"
    expectation = Expectation(400, ('"authorization_pending"',))
    needs = ("device_authorization_endpoint", "token_endpoint")

    def requests(self, site: Site) -> tuple[Request, ...]:
        polls = tuple(_polls(site, _POLLED))
        site.drop_pace()
        return polls

    def judge(self, site: Site, replies: list[Reply]) -> None:
        self.require(replies[0].json()["error"] == "authorization_pending", "pending")


class DeviceRedemption(Scenario):
    """Its user has approved: it gets its token, once."""

    name = "device redemption"
    expectation = Expectation(200, ('"access_token"',))
    needs = ("device_authorization_endpoint", "token_endpoint")
    makes_tokens = True
    single_use = True

    def requests(self, site: Site) -> tuple[Request, ...]:
        polls = tuple(_polls(site, _REDEEMED))
        site.approve_all()
        return polls

    def judge(self, site: Site, replies: list[Reply]) -> None:
        one, other = (reply.json()["access_token"] for reply in replies)
        self.require(one != other, "a new token each time")


def _asking(site: Site) -> Request:
    endpoint = site.endpoint("device_authorization_endpoint")
    return Request.form(endpoint, scope=SCOPE, client_id=site.device.client_id)


def _polls(site: Site, codes: int) -> Iterator[Request]:
    """The polls for so many new codes."""
    endpoint = site.endpoint("token_endpoint")
    for granted in send_all([_asking(site)] * codes):
        if granted.status != 200:
            raise WrongAnswer(f"device code: {granted.status} {granted.body[:200]!r}")
        yield Request.form(
            endpoint,
            grant_type=_GRANT,
            client_id=site.device.client_id,
            device_code=granted.json()["device_code"],
        )
