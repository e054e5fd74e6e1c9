"""Signing in at GitHub: the connector against a GitHub that checks what it is sent."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from authgate.plugin_api import (
    ConnectorConfigError,
    ExternalIdentity,
    HttpFailure,
    LoginAttempt,
    ProviderAnswer,
    ProviderUnavailable,
    SignInRefused,
)
from authgate.plugin_manager import GuardedHttp
from authgate_github.connector import GitHubConnector

ATTEMPT = LoginAttempt(
    redirect_uri="https://sso.example/t/acme/login/github/callback",
    state="the-state",
    code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
)


@pytest.fixture
def connector(github: Any, http: GuardedHttp) -> GitHubConnector:
    entered = {
        "client_id": github.client_id,
        "client_secret": github.client_secret,
        "host": github.host,
    }
    return GitHubConnector(config=GitHubConnector.parse_config(entered), http=http)


async def sign_in(
    connector: GitHubConnector, github: Any, *, redeemed: LoginAttempt = ATTEMPT
) -> ExternalIdentity:
    back = github.approve(await connector.authorization_url(ATTEMPT))
    return await connector.identify(redeemed, ProviderAnswer(code=back["code"]))


async def test_who_signed_in_is_told_by_number_and_not_by_name(
    connector: GitHubConnector, github: Any
) -> None:
    assert await sign_in(connector, github) == ExternalIdentity(
        issuer=f"https://{github.host}",
        subject="583231",
        username="octocat",
        email="octocat@example.com",
        email_verified=True,
        name="The Octocat",
        picture="https://avatars.example/583231",
    )


async def test_the_browser_carries_state_and_challenge_and_no_secret(
    connector: GitHubConnector,
) -> None:
    url = await connector.authorization_url(ATTEMPT)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert query["state"] == "the-state"
    assert query["redirect_uri"] == ATTEMPT.redirect_uri
    # RFC 7636 appendix B
    assert query["code_challenge"] == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert query["code_challenge_method"] == "S256"
    assert "the-secret" not in url


async def test_a_code_that_another_attempt_asked_for_is_worth_nothing(
    connector: GitHubConnector, github: Any
) -> None:
    other = LoginAttempt(
        redirect_uri=ATTEMPT.redirect_uri, state=ATTEMPT.state, code_verifier="b" * 43
    )
    with pytest.raises(SignInRefused, match="did not accept"):
        await sign_in(connector, github, redeemed=other)


async def test_an_answer_of_another_issuer_is_refused_before_anything_is_sent(
    connector: GitHubConnector, host: Any
) -> None:
    answer = ProviderAnswer(code="code", issuer="https://evil.example")
    with pytest.raises(SignInRefused):
        await connector.identify(ATTEMPT, answer)
    assert not host.asked


@pytest.mark.parametrize(
    ("emails", "told"),
    [
        ([{"email": "a@x.example", "primary": True, "verified": False}], ("", False)),
        (
            [
                {"email": "a@x.example", "primary": True, "verified": False},
                {"email": "b@x.example", "primary": False, "verified": True},
            ],
            ("b@x.example", True),
        ),
        ([{"email": "a@x.example", "primary": True, "verified": "yes"}], ("", False)),
        ([{"email": None, "primary": True, "verified": True}], ("", False)),
        (["nonsense"], ("", False)),
        (None, ("", False)),
    ],
)
async def test_only_a_verified_address_is_told(
    connector: GitHubConnector, github: Any, emails: list[Any], told: tuple[str, bool]
) -> None:
    github.emails = emails
    identity = await sign_in(connector, github)
    assert (identity.email, identity.email_verified) == told


@pytest.mark.parametrize("number", [None, "583231", True, 5.0])
async def test_a_profile_without_a_number_is_nobody(
    connector: GitHubConnector, github: Any, number: object
) -> None:
    github.user["id"] = number
    with pytest.raises(ProviderUnavailable):
        await sign_in(connector, github)


async def test_a_github_that_is_down_is_unavailable(
    connector: GitHubConnector, github: Any
) -> None:
    back = github.approve(await connector.authorization_url(ATTEMPT))
    github.down = True
    with pytest.raises(ProviderUnavailable, match="503"):
        await connector.identify(ATTEMPT, ProviderAnswer(code=back["code"]))


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"text"', b"[" * 100_000])
async def test_nonsense_for_an_answer_signs_nobody_in(
    connector: GitHubConnector, host: Any, body: bytes
) -> None:
    host.says(body=body)
    with pytest.raises((ProviderUnavailable, HttpFailure)):
        await connector.identify(ATTEMPT, ProviderAnswer(code="code"))


@pytest.mark.parametrize(
    ("host_name", "api"),
    [
        ("github.com", "https://api.github.com"),
        ("acme.ghe.com", "https://api.acme.ghe.com"),
        ("git.acme.example:8443", "https://git.acme.example:8443/api/v3"),
    ],
)
def test_the_api_is_where_each_kind_of_github_has_it(host_name: str, api: str) -> None:
    entered = {"client_id": "a", "client_secret": "b", "host": host_name}
    config = GitHubConnector.parse_config(entered)
    assert (config.issuer, config.api) == (f"https://{host_name}", api)


@pytest.mark.parametrize(
    "host_name",
    [
        "https://github.com",
        "github.com/evil",
        "a@github.com",
        "github.com:0",
        "",
        "-a",
        "GitHub",
        "a b",
    ],
)
def test_ss_12_a_host_that_is_more_than_a_host_is_refused(host_name: str) -> None:
    entered = {"client_id": "a", "client_secret": "b", "host": host_name}
    with pytest.raises(ConnectorConfigError, match="host"):
        GitHubConnector.parse_config(entered)
