"""The bundled HTTP target keeps what every plugin of its hooks has to keep, and its signatures are
those of the Standard Webhooks scheme."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from authgate.plugin_api import ConnectorConfigError, Secret, parse_config
from authgate.plugin_api.signatures import key_of, signed
from authgate.testing import (
    Answer,
    Asked,
    AuditSinkContract,
    LoginPolicyContract,
    TokenClaimsContract,
)
from authgate_http_target.settings import TargetConfig

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SETTINGS: Mapping[str, object] = {
    "url": "https://{host}/authgate",
    "secret": SECRET,
    "token_claims": True,
    "login_policy": True,
}


def said(**answer: object) -> Answer:
    return Answer(body=json.dumps(answer).encode())


class TestClaims(TokenClaimsContract):
    plugin = "http-target"
    settings: ClassVar[Mapping[str, object]] = SETTINGS

    def site(self, asked: Asked) -> Answer:
        data = json.loads(asked.body)["data"]
        who = [data.get("subject"), *data.get("scope", [])][:3]
        return said(claims={"tier": "gold", "who": who})


class TestPolicy(LoginPolicyContract):
    plugin = "http-target"
    settings: ClassVar[Mapping[str, object]] = SETTINGS

    def site(self, asked: Asked) -> Answer:
        data = json.loads(asked.body)["data"]
        address = data.get("address", "")
        if address.startswith("198."):
            return said(decision="deny", text="Not from there.")
        if address.startswith("2001:"):
            return said(decision="step_up", acr="2")
        return said(decision="allow")


class TestFeed(AuditSinkContract):
    plugin = "http-target"
    settings: ClassVar[Mapping[str, object]] = {
        "url": "https://{host}/authgate",
        "secret": SECRET,
        "audit_events": True,
    }


def test_a_message_is_signed_as_the_published_vector_has_it() -> None:
    """The one that the libraries of standard-webhooks test themselves by."""
    headers = signed(
        b'{"test": 2432232314}',
        [key_of(SECRET)],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "https://user:pw@hooks.example/",
        "https://hooks.example/#part",
        "https:///path",
        "https://[",
        "https://hooks.example:0/",
        "https://hooks.example/a b",
        "https://h\u00f6oks.example/",
        "ftp://hooks.example/",
    ],
    ids=ascii,
)
def test_ss_12_an_address_that_is_more_than_a_place_is_refused(url: str) -> None:
    with pytest.raises(ConnectorConfigError, match=r"^url:"):
        parse_config(TargetConfig, {"url": url, "secret": SECRET})


@pytest.mark.parametrize(
    "secret",
    ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", f"whsec_{'QUFB' * 22}", "whsec_\u00e4"],
    ids=ascii,
)
def test_a_secret_that_receivers_do_not_know_as_one_is_refused(secret: str) -> None:
    for said_of in ({"secret": secret}, {"secret": SECRET, "next_secret": secret}):
        with pytest.raises(ConnectorConfigError, match="whsec_ and 24 to 64 bytes") as refused:
            parse_config(TargetConfig, {"url": "https://hooks.example/", **said_of})
        assert secret not in str(refused.value)


def test_a_target_that_is_asked_nothing_says_nothing() -> None:
    config: Any = parse_config(TargetConfig, {"url": "https://hooks.example/", "secret": SECRET})
    assert (config.token_claims, config.login_policy, config.audit_events) == (False,) * 3
    assert config.keys == (key_of(SECRET),)
    assert config.next_secret == Secret("")
