"""Authorization requests that are signed (RFC 9101), and answers that are (JARM)."""

import json
import time
from typing import Any

import httpx2
import jwt
import pytest

from authgate import provisioning
from authgate.settings import Settings
from authgate.storage.clients.drafts import ClientChange
from authgate.storage.clients.metadata import ClientMetadata
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import (
    Application,
    Asking,
    allowed,
    claims,
    decided,
    sent_on,
    told,
)
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.pretend_host import Host
from authgate_testing.server import RunningServer
from authgate_testing.signing import SigningKey

pytestmark = on_sqlite


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As others', and requests may lie on this machine."""
    egress = settings.egress.model_copy(update={"allowed_networks": ("127.0.0.0/8", "::1/128")})
    return settings.model_copy(update={"egress": egress})


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.make()


@pytest.fixture
async def signer(server: RunningServer, console: Application, key: SigningKey) -> Application:
    """The application, which may sign."""
    await register(server, console, jwks=key.jwks())
    return console


async def register(server: RunningServer, application: Application, **metadata: Any) -> None:
    with use_tenant(application.tenant):
        change = ClientChange(metadata=ClientMetadata(**metadata))
        await provisioning.change_client(server.parts, application.client.client.client_id, change)


def signed(
    application: Application,
    key: SigningKey,
    *,
    typ: str = "oauth-authz-req+jwt",
    header: dict[str, Any] | None = None,
    **changed: Any,
) -> tuple[Asking, str]:
    """What the application asks for, signed; a claim that is ``None`` is left out."""
    asking, now = application.ask(), int(time.time())
    client_id = application.client.client.client_id
    said: dict[str, Any] = dict(httpx2.URL(asking.url).params)
    said |= {
        "iss": client_id,
        "aud": application.tenant.issuer,
        "iat": now,
        "nbf": now,
        "exp": now + 60,
    }
    return asking, key.sign(said | changed, typ=typ, header=header)


def sent(application: Application, request: str, **more: str) -> str:
    """Where the browser is sent with it."""
    named = {"client_id": application.client.client.client_id, "request": request}
    return str(httpx2.URL(f"{application.tenant.issuer}/oauth/authorize", params=named | more))


async def test_what_is_signed_counts_and_nothing_beside_it(
    signer: Application, key: SigningKey, person: Person
) -> None:
    asking, request = signed(signer, key, scope="openid read", max_age=3600)
    beside = {"scope": "openid write", "state": "x", "redirect_uri": "https://evil.example/"}
    await sent_on(person, sent(signer, request, **beside))
    code = told(await decided(person, "allow"))
    assert code["state"] == asking.state
    tokens = (await signer.redeem(code["code"], asking)).json()
    assert tokens["scope"] == "openid read"


@pytest.mark.parametrize("typ", ["JWT", "oauth-authz-req+jwt"])
async def test_a_signed_request_may_be_pushed(
    signer: Application, key: SigningKey, person: Person, typ: str
) -> None:
    asking, request = signed(signer, key, typ=typ)
    form = signer.credentials() | {"request": request, "scope": "openid write"}
    answer = await signer.http.post(f"{signer.tenant.issuer}/oauth/par", data=form)
    assert answer.status_code == 201, answer.text
    await sent_on(person, signer.led_by(answer.json()["request_uri"]))
    code = told(await decided(person, "allow"))
    tokens = (await signer.redeem(code["code"], asking)).json()
    assert tokens["scope"] == "openid profile email"


async def test_a_request_that_lacks_a_nonce_for_its_proof_is_not_used_up(
    signer: Application, key: SigningKey
) -> None:
    url = f"{signer.tenant.issuer}/oauth/par"
    form = signer.credentials() | {"request": signed(signer, key, jti="once")[1]}
    first = await signer.http.post(url, data=form, headers={"DPoP": key.proof("POST", url)})
    assert first.json()["error"] == "use_dpop_nonce"
    proof = key.proof("POST", url, nonce=first.headers["DPoP-Nonce"])
    second = await signer.http.post(url, data=form, headers={"DPoP": proof})
    assert second.status_code == 201, second.text


async def test_mx_13_a_request_that_its_client_has_not_signed_is_refused(
    server: RunningServer,
    signer: Application,
    native: Application,
    globex: Tenant,
    key: SigningKey,
    person: Person,
) -> None:
    now = int(time.time())
    stranger, theirs = SigningKey.make(), SigningKey.make(kid="2")
    await register(server, native, jwks=theirs.jwks())
    said: dict[str, Any] = {"iss": "console", "client_id": "console", "aud": signer.tenant.issuer}
    forged = {
        "not signed": jwt.encode(said | {"exp": now + 60}, None, "none"),  # type: ignore[arg-type]  # the library's word for no key
        "by a stranger": signed(signer, stranger)[1],
        "by another client": signed(signer, theirs)[1],
        "embedded key": signed(signer, stranger, header={"jwk": stranger.public_jwk()})[1],
        "extension": signed(signer, key, header={"crit": ["x"], "x": 1})[1],
        "proof": signed(signer, key, typ="dpop+jwt")[1],
        "assertion": signed(signer, key, sub="console")[1],
        "nested": signed(signer, key, request="x")[1],
        "elsewhere": signed(signer, key, request_uri="https://evil.example/")[1],
        "for nobody": signed(signer, key, aud=None)[1],
        "for another tenant": signed(signer, key, aud=globex.issuer)[1],
        "of another client": signed(signer, key, client_id="desktop")[1],
        "of nobody": signed(signer, key, client_id=None)[1],
        "issued by another": signed(signer, key, iss="desktop")[1],
        "too long": signed(signer, key, exp=now + 7300)[1],
        "over": signed(signer, key, exp=now - 60)[1],
        "not yet": signed(signer, key, nbf=now + 600)[1],
        "old": signed(signer, key, nbf=now - 3700)[1],
        "for too long": signed(signer, key, nbf=now - 1800, exp=now + 1860)[1],
        "odd jti": signed(signer, key, jti="")[1],
        "NUL": signed(signer, key, state="a\0b")[1],
        "half a character": signed(signer, key, state="\ud800")[1],
        "large number": signed(signer, key, max_age=2**70)[1],
        "nested deep": signed(signer, key, claims=json.loads("[" * 300 + "]" * 300))[1],
        "nonsense": "x",
    }
    for why, request in forged.items():
        page = await person.http.get(sent(signer, request))
        assert page.status_code == 400, why
        assert "invalid_request_object" in page.text, why
        form = signer.credentials() | {"request": request}
        answer = await signer.http.post(f"{signer.tenant.issuer}/oauth/par", data=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request_object"), why
    # Another client's object, and two at once.
    good = signed(signer, key)[1]
    for url in (
        sent(native, good),
        f"{sent(signer, good)}&request={good}",
        sent(signer, good, request_uri="https://evil.example/"),
    ):
        assert (await person.http.get(url)).status_code == 400


async def test_mx_13_a_request_with_a_jti_is_good_once(
    signer: Application, key: SigningKey, person: Person
) -> None:
    _, request = signed(signer, key, jti="once")
    assert (await person.http.get(sent(signer, request))).status_code == 303
    again = await person.http.get(sent(signer, request))
    assert (again.status_code, "invalid_request_object" in again.text) == (400, True)


async def test_a_client_that_may_ask_unsigned_need_not_say_when_its_request_begins_and_ends(
    signer: Application, key: SigningKey, person: Person
) -> None:
    _, request = signed(signer, key, nbf=None, iat=None, exp=None)
    assert (await person.http.get(sent(signer, request))).status_code == 303


async def test_a_request_may_be_for_others_too_and_clocks_may_differ(
    signer: Application, key: SigningKey, person: Person
) -> None:
    soon, here = int(time.time()) + 8, signer.tenant.issuer
    _, request = signed(signer, key, aud=[here, "https://other.example/"], nbf=soon, iat=soon)
    assert (await person.http.get(sent(signer, request))).status_code == 303


async def test_what_is_wrong_in_a_signed_request_is_told_at_its_address(
    signer: Application, key: SigningKey, person: Person
) -> None:
    _, request = signed(signer, key, scope="admin")
    assert told(await person.http.get(sent(signer, request)))["error"] == "invalid_scope"
    _, request = signed(signer, key, redirect_uri="https://evil.example/")
    assert (await person.http.get(sent(signer, request))).status_code == 400


async def test_a_client_may_be_registered_to_sign_its_requests(
    server: RunningServer, console: Application, key: SigningKey, person: Person
) -> None:
    rsa = SigningKey.make("PS256", kid="2")
    keys = {"keys": [key.public_jwk(), rsa.public_jwk()]}
    await register(
        server,
        console,
        jwks=keys,
        require_signed_request_object=True,
        request_object_signing_alg="PS256",
    )
    plain = await person.http.get(console.ask().url)
    assert (plain.status_code, "(invalid_request)" in plain.text) == (400, True)
    pushed = await console.pushed(console.ask())
    assert pushed.json()["error"] == "invalid_request"
    other = await person.http.get(sent(console, signed(console, key)[1]))
    assert other.status_code == 400
    for missing in (signed(console, rsa, nbf=None), signed(console, rsa, exp=None)):
        answer = await person.http.get(sent(console, missing[1]))
        assert (answer.status_code, "invalid_request_object" in answer.text) == (400, True)
    assert (await person.http.get(sent(console, signed(console, rsa)[1]))).status_code == 303


# --- Requests that the client keeps --------------------------------------------------------------


def referred(application: Application, uri: str, **more: str) -> str:
    """Where the browser is sent with the address of a request."""
    named = {"client_id": application.client.client.client_id, "request_uri": uri}
    return str(httpx2.URL(f"{application.tenant.issuer}/oauth/authorize", params=named | more))


async def test_a_request_is_fetched_from_where_its_client_is_registered(
    server: RunningServer, console: Application, key: SigningKey, person: Person, host: Host
) -> None:
    uri = f"https://{host.name}/request.jwt#GkurKxf5T0Y-mnPFCHqWOMiZi4VS138cQO_V7PZHAdM"
    await register(server, console, jwks=key.jwks(), request_uris=(uri,))
    asking, request = signed(console, key, scope="openid read", exp=None)
    host.says(body=f"{request}\n".encode())
    page = await sent_on(person, referred(console, uri, scope="openid write", state="x"))
    assert page.status_code == 200, page.text
    answer = told(await decided(person, "allow"))
    assert answer["state"] == asking.state
    tokens = (await console.redeem(answer["code"], asking)).json()
    assert tokens["scope"] == "openid read"
    [asked] = host.asked
    assert (asked.method, asked.path) == ("GET", "/request.jwt")
    assert "oauth-authz-req+jwt" in asked.headers["accept"]


async def test_mx_11_no_request_is_fetched_from_anywhere_else(
    server: RunningServer, console: Application, key: SigningKey, person: Person, host: Host
) -> None:
    uri = f"https://{host.name}/request.jwt"
    await register(server, console, jwks=key.jwks(), request_uris=(uri,))
    request = signed(console, key)[1]
    host.says(body=request.encode())
    for url in (
        referred(console, f"{uri}?x"),
        referred(console, "https://169.254.169.254/"),
        referred(console, uri, request=request),
        f"{referred(console, uri)}&request_uri={uri}",
    ):
        assert (await person.http.get(url)).status_code == 400, url
    form = console.credentials() | {"request_uri": uri}
    answer = await console.http.post(f"{console.tenant.issuer}/oauth/par", data=form)
    assert answer.json()["error"] == "invalid_request"
    assert host.asked == []


async def test_mx_13_what_lies_there_has_to_be_the_clients_request(
    server: RunningServer, console: Application, key: SigningKey, person: Person, host: Host
) -> None:
    uri = f"https://{host.name}/request.jwt"
    await register(server, console, jwks=key.jwks(), request_uris=(uri,))
    good, forged = signed(console, key)[1], signed(console, SigningKey.make())[1]
    for said, error in (
        ({"body": forged.encode()}, "invalid_request_object"),
        ({"body": b""}, "invalid_request_object"),
        ({"body": "né".encode()}, "invalid_request_uri"),
        ({"body": good.encode(), "status": 404}, "invalid_request_uri"),
        ({"status": 302, "headers": {"location": "https://127.0.0.1/"}}, "invalid_request_uri"),
        ({"body": b"x" * 70_000}, "invalid_request_uri"),
    ):
        host.says(**said)
        page = await person.http.get(referred(console, uri))
        assert (page.status_code, f"({error})" in page.text) == (400, True), said


async def test_mx_06_answers_are_signed_where_that_is_asked_for(
    console: Application, person: Person
) -> None:
    http, tenant = console.http, console.tenant
    for mode in ("form_post.jwt", "jwt", "query.jwt"):
        asking = console.ask(response_mode=mode)
        answer = await allowed(person, asking)
        assert set(answer) == {"response"}
        said = await claims(http, tenant, answer["response"], audience="console")
        assert said["state"] == asking.state
        assert int(str(said["exp"])) <= time.time() + 601
        tokens = await console.redeem(str(said["code"]), asking)
        assert tokens.status_code == 200, tokens.text
    refused = told(await person.http.get(console.ask(response_mode="jwt", scope="admin").url))
    said = await claims(http, tenant, refused["response"], audience="console")
    assert said["error"] == "invalid_scope"
    # No answer passes for an ID token or an access token.
    for path in ("/oauth/userinfo", "/oauth/tokeninfo"):
        headers = {"Authorization": f"Bearer {refused['response']}"}
        assert (await http.get(f"{tenant.issuer}{path}", headers=headers)).status_code == 401


async def test_a_client_that_signs_has_keys(server: RunningServer, console: Application) -> None:
    for metadata in (
        {"require_signed_request_object": True},
        {"request_object_signing_alg": "none"},
    ):
        with pytest.raises(provisioning.UnfitClient):
            await register(server, console, **metadata)
