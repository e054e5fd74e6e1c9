"""Answers that are signed: ID tokens, introspection (RFC 9701) and userinfo (OpenID Connect Core
5.3.2)."""

import base64
import hashlib
from dataclasses import replace
from typing import Any

import httpx2
import jwt
import pytest

from authgate import provisioning
from authgate.provisioning import UnfitClient
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.tokens.id_token import algorithm_for
from authgate_tenants import use_tenant
from authgate_testing.application import Application, claims, sent_on
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

pytestmark = on_sqlite

INTROSPECTION = "application/token-introspection+jwt"


@pytest.fixture
async def tokens(console: Application, person: Person) -> dict[str, str]:
    """What the console holds of Alice."""
    return await console.signed_in(person, scope="openid profile read")


async def asked(console: Application, token: str, accept: str) -> httpx2.Response:
    form = {"token": token} | console.credentials()
    url = f"{console.tenant.issuer}/oauth/introspect"
    return await console.http.post(url, data=form, headers={"Accept": accept})


async def test_introspection_is_signed_for_who_asks_for_it(
    console: Application, tokens: dict[str, str]
) -> None:
    answer = await asked(console, tokens["access_token"], INTROSPECTION)
    assert answer.headers["content-type"] == INTROSPECTION
    assert answer.headers["cache-control"] == "no-store"
    assert jwt.get_unverified_header(answer.text)["typ"] == "token-introspection+jwt"
    said: dict[str, Any] = await claims(
        console.http, console.tenant, answer.text, audience="console"
    )
    plain = await asked(console, tokens["access_token"], "application/json")
    assert said["token_introspection"] == plain.json()
    # Section 5: what says of a token that it is good is no token itself.
    assert "sub" not in said
    assert "exp" not in said
    unknown = await asked(console, "x", INTROSPECTION)
    said = await claims(console.http, console.tenant, unknown.text, audience="console")
    assert said["token_introspection"] == {"active": False}


async def test_userinfo_is_signed_for_a_client_registered_so(
    server: RunningServer, console: Application, tokens: dict[str, str], at_acme: Caller
) -> None:
    plain = await at_acme.get("/oauth/userinfo", bearer=tokens["access_token"])
    with use_tenant(console.tenant):
        change = ClientChange(metadata=ClientMetadata(userinfo_signed_response_alg="ES256"))
        await provisioning.change_client(server.parts, "console", change)
    answer = await at_acme.get("/oauth/userinfo", bearer=tokens["access_token"])
    assert answer.headers["content-type"] == "application/jwt"
    said = await claims(console.http, console.tenant, answer.text, audience="console")
    assert {name: said[name] for name in plain.json()} == plain.json()
    for path in ("/oauth/userinfo", "/oauth/tokeninfo"):
        assert (await at_acme.get(path, bearer=answer.text)).status_code == 401
    assert (await asked(console, answer.text, "*/*")).json() == {"active": False}


async def test_answers_are_signed_by_the_tenants_algorithm_alone(
    server: RunningServer, console: Application
) -> None:
    change = ClientChange(metadata=ClientMetadata(userinfo_signed_response_alg="none"))
    with use_tenant(console.tenant), pytest.raises(UnfitClient):
        await provisioning.change_client(server.parts, "console", change)


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
async def test_id_tokens_are_signed_as_their_client_is_registered(
    server: RunningServer, console: Application, person: Person, algorithm: str
) -> None:
    with use_tenant(console.tenant):
        said = ClientMetadata(id_token_signed_response_alg=algorithm)
        await provisioning.change_client(server.parts, "console", ClientChange(metadata=said))
    shown = await kids(console)
    tokens = await console.signed_in(person, scope="openid")
    id_token = tokens["id_token"]
    assert jwt.get_unverified_header(id_token)["kid"] in shown, "whoever keeps a JWKS knows it"
    assert jwt.get_unverified_header(id_token)["alg"] == algorithm
    assert jwt.get_unverified_header(tokens["access_token"])["alg"] == "ES256"
    known = await claims(console.http, console.tenant, id_token, audience="console")
    hashing = hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256
    digest = hashing(tokens["access_token"].encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    assert known["at_hash"] == half
    again = await sent_on(
        person, console.ask(scope="openid", prompt="none", id_token_hint=id_token).url
    )
    assert "code=" in again.headers["location"], "it is a hint as any other"


async def test_a_new_client_is_shown_what_will_sign_its_id_tokens(
    server: RunningServer, console: Application
) -> None:
    before = await kids(console)
    said = ClientMetadata(id_token_signed_response_alg="EdDSA")
    with use_tenant(console.tenant):
        draft = ClientDraft(name="Other", grant_types=["client_credentials"], metadata=said)
        await provisioning.add_client(server.parts, draft)
    assert len(await kids(console) - before) == 2, "what signs, and what waits"


async def kids(app: Application) -> set[str]:
    answer = await app.http.get(f"{app.tenant.issuer}/.well-known/jwks.json")
    return {key["kid"] for key in answer.json()["keys"]}


@pytest.mark.parametrize("algorithm", ["none", "HS256", "PS256"])
async def test_id_tokens_are_signed_by_what_their_issuer_has(
    server: RunningServer, console: Application, algorithm: str
) -> None:
    said = ClientMetadata(id_token_signed_response_alg=algorithm)
    with use_tenant(console.tenant), pytest.raises(UnfitClient):
        await provisioning.change_client(server.parts, "console", ClientChange(metadata=said))


async def test_what_a_security_profile_forbids_signs_no_id_token(
    server: RunningServer, console: Application
) -> None:
    said = ClientMetadata(id_token_signed_response_alg="RS256", security_profile="fapi2")
    with use_tenant(console.tenant):
        with pytest.raises(UnfitClient):
            await provisioning.change_client(server.parts, "console", ClientChange(metadata=said))
        assert algorithm_for(replace(console.client.client, metadata=said)) == "ES256"
