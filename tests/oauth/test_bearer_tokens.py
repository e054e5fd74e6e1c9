"""Which access tokens are believed: the same answer at every endpoint that takes one."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from authgate import audit, storage
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.provisioning import NewClient
from authgate.storage.clients.rows import ClientRow
from authgate.storage.issued import tokens
from authgate.storage.issued.tokens import NewToken, Token, TokenCategory
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.vocabulary import TokenStatus, UserStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.caller import Caller, resource
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.processes import LOOPBACK, free_port
from authgate_testing.server import RunningServer

ENDPOINTS = ("/oauth/tokeninfo", "/oauth/userinfo")


@pytest.fixture
async def token(device: Device, person: Person) -> str:
    """A good access token of Alice's."""
    shown = await device.start()
    await decide(person, shown)
    granted: str = (await device.poll(shown["device_code"])).json()["access_token"]
    return granted


Refused = Callable[..., Awaitable[None]]


@pytest.fixture
def is_refused(at_acme: Caller) -> Refused:
    """Show each of these tokens at each endpoint; none of them may be believed."""

    async def check(*forged: str, at: Caller = at_acme) -> None:
        for text in forged:
            for endpoint in ENDPOINTS:
                headers = [("Authorization", f"Bearer {text}")]
                answer = await at.get(endpoint, headers=headers)
                assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token"), text
                challenge = answer.headers["www-authenticate"]
                assert challenge == f'Bearer {resource(at.tenant)}, error="invalid_token"'

    return check


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def encoded(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@on_sqlite
async def test_a_good_token_is_believed_at_each_endpoint(at_acme: Caller, token: str) -> None:
    for endpoint in ENDPOINTS:
        assert (await at_acme.get(endpoint, bearer=token)).status_code == 200
        # RFC 9110 section 11.1: the name of the scheme has no case.
        lower = await at_acme.get(endpoint, headers=[("Authorization", f"bearer {token}")])
        assert lower.status_code == 200


@on_sqlite
async def test_jw_01_a_token_without_a_signature_is_refused(
    token: str, is_refused: Refused
) -> None:
    header, claims = parts(token)
    stripped = token.rpartition(".")[0]
    without = {name: value for name, value in header.items() if name != "alg"}
    names = ("none", "None", "nOnE", "", "HS256")
    forged = [f"{encoded(header | {'alg': alg})}.{encoded(claims)}." for alg in names]
    await is_refused(*forged, f"{stripped}.", stripped, f"{encoded(without)}.{encoded(claims)}.")


@on_sqlite
async def test_jw_02_a_token_signed_with_the_public_key_as_secret_is_refused(
    at_acme: Caller, token: str, is_refused: Refused
) -> None:
    header, claims = parts(token)
    keys = (await at_acme.get("/.well-known/jwks.json")).json()["keys"]
    signed = f"{encoded(header | {'alg': 'HS256'})}.{encoded(claims)}"
    public = jwt.PyJWK.from_dict(next(each for each in keys if each["kid"] == header["kid"])).key
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    for secret in (
        json.dumps(keys[0]).encode(),
        public.public_bytes(serialization.Encoding.PEM, spki),
        public.public_bytes(serialization.Encoding.DER, spki),
        b"",
    ):
        digest = hmac.digest(secret, signed.encode(), hashlib.sha256)
        signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        await is_refused(f"{signed}.{signature}")


@on_sqlite
async def test_jw_03_the_name_of_a_key_is_only_looked_up(token: str, is_refused: Refused) -> None:
    _, claims = parts(token)
    key = ec.generate_private_key(ec.SECP256R1())
    for kid in ("../../dev/null", "' OR 1=1 --", "a\0b", "k" * 3_000, "", "ES256"):
        await is_refused(jwt.encode(claims, key, algorithm="ES256", headers={"kid": kid}))
    body = token.split(".", 1)[1]
    header, _ = parts(token)
    for odd in (7, None, {"a": 1}, [header["kid"]], True):
        await is_refused(f"{encoded(header | {'kid': odd})}.{body}")


@on_sqlite
async def test_jw_04_keys_that_a_token_brings_along_are_not_used_or_fetched(
    token: str, is_refused: Refused
) -> None:
    header, claims = parts(token)
    key = ec.generate_private_key(ec.SECP256R1())
    own = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    visitors: list[object] = []
    port = free_port()

    async def visited(_reader: object, writer: asyncio.StreamWriter) -> None:
        visitors.append(writer)
        writer.close()

    listener = await asyncio.start_server(visited, LOOPBACK, port)
    async with listener:
        url = f"http://{LOOPBACK}:{port}/keys"
        for brought in ({"jku": url}, {"x5u": url}, {"jwk": own}, {"x5c": ["MIIB"]}):
            for kid in (header["kid"], "mine"):
                headers = {"kid": kid, "typ": "at+jwt", **brought}
                await is_refused(jwt.encode(claims, key, algorithm="ES256", headers=headers))
    assert visitors == []


async def test_jw_05_a_key_of_one_tenant_signs_nothing_for_another(
    server: RunningServer,
    at_globex: Caller,
    acme: Tenant,
    globex: Tenant,
    bob: User,
    is_refused: Refused,
) -> None:
    # The worst case: acme's own key signs what only globex could have said, word for word, and
    # globex remembers a token with this very id.
    with use_tenant(acme):
        signer = await server.parts.keys.signer("ES256")
    claims = {
        "iss": globex.issuer,
        "sub": str(bob.id),
        "aud": globex.issuer,
        "client_id": "cli",
        "user_id": str(bob.id),
        "scope": "openid profile email",
        "type": "access",
        "iat": int(utc_now().timestamp()),
        "exp": int(utc_now().timestamp()) + 3600,
        "jti": "01936b8e-0000-7000-8000-0000000000aa",
    }
    forged = await signer.sign(claims)
    with use_tenant(globex):
        await _remember(forged, claims, bob)
    await is_refused(forged, at=at_globex)


async def _remember(text: str, claims: dict[str, Any], user: User) -> None:
    await ClientRow.create(
        client_id=claims["client_id"],
        name="CLI",
        authentication_methods=["none"],
        grant_types=[],
        scopes=[],
    )
    new = NewToken(
        jti=claims["jti"],
        category=TokenCategory.ACCESS,
        token=text,
        client_id=claims["client_id"],
        user_id=user.id,
        family_id=None,
        scope=claims["scope"],
        grant_type="forged",
        created_at=utc_now(),
        expires_at=utc_now() + timedelta(hours=1),
    )
    await storage.append(tokens.row(new))


@on_sqlite
async def test_jw_06_the_names_of_keys_are_unlike_in_every_tenant(
    at_acme: Caller, at_globex: Caller
) -> None:
    kids = [
        key["kid"]
        for caller in (at_acme, at_globex)
        for key in (await caller.get("/.well-known/jwks.json")).json()["keys"]
    ]
    assert len(kids) == len(set(kids)) >= 4
    assert all(len(kid) == 43 for kid in kids), "the thumbprint of the key itself"


async def test_jw_07_a_token_of_one_tenant_is_worth_nothing_at_another(
    at_globex: Caller, token: str, stranger: Person, is_refused: Refused, ledger: Ledger
) -> None:
    await is_refused(token, at=at_globex)
    # Nor does it open any page there.
    for path in ("/account/sessions", "/device"):
        answer = await at_globex.get(path, bearer=token)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (
            303,
            f"{at_globex.tenant.prefix}/login",
        )
    assert await ledger.events(at_globex.tenant, Event.ACCESS_TOKEN_ISSUED) == []


@on_sqlite
async def test_in_03_a_foreign_token_is_answered_like_an_unknown_one(
    at_globex: Caller, token: str
) -> None:
    for endpoint in ENDPOINTS:
        foreign = await at_globex.get(endpoint, bearer=token)
        unknown = await at_globex.get(endpoint, bearer="x.y.z")
        assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
        assert foreign.headers["www-authenticate"] == unknown.headers["www-authenticate"]


@on_sqlite
async def test_jw_15_what_is_no_token_at_all_is_refused_quickly(is_refused: Refused) -> None:
    deep = encoded({"alg": "ES256"})[:-2]
    await is_refused(
        "x",
        "a.b",
        "a.b.c.d.e",
        "..",
        "x" * 8_193,
        "x" * 60_000,
        f"{deep}.{'W' * 4_000}.x",
        "é.ü.ß",
        "\x7f",
        "a b c",
    )


@on_sqlite
async def test_jw_16_another_spelling_of_a_good_token_is_refused(
    token: str, is_refused: Refused
) -> None:
    head, body, signature = token.split(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = last[last.index(signature[-1]) ^ 1]
    await is_refused(
        f"{token}=",
        f"{token}==",
        f" {token}",
        f"{token} ",
        f"{token}\t",
        f"{head}=.{body}.{signature}",
        f"{head}.{body}.{signature[:-1]}{other}",
        f"{head}.{body}\xa0.{signature}",
        f"{head}.{body}..{signature}",
    )


@on_sqlite
async def test_jw_14_a_member_twice_is_refused(token: str, is_refused: Refused) -> None:
    head, body, signature = token.split(".")
    claims = base64.urlsafe_b64decode(f"{body}==")
    doubled = claims[:-1] + b',"sub":"admin"}'
    spelt = base64.urlsafe_b64encode(doubled).rstrip(b"=").decode()
    await is_refused(f"{head}.{spelt}.{signature}")


async def test_jw_19_a_revoked_key_ends_its_tokens_at_once(
    server: RunningServer, at_acme: Caller, acme: Tenant, token: str, is_refused: Refused
) -> None:
    header, _ = parts(token)
    with use_tenant(acme):
        await server.parts.keys.rotate("ES256", actor=audit.SYSTEM)
    for endpoint in ENDPOINTS:  # its key retires, the token lives on
        assert (await at_acme.get(endpoint, bearer=token)).status_code == 200
    with use_tenant(acme):
        await server.parts.keys.revoke(header["kid"], actor=audit.SYSTEM)
    await is_refused(token)


async def test_in_04_every_reason_for_a_dead_token_is_answered_alike(
    server: RunningServer, at_acme: Caller, acme: Tenant, token: str
) -> None:
    _, claims = parts(token)
    bodies = []
    for status in (TokenStatus.DISABLED, TokenStatus.REVOKED):
        with use_tenant(acme):
            await Token.filter(id=claims["jti"]).update(status=status)
        bodies += [(await at_acme.get(each, bearer=token)).content for each in ENDPOINTS]
    with use_tenant(acme):
        await Token.filter(id=claims["jti"]).update(status=TokenStatus.ACTIVE)
    server.clock.advance(3601)
    bodies += [(await at_acme.get(each, bearer=token)).content for each in ENDPOINTS]
    bodies += [(await at_acme.get(each, bearer="x.y.z")).content for each in ENDPOINTS]
    assert len(set(bodies)) == 1


async def test_a_persons_tokens_end_when_they_are_disabled(
    acme: Tenant, token: str, alice: User, is_refused: Refused
) -> None:
    with use_tenant(acme):
        await users.set_status(alice.id, UserStatus.DISABLED)
    await is_refused(token)


@on_sqlite
async def test_in_09_a_token_in_the_url_is_refused(at_acme: Caller, token: str) -> None:
    for endpoint in ENDPOINTS:
        for bearer in (None, token):
            answer = await at_acme.get(f"{endpoint}?access_token={token}", bearer=bearer)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        escaped = await at_acme.get(f"{endpoint}?%61ccess_token={token}")
        assert escaped.status_code == 401


@on_sqlite
async def test_in_10_a_token_in_two_places_is_refused(at_acme: Caller, token: str) -> None:
    bearer = ("Authorization", f"Bearer {token}")
    both = await at_acme.post("/oauth/userinfo", {"access_token": token}, headers=[bearer])
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
    for endpoint in ENDPOINTS:
        twice = await at_acme.get(endpoint, headers=[bearer, bearer])
        assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")


@on_sqlite
async def test_userinfo_takes_a_token_by_a_form_that_is_posted_and_nothing_else_does(
    at_acme: Caller, token: str
) -> None:
    form = {"access_token": token}
    assert (await at_acme.post("/oauth/userinfo", form)).status_code == 200
    assert (await at_acme.post("/oauth/userinfo", {"access_token": "x.y.z"})).status_code == 401
    assert (await at_acme.post("/oauth/userinfo", {"access_token": ""})).status_code == 401
    here = f"{at_acme.tenant.issuer}/oauth/userinfo"
    by_get = await at_acme.http.request("GET", here, data=form)
    as_json = await at_acme.http.request("POST", here, json=form)
    assert {by_get.status_code, as_json.status_code} == {401}


@on_sqlite
async def test_in_13_what_a_token_tells_may_not_be_stored(at_acme: Caller, token: str) -> None:
    for endpoint in ENDPOINTS:
        for bearer in (token, "x.y.z", None):
            answer = await at_acme.get(endpoint, bearer=bearer)
            assert answer.headers["cache-control"] == "no-store"


@on_sqlite
async def test_in_14_a_challenge_says_where_and_nothing_else(
    at_acme: Caller, acme: Tenant, machine: NewClient
) -> None:
    basic = (machine.client.client_id, machine.secret or "")
    granted = await at_acme.post("/oauth/token", {"grant_type": "client_credentials"}, basic=basic)
    for bearer in (None, "x.y.z", granted.json()["access_token"]):
        answer = await at_acme.get("/oauth/userinfo", bearer=bearer)
        assert answer.headers["www-authenticate"].startswith(f'Bearer realm="{acme.issuer}"')
        told = answer.headers["www-authenticate"] + answer.text
        for word in ("Backup", "alice", "Error", "line ", "jwt"):
            assert word not in told


@on_sqlite
async def test_schemes_that_are_no_bearer_token_are_refused(at_acme: Caller, token: str) -> None:
    for endpoint in ENDPOINTS:
        for value in (token, f"Token {token}", f"Basic {token}", "Bearer", "Bearer ", "", "\xff"):
            answer = await at_acme.get(endpoint, headers=[("Authorization", value)])
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token"), value


@pytest.mark.usefixtures("limits_stand_still")
@on_sqlite
async def test_guessing_tokens_is_slowed_down_and_good_ones_are_served(
    at_acme: Caller, token: str
) -> None:
    guesses = await asyncio.gather(
        *(at_acme.get("/oauth/tokeninfo", bearer=f"x.y.{number}") for number in range(80))
    )
    codes = [answer.status_code for answer in guesses]
    assert (codes.count(401), codes.count(429)) == (60, 20)
    assert (await at_acme.get("/oauth/tokeninfo", bearer=token)).status_code == 200


@on_sqlite
async def test_mx_10_tokens_are_asked_about_by_get(
    server: RunningServer, acme: Tenant, token: str
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    for method, path, allowed in (
        ("POST", "/oauth/tokeninfo", "GET"),
        ("PUT", "/oauth/userinfo", "GET, POST"),
        ("DELETE", "/oauth/userinfo", "GET, POST"),
    ):
        answer = await server.http.request(method, f"{acme.issuer}{path}", headers=headers)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def _of(answer: httpx2.Response) -> dict[str, Any]:
    content: dict[str, Any] = answer.json()
    return content


async def test_tokeninfo_tells_of_a_persons_token(
    at_acme: Caller, acme: Tenant, token: str, alice: User, device: Device
) -> None:
    _, claims = parts(token)
    assert _of(await at_acme.get("/oauth/tokeninfo", bearer=token)) == {
        "active": True,
        "user_id": str(alice.id),
        "client_id": device.client.client.client_id,
        "scope": "openid profile email read",
        "exp": claims["exp"],
        "iss": acme.issuer,
        "subject_type": "user",
    }


@on_sqlite
async def test_tokeninfo_tells_of_a_machines_token(
    at_acme: Caller, acme: Tenant, machine: NewClient
) -> None:
    basic = (machine.client.client_id, machine.secret or "")
    granted = await at_acme.post("/oauth/token", {"grant_type": "client_credentials"}, basic=basic)
    token = granted.json()["access_token"]
    _, claims = parts(token)
    assert _of(await at_acme.get("/oauth/tokeninfo", bearer=token)) == {
        "active": True,
        "user_id": f"client:{machine.client.client_id}",
        "client_id": machine.client.client_id,
        "scope": "read write",
        "exp": claims["exp"],
        "iss": acme.issuer,
        "subject_type": "client",
    }


@on_sqlite
async def test_tokeninfo_without_a_token_has_a_word_of_its_own(
    at_acme: Caller, acme: Tenant
) -> None:
    answer = await at_acme.get("/oauth/tokeninfo")
    assert (answer.status_code, answer.json()) == (401, {"error": "missing_token"})
    # RFC 6750 section 3: no error code for who has not tried.
    assert answer.headers["www-authenticate"] == f"Bearer {resource(acme)}"
