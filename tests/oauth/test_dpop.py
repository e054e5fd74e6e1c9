"""Tokens that are worthless without the key they are bound to (RFC 9449)."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import jwt
import pytest

from authgate import provisioning
from authgate.provisioning import NewClient
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.grants.spent_jtis import SpentJti
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, allowed, decided, sent_on, told
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.person import Person
from authgate_testing.server import RunningServer
from authgate_testing.signing import SigningKey

ALGORITHMS = "ES256 EdDSA PS256 RS256"


@dataclass
class Prover:
    """A client that sends proofs, with the nonce that it was given last."""

    http: httpx2.AsyncClient
    tenant: Tenant
    key: SigningKey
    nonce: str = ""

    async def post(
        self, path: str, form: Mapping[str, str], *, proof: str = "", **claims: Any
    ) -> httpx2.Response:
        """Send a form with a proof, and once more where a nonce is asked for."""
        url = f"{self.tenant.issuer}{path}"
        answer = await self.once("POST", url, dict(form), proof, claims)
        if not proof and not claims and answer.json().get("error") == "use_dpop_nonce":
            answer = await self.once("POST", url, dict(form), proof, claims)
        return answer

    async def once(
        self, method: str, url: str, form: dict[str, str], proof: str, claims: dict[str, Any]
    ) -> httpx2.Response:
        made = proof or self.key.proof(method, url, **({"nonce": self.nonce} | claims))
        answer = await self.http.request(method, url, data=form, headers={"DPoP": made})
        self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
        return answer

    async def show(
        self, path: str, token: str, *, scheme: str = "DPoP", **claims: Any
    ) -> httpx2.Response:
        """Show an access token, with a proof made for it."""
        url = f"{self.tenant.issuer}{path}"
        said = {"access_token": token} | claims
        proof = self.key.proof("GET", url, nonce=self.nonce, **said)
        headers = {"Authorization": f"{scheme} {token}", "DPoP": proof}
        return await self.http.get(url, headers=headers)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.make()


@pytest.fixture
def prover(server: RunningServer, acme: Tenant, key: SigningKey) -> Prover:
    return Prover(server.http, acme, key)


@pytest.fixture
def thief(server: RunningServer, acme: Tenant) -> Prover:
    """Somebody with another key."""
    return Prover(server.http, acme, SigningKey.make())


def by_form(client: NewClient) -> dict[str, str]:
    return {"client_id": client.client.client_id, "client_secret": client.secret or ""}


@pytest.fixture
async def bound(prover: Prover, native: Application, person: Person) -> dict[str, str]:
    """Alice's tokens, bound to the key of a public client."""
    return await signed_in(prover, native, person)


async def signed_in(prover: Prover, app: Application, person: Person) -> dict[str, str]:
    asking = app.ask()
    code = (await allowed(person, asking))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": app.redirect_uri,
        "code_verifier": asking.verifier,
    }
    answer = await prover.post("/oauth/token", form | app.credentials())
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens


async def test_a_bound_token_names_its_key_everywhere(
    prover: Prover, thief: Prover, bound: dict[str, str], confidential: NewClient, acme: Tenant
) -> None:
    assert bound["token_type"] == "DPoP"
    said = jwt.decode(bound["access_token"], options={"verify_signature": False})
    assert said["cnf"] == {"jkt": prover.key.thumbprint}
    for path, scheme in (("/oauth/userinfo", "DPoP"), ("/oauth/tokeninfo", "DPOP")):
        answer = await prover.show(path, bound["access_token"], scheme=scheme)
        assert answer.status_code == 200, answer.text
    # A resource server learns the key by introspection.
    machine = await prover.post(
        "/oauth/token", {"grant_type": "client_credentials"} | by_form(confidential)
    )
    token = machine.json()["access_token"]
    told = await prover.http.post(
        f"{acme.issuer}/oauth/introspect", data={"token": token} | by_form(confidential)
    )
    assert (told.json()["token_type"], told.json()["cnf"]["jkt"]) == (
        "DPoP",
        prover.key.thumbprint,
    )


@on_sqlite
async def test_a_proof_is_made_for_a_path_as_it_was_sent(
    server: RunningServer, prover: Prover, acme: Tenant
) -> None:
    draft = ClientDraft(
        name="Terraform",
        client_id="a:b",
        grant_types=["client_credentials"],
        scopes=["authgate:clients:read"],
    )
    with use_tenant(acme):
        machine = await provisioning.add_client(server.parts, draft)
    scope = "authgate:clients:read"
    form = {"grant_type": "client_credentials", "scope": scope} | by_form(machine)
    token = (await prover.post("/oauth/token", form)).json()["access_token"]
    path = "/api/v1/clients/a%3Ab"
    for signed in (path, path.lower()):
        answer = await prover.show(path, token, htu=f"{acme.issuer}{signed}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["client_id"] == "a:b"
    for signed in ("/api/v1/clients/a:b", "/api/v1/clients/a%3Bb"):
        answer = await prover.show(path, token, htu=f"{acme.issuer}{signed}")
        assert answer.status_code == 401, signed


@pytest.mark.parametrize("path", ["/oauth/userinfo", "/oauth/tokeninfo"])
@on_sqlite
async def test_a_bound_token_is_refused_without_a_fresh_proof_of_its_key(
    server: RunningServer, prover: Prover, thief: Prover, bound: dict[str, str], path: str
) -> None:
    token, url = bound["access_token"], f"{prover.tenant.issuer}{path}"
    thief.nonce = prover.nonce
    once = prover.key.proof("GET", url, nonce=prover.nonce, access_token=token)
    replayed = {"Authorization": f"DPoP {token}", "DPoP": once}
    assert (await server.http.get(url, headers=replayed)).status_code == 200
    wrong = {
        "as a bearer token": await prover.show(path, token, scheme="Bearer"),
        "in a form": await server.http.post(
            f"{prover.tenant.issuer}/oauth/userinfo", data={"access_token": token}
        ),
        "by another key": await thief.show(path, token),
        "for another token": await prover.show(path, token, access_token=f"{token}x"),
        "for no token": await prover.show(path, token, access_token=""),
        "for half a character": await prover.show(path, token, ath="\ud800"),
        "for another method": await prover.show(path, token, htm="POST"),
        "for another URL": await prover.show(path, token, htu=f"{url}x"),
        "for another tenant": await prover.show(path, token, htu=url.replace("acme", "globex")),
        "replayed": await server.http.get(url, headers=replayed),
        "without a proof": await server.http.get(url, headers={"Authorization": f"DPoP {token}"}),
    }
    as_bearer = ("as a bearer token", "in a form")
    for why, answer in wrong.items():
        assert answer.status_code == 401, why
        assert answer.json()["error"] in ("invalid_token", "invalid_dpop_proof"), why
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith("Bearer" if why in as_bearer else "DPoP "), why
    assert f'algs="{ALGORITHMS}"' in wrong["replayed"].headers["WWW-Authenticate"]


@on_sqlite
async def test_a_token_that_is_not_bound_does_not_pass_for_one_that_is(
    prover: Prover, native: Application, person: Person
) -> None:
    plain = await native.signed_in(person)
    assert plain["token_type"] == "Bearer"
    answer = await prover.show("/oauth/userinfo", plain["access_token"])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


@on_sqlite
async def test_a_nonce_is_asked_for_and_ends(
    server: RunningServer, prover: Prover, confidential: NewClient, bound: dict[str, str]
) -> None:
    form = {"grant_type": "client_credentials"} | by_form(confidential)
    url = f"{prover.tenant.issuer}/oauth/token"
    prover.nonce = ""
    first = await prover.once("POST", url, form, "", {})
    assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
    assert "WWW-Authenticate" not in first.headers
    granted = await prover.once("POST", url, form, "", {})
    assert granted.status_code == 200, granted.text
    assert granted.headers["DPoP-Nonce"] == prover.nonce
    for nonce in ("x", "A" * 55, "ü", "A" * 1000, f"{prover.nonce[:-2]}AA"):
        answer = await prover.post("/oauth/token", form, nonce=nonce)
        assert answer.json()["error"] == "use_dpop_nonce"
    server.clock.advance(301)
    late = await prover.show("/oauth/userinfo", bound["access_token"], iat=server_time(server))
    assert (late.status_code, late.json()["error"]) == (401, "use_dpop_nonce")
    assert late.headers["DPoP-Nonce"] != prover.nonce
    assert late.headers["WWW-Authenticate"].startswith('DPoP error="use_dpop_nonce"')


def server_time(server: RunningServer) -> int:
    return int(server.clock().timestamp())


@on_sqlite
async def test_a_nonce_of_another_tenant_is_none(
    server: RunningServer, prover: Prover, globex: Tenant, confidential: NewClient
) -> None:
    form = {"grant_type": "client_credentials"} | by_form(confidential)
    with use_tenant(globex):
        other = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Globex",
                client_id=confidential.client.client_id,
                grant_types=["client_credentials"],
                scopes=["read"],
            ),
        )
    there = Prover(server.http, globex, prover.key)
    told = await there.post("/oauth/token", {"grant_type": "client_credentials"} | by_form(other))
    assert told.status_code == 200
    answer = await prover.post("/oauth/token", form, nonce=there.nonce)
    assert answer.json()["error"] == "use_dpop_nonce"


@on_sqlite
async def test_a_tenant_may_do_without_nonces(
    server: RunningServer, prover: Prover, confidential: NewClient, acme: Tenant
) -> None:
    await provisioning.change_tenant(
        server.parts, acme, change=lambda settings: replace(settings, dpop_nonces=False)
    )
    form = {"grant_type": "client_credentials"} | by_form(confidential)
    url = f"{prover.tenant.issuer}/oauth/token"
    proof = prover.key.proof("POST", url)
    assert (await prover.once("POST", url, form, proof, {})).status_code == 200
    again = await prover.once("POST", url, form, proof, {})
    assert (again.status_code, again.json()["error"]) == (400, "invalid_dpop_proof")


@on_sqlite
async def test_a_client_registered_so_gets_no_token_without_a_key(
    server: RunningServer, prover: Prover, confidential: NewClient, acme: Tenant
) -> None:
    form = {"grant_type": "client_credentials"} | by_form(confidential)
    change = ClientChange(metadata=ClientMetadata(dpop_bound_access_tokens=True))
    with use_tenant(acme):
        await provisioning.change_client(server.parts, confidential.client.client_id, change)
    bare = await server.http.post(f"{acme.issuer}/oauth/token", data=form)
    assert (bare.status_code, bare.json()["error"]) == (400, "invalid_dpop_proof")
    assert (await prover.post("/oauth/token", form)).status_code == 200


async def test_a_proof_is_good_once_however_many_requests_carry_it(
    prover: Prover, confidential: NewClient, acme: Tenant
) -> None:
    form = {"grant_type": "client_credentials"} | by_form(confidential)
    assert (await prover.post("/oauth/token", form)).status_code == 200
    url = f"{acme.issuer}/oauth/token"
    proof = prover.key.proof("POST", url, nonce=prover.nonce)
    answers = await asyncio.gather(*(prover.once("POST", url, form, proof, {}) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 19
    with use_tenant(acme):
        assert proof not in str(await SpentJti.all().values())


@on_sqlite
async def test_a_proof_that_is_not_one_is_refused(
    prover: Prover, confidential: NewClient, acme: Tenant
) -> None:
    form = {"grant_type": "client_credentials"} | by_form(confidential)
    assert (await prover.post("/oauth/token", form)).status_code == 200
    url, now = f"{acme.issuer}/oauth/token", server_now()
    key = prover.key
    claims = {"jti": "1", "htm": "POST", "htu": url, "iat": now, "nonce": prover.nonce}
    jwk = key.public_jwk()
    other = SigningKey.make()
    secret = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}
    forged = [
        "",
        "x",
        "a.b.c",
        "A" * 9000,
        key.sign(claims, typ="JWT", header={"jwk": jwk}),
        key.sign(claims, typ="dpop+jwt"),
        key.sign(claims, typ="dpop+jwt", header={"jwk": other.public_jwk()}),
        key.sign(claims, typ="dpop+jwt", header={"jwk": key.private_jwk()}),
        key.sign(claims, typ="dpop+jwt", header={"jwk": jwk | {"alg": ["ES256"]}}),
        key.sign(claims, typ="dpop+jwt", header={"jwk": jwk, "crit": ["x"], "x": 1}),
        SigningKey.make("RS256", bits=1024).proof("POST", url, nonce=prover.nonce),
        jwt.encode(claims, "s" * 32, "HS256", headers={"typ": "dpop+jwt", "jwk": secret}),
        jwt.encode(claims, None, "none", headers={"typ": "dpop+jwt", "jwk": jwk}),  # type: ignore[arg-type]  # the library's word for no key
    ]
    for proof in forged:
        answer = await prover.http.post(url, data=form, headers={"DPoP": proof})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof"), proof
    wrong: list[dict[str, Any]] = [
        {"jti": None},
        {"jti": ""},
        {"jti": 1},
        {"jti": "x" * 300},
        {"jti": "\ud800"},
        {"iat": None},
        {"iat": now - 400},
        {"iat": now + 60},
        {"iat": "now"},
        {"iat": True},
        {"iat": 1e300},
        {"htm": "GET"},
        {"htm": "post"},
        {"htu": f"{url}/"},
        {"htu": f"{acme.issuer}/oauth/par"},
        {"htu": "https://[evil"},
        {"htu": None},
    ]
    for each in wrong:
        answer = await prover.post("/oauth/token", form, **each)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof"), each
    twice = [("DPoP", key.proof("POST", url, nonce=prover.nonce)) for _ in range(2)]
    answer = await prover.http.post(url, data=form, headers=twice)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    # The same place, written otherwise (RFC 3986 section 6.2).
    for place in (url.upper().replace("/T/ACME/OAUTH/TOKEN", "/t/acme/oauth/token"), f"{url}?a#b"):
        assert (await prover.post("/oauth/token", form, htu=place)).status_code == 200, place


def server_now() -> int:
    return int(time.time())


@on_sqlite
@pytest.mark.parametrize("algorithm", ALGORITHMS.split())
async def test_keys_of_every_algorithm_of_the_metadata_make_proofs(
    prover: Prover, confidential: NewClient, acme: Tenant, algorithm: str
) -> None:
    metadata = await prover.http.get(f"{acme.issuer}/.well-known/openid-configuration")
    assert metadata.json()["dpop_signing_alg_values_supported"] == ALGORITHMS.split()
    prover.key = SigningKey.make(algorithm)
    form = {"grant_type": "client_credentials"} | by_form(confidential)
    answer = await prover.post("/oauth/token", form)
    said = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert said["cnf"] == {"jkt": prover.key.thumbprint}


async def test_rt_14_a_public_clients_refresh_token_needs_its_key(
    prover: Prover, thief: Prover, native: Application, bound: dict[str, str]
) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": bound["refresh_token"]}
    stolen = await thief.post("/oauth/token", form | native.credentials())
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_dpop_proof")
    bare = await native.refresh(bound["refresh_token"])
    assert (bare.status_code, bare.json()["error"]) == (400, "invalid_dpop_proof")
    # Neither has spent it, nor ended its family.
    fresh = (await prover.post("/oauth/token", form | native.credentials())).json()
    assert fresh["token_type"] == "DPoP"
    again = form | {"refresh_token": fresh["refresh_token"]}
    assert (await thief.post("/oauth/token", again | native.credentials())).status_code == 400
    assert (await native.refresh(bound["refresh_token"])).status_code == 400
    assert (await prover.post("/oauth/token", again | native.credentials())).status_code == 200


@on_sqlite
async def test_a_confidential_client_may_change_its_key(
    prover: Prover, thief: Prover, console: Application, person: Person
) -> None:
    tokens = await signed_in(prover, console, person)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    answer = await thief.post("/oauth/token", form | console.credentials())
    said = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert said["cnf"] == {"jkt": thief.key.thumbprint}


async def test_a_code_that_was_asked_for_with_a_key_is_redeemed_with_that_key(
    prover: Prover, thief: Prover, native: Application, person: Person
) -> None:
    for redeemer, status in ((prover, 200), (thief, 400), (None, 400)):
        asking = native.ask(dpop_jkt=prover.key.thumbprint)
        code = (await allowed(person, asking))["code"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": native.redirect_uri,
            "code_verifier": asking.verifier,
        } | native.credentials()
        url = f"{native.tenant.issuer}/oauth/token"
        send = redeemer.post("/oauth/token", form) if redeemer else native.http.post(url, data=form)
        assert (await send).status_code == status


@on_sqlite
async def test_a_request_that_is_pushed_with_a_proof_is_for_its_key(
    prover: Prover, thief: Prover, native: Application, person: Person
) -> None:
    asking = native.ask()
    query = dict(httpx2.URL(asking.url).params) | native.credentials()
    answer = await prover.post("/oauth/par", query)
    assert answer.status_code == 201, answer.text
    await sent_on(person, native.led_by(answer.json()["request_uri"]))
    code = told(await decided(person, "allow"))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": native.redirect_uri,
        "code_verifier": asking.verifier,
    }
    assert (await thief.post("/oauth/token", form | native.credentials())).status_code == 400
    mixed = await prover.post("/oauth/par", query | {"dpop_jkt": thief.key.thumbprint})
    assert (mixed.status_code, mixed.json()["error"]) == (400, "invalid_dpop_proof")
    odd = await prover.post("/oauth/par", query | {"dpop_jkt": "x"})
    assert (odd.status_code, odd.json()["error"]) == (400, "invalid_request")


@on_sqlite
async def test_a_device_is_given_bound_tokens(
    prover: Prover, device: Device, person: Person
) -> None:
    shown = await device.start()
    await decide(person, shown)
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": shown["device_code"],
    }
    answer = await prover.post("/oauth/token", form | device.credentials())
    assert answer.json()["token_type"] == "DPoP"
