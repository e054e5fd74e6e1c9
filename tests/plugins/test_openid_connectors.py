"""Signing in at providers that speak OpenID Connect, and at one that speaks OAuth 2.0 alone.

Each connector against a provider over real https, at its best and with everything that may be
wrong (OpenID Connect Core sections 3.1.3.7 and 5.3.2, RFC 9207, RFC 9700 section 4.4).
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import jwt
import pytest

from authgate.plugin_api import (
    ConnectorConfigError,
    ConnectorError,
    HttpFailure,
    HttpResponse,
    LoginAttempt,
    LoginConnector,
    ProviderAnswer,
    ProviderUnavailable,
    SignInRefused,
)
from authgate.plugin_manager import GuardedHttp, egress, provider_documents
from authgate.plugin_manager.provider_documents import ProviderDocuments
from authgate.testing.fake_http import FakeHttp
from authgate_gitea.connector import GiteaConnector
from authgate_gitlab.connector import GitLabConnector
from authgate_google.connector import GoogleConnector
from authgate_microsoft.connector import MicrosoftConnector
from authgate_oauth2.connector import OAuthProviderConnector
from authgate_oidc.connector import OpenIdProviderConnector
from authgate_testing.pretend_host import Answer, Host
from authgate_testing.pretend_openid import (
    DIRECTORY,
    PERSON,
    PretendOpenId,
    key,
    public,
    small_key,
)

ATTEMPT = LoginAttempt(
    redirect_uri="https://sso.example/t/acme/login/idp/callback",
    state="the-state",
    code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    nonce="the-nonce",
    login_hint="octocat@example.com",
)


@dataclass(frozen=True)
class Kind:
    """One connector, where its provider has its issuer, and what it is set up with."""

    made_by: type[LoginConnector[Any]]
    path: str = ""
    claims: Callable[[], dict[str, Any]] = dict
    config: Callable[[str], dict[str, Any]] = lambda host: {"host": host}
    subject: str = "248289761001"


KINDS = {
    "oidc": Kind(
        OpenIdProviderConnector,
        path="/realms/acme",
        config=lambda host: {"issuer": f"https://{host}/realms/acme"},
    ),
    "gitlab": Kind(GitLabConnector, claims=lambda: {"nickname": "octocat"}),
    "gitea": Kind(GiteaConnector),
    "microsoft": Kind(
        MicrosoftConnector,
        path=f"/{DIRECTORY}/v2.0",
        claims=lambda: {"tid": DIRECTORY, "oid": PERSON, "sub": "of-this-application"},
        config=lambda host: {"host": host, "directory_id": DIRECTORY},
        subject=PERSON,
    ),
    "google": Kind(
        GoogleConnector,
        claims=lambda: {"hd": "example.com"},
        config=lambda host: {"hosted_domains": ["example.com"]},
    ),
}


@dataclass
class Setup:
    """A provider and the connector that is set up for it."""

    provider: PretendOpenId
    connector: LoginConnector[Any]
    kind: Kind

    async def sign_in(self, *, issuer: str | None = None, redeemed: LoginAttempt = ATTEMPT) -> Any:
        back = self.provider.approve(await self.connector.authorization_url(ATTEMPT))
        answer = ProviderAnswer(code=back["code"], issuer=issuer)
        return await self.connector.identify(redeemed, answer)


Make = Callable[..., Setup]


@pytest.fixture
def make(host: Host, http: GuardedHttp, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setattr(GoogleConnector, "home", f"https://{host.name}")

    def made(name: str = "oidc", **entered: Any) -> Setup:
        kind = KINDS[name]
        host.site = provider = PretendOpenId(host=host.name, path=kind.path)
        provider.claims |= kind.claims()
        client = {"client_id": provider.client_id, "client_secret": provider.client_secret}
        config = kind.made_by.parse_config(client | kind.config(host.name) | entered)
        return Setup(provider, kind.made_by(config=config, http=http), kind)

    return made


every_kind = pytest.mark.parametrize("name", KINDS)


@every_kind
async def test_who_signed_in_is_told_by_what_cannot_change_hands(make: Make, name: str) -> None:
    it = make(name)
    identity = await it.sign_in()
    assert (identity.issuer, identity.subject) == (it.provider.issuer, it.kind.subject)
    assert identity.username in {"octocat", "octocat@example.com"}
    assert identity.name == "The Octocat"
    assert identity.said["name"] == "The Octocat"
    assert "nonce" not in identity.said
    assert "at-1" not in str(identity.said)


@every_kind
async def test_the_browser_carries_state_nonce_and_challenge_and_no_secret(
    make: Make, name: str
) -> None:
    it = make(name)
    url = await it.connector.authorization_url(ATTEMPT)
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert (query["state"], query["nonce"]) == ("the-state", "the-nonce")
    assert query["code_challenge"] == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert query["login_hint"] == "octocat@example.com"
    assert it.provider.client_secret not in url


REFUSED: dict[str, Callable[[PretendOpenId], Any]] = {
    "nonce of another": lambda it: it.changed.update(nonce="other"),
    "no nonce": lambda it: it.changed.update(nonce=None),
    "wrong audience": lambda it: it.changed.update(aud="another-client"),
    "several audiences": lambda it: it.changed.update(aud=["client-1", "another-client"]),
    "another party": lambda it: it.changed.update(azp="another-client"),
    "another issuer": lambda it: it.changed.update(iss="https://evil.example"),
    "expired": lambda it: it.changed.update(exp=int(time.time()) - 120),
    "no end": lambda it: it.changed.update(exp=None),
    "made tomorrow": lambda it: it.changed.update(iat=int(time.time()) + 86_400),
    "no subject": lambda it: it.changed.update(sub=None),
    "hash of another token": lambda it: it.changed.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "another's signature": lambda it: setattr(it, "signer", key("evil")),
    "no signature": lambda it: vars(it).update(algorithm="none", signer=""),
    "shared secret": lambda it: vars(it).update(
        algorithm="HS256", signer="the-secret-of-the-client-and-more"
    ),
    "critical header": lambda it: it.header.update(crit=["x"], x=1),
    "logout token": lambda it: it.header.update(typ="logout+jwt"),
    "garbage": lambda it: it.granted.update(id_token="e30.e30"),
    "revoked keys": lambda it: setattr(it, "keys", []),
    "code not known": lambda it: setattr(it, "codes", _Forgetful()),
}


class _Forgetful(dict[str, Any]):
    def pop(self, *of: Any) -> Any:
        return None


async def outcomes(
    make: Make, name: str, faults: dict[str, Callable[[PretendOpenId], Any]]
) -> dict[str, type[Exception]]:
    """What comes of each fault."""
    found: dict[str, type[Exception]] = {}
    for fault, spoil in faults.items():
        it = make(name)
        spoil(it.provider)
        with pytest.raises((ConnectorError, ConnectorConfigError, HttpFailure)) as refused:
            pytest.fail(f"{fault}: {await it.sign_in()}")
        error = refused.value
        assert not isinstance(error, SignInRefused) or error.cause, fault
        found[fault] = type(error)
    return found


@every_kind
async def test_an_answer_that_does_not_fit_signs_nobody_in(make: Make, name: str) -> None:
    assert await outcomes(make, name, REFUSED) == dict.fromkeys(REFUSED, SignInRefused)


def at_token(answer: Answer) -> Callable[[PretendOpenId], None]:
    return lambda it: it.answers.update({"/token": answer})


FAILED: dict[str, Callable[[PretendOpenId], Any]] = {
    "down": at_token(Answer(status=503, body=b"<html>")),
    "no JSON": at_token(Answer(body=b"<html>")),
    "a list": at_token(Answer(body=b"[]")),
    "nested": at_token(Answer(body=b"[" * 100_000)),
    "no ID token": at_token(Answer(body=b'{"access_token": "at-1"}')),
    "redirected": at_token(Answer(status=307, headers={"location": "https://127.0.0.1/"})),
    "cut off": at_token(Answer(body=b"{" + b" " * 1_000_001 + b"}")),
    "endless": at_token(Answer(body=b" " * 65_536, never_ends=True)),
    "keys gone": lambda it: it.answers.update({"/keys": Answer(status=404)}),
    "keys of nonsense": lambda it: it.answers.update({"/keys": Answer(body=b"nonsense")}),
    "not our client": lambda it: setattr(it, "client_secret", "another"),
}


@every_kind
async def test_a_provider_at_fault_signs_nobody_in(make: Make, name: str) -> None:
    found = await outcomes(make, name, FAILED)
    assert set(found.values()) <= {ProviderUnavailable, HttpFailure, ConnectorConfigError}


@every_kind
async def test_ss_04_a_provider_that_does_not_finish_keeps_nobody_waiting(
    make: Make, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "_WHOLE_SECONDS", 0.2)
    it = make(name)
    url = await it.connector.authorization_url(ATTEMPT)
    at_token(Answer(body=b"", never_ends=True))(it.provider)
    with pytest.raises(HttpFailure, match="within"):
        await it.connector.identify(ATTEMPT, ProviderAnswer(code=it.provider.approve(url)["code"]))


@every_kind
async def test_ss_05_discovery_with_a_foreign_issuer_is_refused(make: Make, name: str) -> None:
    it = make(name)
    it.provider.metadata["issuer"] = "https://evil.example"
    with pytest.raises(ConnectorConfigError, match="issuer"):
        await it.sign_in()


@every_kind
async def test_ss_06_no_endpoint_is_believed_that_is_at_another_host(
    make: Make, host: Host, name: str
) -> None:
    for endpoint in ("authorization", "token", "userinfo"):
        it = make(name)
        it.provider.metadata[f"{endpoint}_endpoint"] = "https://evil.example/token"
        with pytest.raises(ConnectorConfigError, match=r"evil\.example"):
            await it.sign_in()
    assert not [asked for asked in host.asked if asked.method == "POST"]


async def test_metadata_without_a_place_for_an_endpoint_is_none(make: Make) -> None:
    for place in ("http://localhost/x", "", None, 7, "https://["):
        it = make()
        it.provider.metadata["jwks_uri"] = place
        with pytest.raises(ProviderUnavailable):
            await it.sign_in()


async def test_ss_06_a_host_that_the_administrator_has_named_is_believed(make: Make) -> None:
    it = make(endpoint_hosts=["api.example"])
    it.provider.metadata["userinfo_endpoint"] = "https://api.example/userinfo"
    assert (await it.sign_in()).subject == "248289761001"


@every_kind
async def test_an_answer_that_names_another_issuer_is_refused(make: Make, name: str) -> None:
    it = make(name)
    assert await it.sign_in(issuer=it.provider.issuer)
    with pytest.raises(SignInRefused, match="another provider"):
        await it.sign_in(issuer="https://evil.example")
    it.provider.metadata["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(SignInRefused, match="another provider"):
        await it.sign_in(issuer=None)


@every_kind
async def test_a_code_that_another_attempt_asked_for_is_worth_nothing(
    make: Make, name: str
) -> None:
    other = LoginAttempt(
        redirect_uri=ATTEMPT.redirect_uri,
        state=ATTEMPT.state,
        code_verifier="b" * 43,
        nonce=ATTEMPT.nonce,
    )
    with pytest.raises(SignInRefused):
        await make(name).sign_in(redeemed=other)


async def test_a_key_that_is_too_short_is_none(make: Make) -> None:
    it = make()
    short = jwt.algorithms.RSAAlgorithm.to_jwk(small_key().public_key(), as_dict=True)
    it.provider.keys = [dict(short) | {"kid": "k1"}]
    it.provider.algorithm, it.provider.signer = "RS256", small_key()
    with pytest.warns(jwt.InsecureKeyLengthWarning), pytest.raises(SignInRefused):
        await it.sign_in()


async def test_a_token_that_names_no_key_fits_the_one_that_there_is_and_none_of_several(
    make: Make,
) -> None:
    it = make()
    it.provider.header = {}
    assert await it.sign_in()
    it.provider.keys.append(public("k2"))
    with pytest.raises(SignInRefused, match="Please try again"):
        await it.sign_in()


# --- What each provider has of its own ------------------------------------------------------------


@pytest.mark.parametrize("directory", ["common", "organizations", "acme.example", PERSON.upper()])
def test_lg_17_a_microsoft_connection_is_bound_to_one_directory(directory: str) -> None:
    entered = {"client_id": "a", "client_secret": "b", "directory_id": directory}
    with pytest.raises(ConnectorConfigError, match="directory_id"):
        MicrosoftConnector.parse_config(entered)
    with pytest.raises(ConnectorConfigError, match="directory_id"):
        MicrosoftConnector.parse_config({"client_id": "a", "client_secret": "b"})


async def test_lg_17_what_entra_says_of_addresses_counts_for_nothing(make: Make) -> None:
    """nOAuth: an administrator of any directory writes any address into ``email`` and ``upn``."""
    it = make("microsoft")
    it.provider.claims |= {"email": "victim@acme.example", "upn": "victim@acme.example"}
    identity = await it.sign_in()
    assert (identity.subject, identity.email_verified) == (PERSON, False)
    it.provider.claims["xms_edov"] = True
    assert (await it.sign_in()).email_verified


@pytest.mark.parametrize(
    "changed", [{"tid": str(uuid4())}, {"tid": None}, {"oid": None}, {"oid": "someone"}]
)
async def test_lg_17_another_directorys_people_are_refused(
    make: Make, changed: dict[str, Any]
) -> None:
    it = make("microsoft")
    it.provider.changed |= changed
    with pytest.raises(SignInRefused, match="another directory"):
        await it.sign_in()


@pytest.mark.parametrize("domain", ["evil.example", None, ["example.com"]])
async def test_google_accounts_of_other_companies_are_refused(make: Make, domain: object) -> None:
    it = make("google")
    it.provider.changed["hd"] = domain
    url = await it.connector.authorization_url(ATTEMPT)
    assert "hd=example.com" in url
    with pytest.raises(SignInRefused, match="belongs to no company"):
        await it.sign_in()


@pytest.mark.parametrize(
    ("email", "domain", "vouched"),
    [
        ("a@gmail.com", None, True),
        ("a@acme.example", "acme.example", True),
        ("a@acme.example", None, False),
    ],
)
async def test_google_vouches_for_addresses_that_are_its_own_to_give(
    make: Make, email: str, domain: str | None, vouched: bool
) -> None:
    it = make("google", hosted_domains=[])
    it.provider.claims |= {"email": email, "hd": domain}
    assert (await it.sign_in()).email_verified is vouched


async def test_a_gitea_that_confirms_no_addresses_vouches_for_none(make: Make) -> None:
    assert not (await make("gitea").sign_in()).email_verified
    assert (await make("gitea", confirms_addresses=True).sign_in()).email_verified


async def test_a_gitea_may_write_its_issuer_with_a_slash(make: Make) -> None:
    it = make("gitea")
    issuer = it.provider.issuer
    it.provider.metadata["issuer"] = it.provider.changed["iss"] = f"{issuer}/"
    assert (await it.sign_in()).issuer == issuer, "and it is the same one"


async def test_gitlab_is_asked_for_what_its_id_tokens_do_not_say(make: Make) -> None:
    it = make("gitlab")
    it.provider.userinfo = dict(it.provider.claims) | {"groups": ["acme/ops"]}
    del it.provider.claims["groups"]
    assert (await it.sign_in()).groups == ("acme/ops",)
    it.provider.userinfo["sub"] = "somebody-else"
    with pytest.raises(SignInRefused):
        await it.sign_in()


async def test_an_address_is_verified_by_who_has_named_it(make: Make) -> None:
    it = make(userinfo=True)
    it.provider.userinfo = dict(it.provider.claims)
    it.provider.claims["email_verified"] = None
    it.provider.changed |= {"email": "victim@acme.example", "email_verified": None}
    identity = await it.sign_in()
    assert (identity.email, identity.email_verified) == ("victim@acme.example", False)


async def test_email_verified_says_nothing_of_an_address_in_another_claim(make: Make) -> None:
    address = "victim@acme.example"
    for named, checked, counts in (
        ({}, True, False),
        ({"email_verified_claim": "upn_ok"}, True, True),
        ({"email_verified_claim": "upn_ok"}, "true", False),
    ):
        it = make(email_claim="upn", **named)
        it.provider.claims |= {"upn": address, "email_verified": True, "upn_ok": checked}
        identity = await it.sign_in()
        assert (identity.email, identity.email_verified) == (address, counts)


async def test_claims_are_read_where_the_administrator_says_that_they_are(make: Make) -> None:
    it = make(username_claim="nick", groups_claim="realm_access.roles", name_claim="cn")
    it.provider.claims |= {"nick": "hubot", "realm_access": {"roles": ["ops"]}, "cn": "Hubot"}
    identity = await it.sign_in()
    assert (identity.username, identity.groups, identity.name) == ("hubot", ("ops",), "Hubot")


@pytest.mark.parametrize(
    ("groups", "read"),
    [(None, None), ("one", ("one",)), ({}, None), ([1, "a", "", "b\n"], ("a",)), ([], ())],
)
async def test_groups_are_told_or_not_told(
    make: Make, groups: object, read: tuple[str, ...] | None
) -> None:
    it = make()
    it.provider.claims["groups"] = groups
    assert (await it.sign_in()).groups == read


async def test_a_client_may_prove_itself_by_a_key_of_its_own(make: Make) -> None:
    private = jwt.algorithms.ECAlgorithm.to_jwk(key("client"), as_dict=True)
    secret = json.dumps(dict(private) | {"kid": "c1"})
    it = make(auth_method="private_key_jwt", client_secret=secret)
    assert (await it.sign_in()).subject == "248289761001"
    with pytest.raises(ConnectorConfigError, match="client_secret"):
        await make(auth_method="private_key_jwt", client_secret='{"kty": "EC"}').sign_in()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("issuer", "http://idp.example"),
        ("issuer", "https://user:pw@idp.example"),
        ("issuer", "https://idp.example/?a"),
        ("issuer", "https://idp.example/#a"),
        ("issuer", "idp.example"),
        ("issuer", "https://"),
        ("endpoint_hosts", ["https://api.example"]),
        ("auth_method", "none"),
        ("auth_method", "private_key_jwt"),
        ("client_secret", '{"kty": "EC"}'),
        ("scope", "profile"),
    ],
)
def test_ss_12_an_issuer_that_is_more_than_a_place_is_refused(field: str, value: object) -> None:
    entered = {"client_id": "a", "client_secret": "b", "issuer": "https://idp.example"}
    with pytest.raises(ConnectorConfigError):
        OpenIdProviderConnector.parse_config(entered | {field: value})


# --- OAuth 2.0 alone ------------------------------------------------------------------------------


@pytest.fixture
def oauth(host: Host, http: GuardedHttp) -> Setup:
    host.site = provider = PretendOpenId(host=host.name)
    provider.userinfo = {"data": {"id": 7, "login": "octocat", "mail": "o@example.com", "ok": True}}
    at = f"https://{host.name}"
    config = OAuthProviderConnector.parse_config(
        {
            "client_id": provider.client_id,
            "client_secret": provider.client_secret,
            "authorization_url": f"{at}/authorize",
            "token_url": f"{at}/token",
            "userinfo_url": f"{at}/userinfo",
            "subject_field": "data.id",
            "username_field": "data.login",
            "email_field": "data.mail",
            "email_verified_field": "data.ok",
        }
    )
    return Setup(provider, OAuthProviderConnector(config=config, http=http), KINDS["oidc"])


async def test_a_profile_says_who_signed_in_where_there_is_no_id_token(oauth: Setup) -> None:
    identity = await oauth.sign_in()
    place = f"{oauth.provider.issuer}/userinfo#data.id"
    assert (identity.issuer, identity.subject) == (place, "7")
    assert (identity.username, identity.email) == ("octocat", "o@example.com")
    assert identity.email_verified


PROFILES: dict[str, Callable[[PretendOpenId], Any]] = {
    "no identifier": lambda it: it.userinfo.clear(),  # type: ignore[union-attr]  # there is one
    "an identifier that is a list": lambda it: setattr(it, "userinfo", {"data": {"id": [7]}}),
    "a truth for an identifier": lambda it: setattr(it, "userinfo", {"data": {"id": True}}),
    "an endless identifier": lambda it: setattr(it, "userinfo", {"data": {"id": "7" * 300}}),
    "a list": lambda it: it.answers.update({"/userinfo": Answer(body=b"[]")}),
    "garbage": lambda it: it.answers.update({"/userinfo": Answer(body=b"<html>")}),
    "gone": lambda it: it.answers.update({"/userinfo": Answer(status=410)}),
    "redirected": lambda it: it.answers.update(
        {"/userinfo": Answer(status=302, headers={"location": "https://127.0.0.1/"})}
    ),
    "no token": at_token(Answer(body=b"{}")),
    "a token that is a number": at_token(Answer(body=b'{"access_token": 7}')),
    "down": at_token(Answer(status=500)),
    "an error with a 200": at_token(Answer(body=b'{"error": "bad_verification_code"}')),
    "not our client": lambda it: setattr(it, "client_secret", "another"),
}


async def test_a_profile_that_is_none_signs_nobody_in(oauth: Setup, host: Host) -> None:
    for fault, spoil in PROFILES.items():
        host.site = oauth.provider = PretendOpenId(host=host.name)
        oauth.provider.userinfo = {"data": {"id": 7}}
        spoil(oauth.provider)
        with pytest.raises((ConnectorError, ConnectorConfigError, HttpFailure)):
            pytest.fail(f"{fault}: {await oauth.sign_in()}")


async def test_an_address_that_nobody_has_checked_is_not_verified(oauth: Setup) -> None:
    assert oauth.provider.userinfo
    for said in ("true", 1, None):
        oauth.provider.userinfo["data"]["ok"] = said
        assert not (await oauth.sign_in()).email_verified


async def test_an_oauth_answer_of_another_issuer_is_refused(oauth: Setup) -> None:
    for issuer in ("https://evil.example", "http://[", "//"):
        with pytest.raises(SignInRefused, match="another provider"):
            await oauth.sign_in(issuer=issuer)


# --- What is remembered of a provider -------------------------------------------------------------


@pytest.fixture
def remembering(make: Make, http: GuardedHttp, watch: Any) -> Setup:
    it = make()
    documents = ProviderDocuments(http, monotonic=watch)
    it.connector.documents = documents.of(uuid4(), "idp")
    watch.seconds = 1000.0
    return it


def asked_for(host: Host, path: str) -> int:
    return sum(asked.path.endswith(path) for asked in host.asked)


async def test_ss_07_however_many_sign_in_the_provider_is_asked_once(
    remembering: Setup, host: Host, watch: Any
) -> None:
    await asyncio.gather(*(remembering.connector.authorization_url(ATTEMPT) for _ in range(50)))
    for _ in range(3):
        await remembering.sign_in()
    assert (asked_for(host, "openid-configuration"), asked_for(host, "/keys")) == (1, 1)
    watch.seconds += 601
    await remembering.sign_in()
    assert (asked_for(host, "openid-configuration"), asked_for(host, "/keys")) == (2, 2)


async def test_ss_07_tokens_with_keys_that_nobody_knows_have_the_keys_asked_for_once_a_minute(
    remembering: Setup, host: Host, watch: Any
) -> None:
    await remembering.sign_in()
    watch.seconds += 61
    for number in range(5):
        remembering.provider.header["kid"] = f"made-up-{number}"
        with pytest.raises(SignInRefused):
            await remembering.sign_in()
    assert asked_for(host, "/keys") == 2
    remembering.provider.header["kid"] = "k1"
    assert await remembering.sign_in(), "and the former keys are there still"


async def test_a_new_key_is_found_where_the_provider_has_rotated(
    remembering: Setup, watch: Any
) -> None:
    await remembering.sign_in()
    it = remembering.provider
    it.keys, it.header, it.signer = [public("k2")], {"kid": "k2"}, key("k2")
    with pytest.raises(SignInRefused):
        await remembering.sign_in()
    watch.seconds += 61
    assert await remembering.sign_in()


NO_METADATA = {
    "of nobody": b"{}",
    "a list": b"[]",
    "of another issuer": b'{"issuer": "https://evil.example"}',
    "without endpoints": b'{"issuer": "https://%s/realms/acme"}',
}
NO_KEYS = {
    "an error": b'{"error": "maintenance"}',
    "keys of no kind": b'{"keys": ["k1"]}',
    "a page": b"<html>Back soon</html>",
}


@pytest.mark.parametrize(
    ("path", "said"),
    [("/realms/acme/.well-known/openid-configuration", each) for each in NO_METADATA.values()]
    + [("/keys", each) for each in NO_KEYS.values()],
    ids=[*NO_METADATA, *NO_KEYS],
)
async def test_what_is_no_document_takes_no_good_ones_place(
    remembering: Setup, host: Host, watch: Any, path: str, said: bytes
) -> None:
    await remembering.sign_in()
    body = said.replace(b"%s", host.name.encode())
    remembering.provider.answers[path] = Answer(body=body)
    watch.seconds += 601
    for _ in range(3):
        assert await remembering.sign_in()
    assert asked_for(host, path) == 2, "and the address is left alone for some seconds"
    steps = await remembering.connector.examine()
    [wrong] = [each for each in steps if not each.passed]
    assert "What was read before counts" in wrong.said
    del remembering.provider.answers[path]
    watch.seconds += 6
    assert await remembering.sign_in()
    assert all(each.passed for each in await remembering.connector.examine())
    remembering.provider.answers[path] = Answer(body=body)
    watch.seconds += 86_400
    with pytest.raises((HttpFailure, ConnectorError, ConnectorConfigError)):
        await remembering.sign_in()


@pytest.mark.parametrize("left", [[], ["k2"]], ids=["no key", "another key"])
async def test_a_key_that_is_taken_back_signs_nobody_in(
    remembering: Setup, watch: Any, left: list[str]
) -> None:
    await remembering.sign_in()
    remembering.provider.keys = [public(each) for each in left]
    watch.seconds += 601
    with pytest.raises(SignInRefused):
        await remembering.sign_in()


async def test_ss_08_former_keys_count_for_a_day_while_the_provider_is_away(
    remembering: Setup, host: Host, watch: Any
) -> None:
    await remembering.sign_in()
    for path in ("/keys", "/realms/acme/.well-known/openid-configuration"):
        remembering.provider.answers[path] = Answer(status=503)
    watch.seconds += 3600
    for _ in range(4):
        assert await remembering.sign_in()
    assert asked_for(host, "/keys") == 2, "and one that is down is not hammered"
    watch.seconds += 86_400
    with pytest.raises(HttpFailure):
        await remembering.sign_in()


async def test_while_the_provider_hangs_nobody_waits_for_what_was_read_before(
    watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_documents, "_PATIENCE_SECONDS", 0.01)
    fake, may_answer, status = FakeHttp(), asyncio.Event(), [200]
    fake.serve("idp.example", lambda _: Answer(status=status[0], body=b'{"a": 1}'))

    class Hanging(FakeHttp):
        async def get(self, url: str, *, headers: Any = None) -> HttpResponse:
            await may_answer.wait()
            return await fake.get(url, headers=headers)

    watch.seconds = 1000.0
    documents = ProviderDocuments(Hanging(), monotonic=watch).of(uuid4(), "idp")
    url = "https://idp.example/keys"
    may_answer.set()
    for each in (200, 503):
        status[0], watch.seconds = each, watch.seconds + 601
        assert await documents.read(url) == {"a": 1}
    may_answer.clear()
    watch.seconds += 6
    async with asyncio.timeout(5):
        assert [await documents.read(url) for _ in range(3)] == [{"a": 1}] * 3
    status[0] = 200
    may_answer.set()
    assert await documents.read(url, renewed=True) == {"a": 1}
    assert documents.faults == []


async def test_ss_04_a_document_that_is_too_large_is_not_kept(
    remembering: Setup, host: Host
) -> None:
    remembering.provider.answers["/keys"] = Answer(body=b"[" + b" " * 300_000 + b"]")
    with pytest.raises(HttpFailure, match="larger"):
        await remembering.sign_in()


async def test_what_is_remembered_is_one_connections_and_bounded(
    host: Host, http: GuardedHttp
) -> None:
    documents = ProviderDocuments(http, size=30_000)
    tenant = uuid4()
    own, others = documents.of(tenant, "idp"), documents.of(uuid4(), "idp")
    url = f"https://{host.name}/a"
    await own.read(url)
    await others.read(url)
    await documents.of(tenant, "second").read(url)
    assert asked_for(host, "/a") == 3, "each asks for itself"
    for number in range(20):
        await own.read(f"https://{host.name}/{number}")
    await others.read(url)
    assert asked_for(host, "/a") == 3, "who asks for much loses its own alone"
    await own.read(url)
    assert asked_for(host, "/a") == 4
    for _ in range(40):
        await documents.of(uuid4(), "idp").read(url)
    await others.read(url)
    assert asked_for(host, "/a") == 45


async def test_set_up_shows_what_was_read_before_anybody_signs_in(make: Make) -> None:
    it = make()
    steps = await it.connector.examine()
    assert [(each.name, each.passed) for each in steps] == [
        ("Discovery document", True),
        ("PKCE", True),
        ("Client authentication", True),
        ("Signing keys", True),
    ]
    it.provider.keys = []
    assert [each.passed for each in await it.connector.examine()][-1] is False
    it.provider.metadata["issuer"] = "https://other.example"
    [step] = await it.connector.examine()
    assert (step.name, step.passed) == ("Discovery document", False)
    assert "issuer" in step.said
