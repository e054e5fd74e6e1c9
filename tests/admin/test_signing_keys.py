"""``/api/v1/signing-keys``: rotated, revoked, brought, and another algorithm."""

import json

import jwt
import pytest
from jwt.types import Options

from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate_tenants import Tenant
from authgate_testing.api import ApiClient, is_problem
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer
from authgate_testing.signing import SigningKey

KNOWN_AFTER = 1261
BY_ITS_SIGNATURE: Options = {"verify_aud": False, "verify_iat": False, "verify_nbf": False}
"""The server's clock is ahead."""


async def token(server: RunningServer, tenant: Tenant, machine: NewClient) -> str:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(machine.client.client_id, machine.secret or ""),
    )
    text: str = answer.json()["access_token"]
    return text


async def kid(server: RunningServer, tenant: Tenant, machine: NewClient) -> str:
    header = jwt.get_unverified_header(await token(server, tenant, machine))
    return str(header["kid"])


async def states(api: ApiClient) -> dict[str, str]:
    found = (await api.get("/signing-keys")).json()["items"]
    return {each["kid"]: each["state"] for each in found}


async def test_a_rotation_waits_until_clients_know_the_next_key(
    server: RunningServer, acme: Tenant, api: ApiClient, machine: NewClient, ledger: Ledger
) -> None:
    early = await api.post("/signing-key-rotations", {})
    assert is_problem(early, 409, "conflict")
    server.clock.advance(KNOWN_AFTER)
    rotated = (await api.post("/signing-key-rotations", {})).json()
    assert await kid(server, acme, machine) == rotated["active"]
    assert await states(api) == {
        rotated["active"]: "active",
        rotated["pending"]: "pending",
        rotated["retiring"]: "retiring",
    }
    shown = (await api.get(f"/signing-keys/{rotated['active']}")).json()
    assert shown["rotates_at"] > shown["activated_at"]
    assert "private" not in json.dumps(shown)
    [event] = await ledger.events(acme, Event.SIGNING_KEY_ROTATED)
    assert api.client is not None
    assert event.actor_id == api.client.client.client_id


async def test_ky_04_what_a_revoked_key_has_signed_is_refused_at_once(
    server: RunningServer, acme: Tenant, api: ApiClient, machine: NewClient
) -> None:
    text = await token(server, acme, machine)
    at = {"Authorization": f"Bearer {text}"}
    assert (await server.http.get(f"{acme.issuer}/oauth/tokeninfo", headers=at)).status_code == 200
    # Who asks is refused as well from then on: the same key has signed for them.
    revoked = await api.post(f"/signing-keys/{jwt.get_unverified_header(text)['kid']}/revoke")
    assert (revoked.status_code, revoked.json()["state"]) == (200, "revoked")
    assert (await server.http.get(f"{acme.issuer}/oauth/tokeninfo", headers=at)).status_code == 401
    assert is_problem(await api.get("/signing-keys"), 401, "token-required")


async def test_a_key_that_is_brought_waits_and_signs_after_the_next_rotation(
    server: RunningServer, acme: Tenant, api: ApiClient, machine: NewClient, ledger: Ledger
) -> None:
    key = SigningKey.make()
    [waiting] = [each for each, state in (await states(api)).items() if state == "pending"]
    made = await api.post("/signing-keys", {"key": key.pem()})
    assert made.status_code == 201, made.text
    assert made.headers["location"].endswith(f"/signing-keys/{key.thumbprint}")
    assert (await states(api))[waiting] == "revoked"
    jwks = (await server.http.get(f"{acme.issuer}/.well-known/jwks.json")).json()["keys"]
    assert {each["kid"] for each in jwks} >= {key.thumbprint}
    assert is_problem(await api.post("/signing-key-rotations", {}), 409, "conflict")
    server.clock.advance(KNOWN_AFTER)
    await api.post("/signing-key-rotations", {})
    text = await token(server, acme, machine)
    public = jwt.PyJWK(key.public_jwk() | {"alg": "ES256"})
    jwt.decode(text, public, algorithms=["ES256"], options=BY_ITS_SIGNATURE)
    again = await api.post("/signing-keys", {"key": json.dumps(key.private_jwk())})
    assert is_problem(again, 409, "conflict")
    [event] = await ledger.events(acme, Event.SIGNING_KEY_IMPORTED)
    assert event.details["in_place_of"] == waiting


async def test_what_a_key_has_signed_elsewhere_stays_good_when_it_is_brought(
    server: RunningServer, acme: Tenant, api: ApiClient, machine: NewClient
) -> None:
    key, ours = SigningKey.make(), await token(server, acme, machine)
    claims = {"iss": acme.issuer, "sub": "somebody"}
    theirs = jwt.encode(claims, key.pem(), "ES256", headers={"kid": "2024-old"})
    made = await api.post("/signing-keys", {"key": key.pem(), "kid": "2024-old"})
    assert (made.status_code, made.json()["kid"]) == (201, "2024-old")
    for _ in range(2):
        jwks = (await server.http.get(f"{acme.issuer}/.well-known/jwks.json")).json()["keys"]
        known = {each["kid"]: jwt.PyJWK(each) for each in jwks}
        for text in (ours, theirs):
            named = known[jwt.get_unverified_header(text)["kid"]]
            jwt.decode(text, named, ["ES256"], options=BY_ITS_SIGNATURE)
        at = {"Authorization": f"Bearer {ours}"}
        shown = await server.http.get(f"{acme.issuer}/oauth/tokeninfo", headers=at)
        assert shown.status_code == 200
        server.clock.advance(KNOWN_AFTER)
        await api.post("/signing-key-rotations", {})
    assert await kid(server, acme, machine) != "2024-old"
    under_another_name = await api.post("/signing-keys", {"key": key.pem(), "kid": "new-name"})
    assert is_problem(under_another_name, 409, "conflict")


@pytest.mark.parametrize("unfit", ["", "no key", json.dumps({"kty": "oct", "k": "c2hvcnQ"})])
async def test_a_key_that_is_not_good_enough_is_refused(api: ApiClient, unfit: str) -> None:
    before = await states(api)
    assert is_problem(await api.post("/signing-keys", {"key": unfit}), 422, "invalid")
    assert await states(api) == before


async def test_another_algorithm_signs_once_clients_know_its_keys(
    server: RunningServer, acme: Tenant, api: ApiClient, machine: NewClient
) -> None:
    wish = {"algorithm": "EdDSA"}
    first = (await api.post("/signing-algorithm", wish)).json()
    assert first["algorithm"] == "ES256"
    assert first["known_at"] is not None
    before = await token(server, acme, machine)
    assert jwt.get_unverified_header(before)["alg"] == "ES256"
    jwks = (await server.http.get(f"{acme.issuer}/.well-known/jwks.json")).json()["keys"]
    assert {each["alg"] for each in jwks} == {"ES256", "EdDSA"}
    server.clock.advance(KNOWN_AFTER)
    second = (await api.post("/signing-algorithm", wish)).json()
    assert second == {"algorithm": "EdDSA", "known_at": None}
    after = jwt.get_unverified_header(await token(server, acme, machine))
    assert (after["alg"], after["kid"] in {each["kid"] for each in jwks}) == ("EdDSA", True)
    at = {"Authorization": f"Bearer {before}"}
    assert (await server.http.get(f"{acme.issuer}/oauth/tokeninfo", headers=at)).status_code == 200


async def test_ti_01_a_key_of_another_tenant_is_as_unknown_as_none(
    api: ApiClient, foreign_api: ApiClient
) -> None:
    before = await states(api)
    for each in before:
        answer = await foreign_api.post(f"/signing-keys/{each}/revoke")
        unknown = await foreign_api.post("/signing-keys/nothing/revoke")
        assert is_problem(answer, 404, "not-found")
        assert answer.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}
    assert not before.keys() & (await states(foreign_api)).keys()
    assert await states(api) == before
