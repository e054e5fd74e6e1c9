"""An application that a person has signed in to (RFC 6749 sections 4.1 and 6)."""

import base64
import hashlib
from collections.abc import Callable, Sequence

from bench.exchange import Reply, Request
from bench.load import Expectation
from bench.scenario import Scenario
from bench.site import NOBODY, Site

SCOPE = "openid offline_access read"
_VERIFIER = "a-verifier-of-no-worth-to-anyone-but-the-benchmark"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
"""RFC 7636 section 4.2."""
_HOW_MANY = 2000


class CodeExchange(Scenario):
    """It redeems a code: access token, ID token, refresh token."""

    name = "authorization code"
    expectation = Expectation(200, ('"id_token"',))
    needs = ("token_endpoint",)
    makes_tokens = True
    single_use = True

    def is_offered_by(self, site: Site) -> bool:
        return site.application != NOBODY

    def requests(self, site: Site) -> tuple[Request, ...]:
        return tuple(
            _asking(
                site,
                grant_type="authorization_code",
                code=code,
                redirect_uri=site.redirect_uri,
                code_verifier=_VERIFIER,
            )
            for code in site.codes(_HOW_MANY)
        )

    def judge(self, site: Site, replies: list[Reply]) -> None:
        _judge(self.require, replies)


class Refresh(Scenario):
    """It renews what it has: access token, ID token, the refresh token to use next."""

    name = "refresh"
    expectation = Expectation(200, ('"id_token"',))
    needs = ("token_endpoint",)
    makes_tokens = True
    single_use = True

    def is_offered_by(self, site: Site) -> bool:
        return site.application != NOBODY

    def requests(self, site: Site) -> tuple[Request, ...]:
        return tuple(
            _asking(site, grant_type="refresh_token", refresh_token=token)
            for token in site.refresh_tokens(_HOW_MANY)
        )

    def judge(self, site: Site, replies: list[Reply]) -> None:
        _judge(self.require, replies)


def _asking(site: Site, **fields: str) -> Request:
    return Request.form(site.endpoint("token_endpoint"), **fields, **site.application.fields)


def _judge(require: Callable[[bool, str], None], replies: Sequence[Reply]) -> None:
    one, other = (reply.json() for reply in replies)
    for kind in ("access_token", "refresh_token", "id_token"):
        require(one[kind] != other[kind], f"a new {kind} each time")
    require(one["access_token"].count(".") == 2, "a signed access token")
