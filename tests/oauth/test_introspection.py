"""Introspection (RFC 7662): who may know what of a token."""

import pytest

from authgate import provisioning
from authgate.provisioning import NewClient
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.people.users import User
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, claims
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

HERE = "/oauth/introspect"
INACTIVE = b'{"active":false}'


@pytest.fixture
async def tokens(console: Application, person: Person) -> dict[str, str]:
    """What the application holds of Alice."""
    return await console.signed_in(person, scope="openid offline_access read")


async def asked(at: Caller, client: NewClient, token: str) -> "tuple[int, bytes]":
    """What a client is told of a token."""
    assert client.secret is not None
    answer = await at.post(HERE, {"token": token}, basic=(client.client.client_id, client.secret))
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.content


async def test_a_client_is_told_all_of_its_own_token(
    at_acme: Caller, console: Application, tokens: dict[str, str], acme: Tenant, alice: User
) -> None:
    secret = console.client.secret or ""
    answer = await at_acme.post(HERE, {"token": tokens["access_token"]}, basic=("console", secret))
    said = await claims(console.http, acme, tokens["access_token"], audience=acme.issuer)
    assert answer.json() == {
        "active": True,
        "token_type": "Bearer",
        "scope": "openid offline_access read",
        "client_id": "console",
        "username": "alice",
        **{name: said[name] for name in ("sub", "iss", "aud", "jti", "iat", "exp")},
        **{name: said[name] for name in ("acr", "auth_time")},
    }


@on_sqlite
async def test_a_refresh_token_is_known_to_its_client_alone(
    at_acme: Caller, console: Application, machine: NewClient, tokens: dict[str, str], alice: User
) -> None:
    secret = console.client.secret or ""
    answer = await at_acme.post(HERE, {"token": tokens["refresh_token"]}, basic=("console", secret))
    assert answer.json()["active"]
    assert answer.json()["sub"] == str(alice.id)
    assert "token_type" not in answer.json()
    assert await asked(at_acme, machine, tokens["refresh_token"]) == (200, INACTIVE)
    await console.refresh(tokens["refresh_token"])
    used = await asked(at_acme, console.client, tokens["refresh_token"])
    assert used == (200, INACTIVE)


@on_sqlite
async def test_in_01_another_clients_token_is_nobodys_business(
    server: RunningServer,
    at_acme: Caller,
    machine: NewClient,
    tokens: dict[str, str],
    acme: Tenant,
) -> None:
    token, client_id = tokens["access_token"], machine.client.client_id
    assert await asked(at_acme, machine, token) == (200, INACTIVE)
    with use_tenant(acme):
        change = ClientChange(introspects=True)
        await provisioning.change_client(server.parts, client_id, change)
    status, body = await asked(at_acme, machine, token)
    assert (status, b'"active":true' in body) == (200, True)


@on_sqlite
async def test_in_01_whom_tokens_are_meant_for_may_ask_about_them(
    server: RunningServer,
    at_acme: Caller,
    machine: NewClient,
    console: Application,
    tokens: dict[str, str],
    acme: Tenant,
) -> None:
    await provisioning.change_tenant(
        server.parts,
        acme,
        change=lambda before: before.changed({"audience": ["x", machine.client.client_id]}),
    )
    # It was made for somebody else, whoever tokens are for by now.
    assert await asked(at_acme, machine, tokens["access_token"]) == (200, INACTIVE)
    answer = await console.refresh(tokens["refresh_token"])
    _, body = await asked(at_acme, machine, answer.json()["access_token"])
    assert b'"active":true' in body
    with use_tenant(acme):
        change = ClientChange(metadata=ClientMetadata(audience=("billing",)))
        await provisioning.change_client(server.parts, "console", change)
    answer = await console.refresh(answer.json()["refresh_token"])
    assert await asked(at_acme, machine, answer.json()["access_token"]) == (200, INACTIVE)


@on_sqlite
async def test_in_02_who_does_not_prove_to_be_a_client_is_told_nothing(
    at_acme: Caller, native: Application, tokens: dict[str, str]
) -> None:
    for form, basic in (
        ({}, ("console", "wrong")),
        ({"client_id": "console"}, None),
        ({"client_id": "desktop"}, None),
    ):
        answer = await at_acme.post(HERE, form | {"token": tokens["access_token"]}, basic=basic)
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"
    assert (await at_acme.post(HERE, {"token": "x"})).json()["error"] == "invalid_request"


async def test_in_03_another_tenants_token_is_unknown(
    server: RunningServer, at_globex: Caller, tokens: dict[str, str], globex: Tenant
) -> None:
    with use_tenant(globex):
        api = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="API",
                grant_types=["client_credentials"],
                scopes=[],
                introspects=True,
            ),
        )
    for token in (tokens["access_token"], tokens["refresh_token"], "unknown", "x" * 9000):
        assert await asked(at_globex, api, token) == (200, INACTIVE)


@on_sqlite
@pytest.mark.parametrize("why", ["ended", "revoked", "person", "client"])
async def test_in_04_a_token_that_is_not_good_is_inactive_and_no_more(
    server: RunningServer,
    at_acme: Caller,
    console: Application,
    machine: NewClient,
    tokens: dict[str, str],
    acme: Tenant,
    why: str,
) -> None:
    with use_tenant(acme):
        change = ClientChange(introspects=True)
        await provisioning.change_client(server.parts, machine.client.client_id, change)
    match why:
        case "ended":
            server.clock.advance(3601)
        case "revoked":
            await console.http.post(
                f"{acme.issuer}/oauth/revoke",
                data=console.credentials() | {"token": tokens["access_token"]},
            )
        case "person":
            with use_tenant(acme):
                await provisioning.disable_user("alice", now=server.clock())
        case "client":
            with use_tenant(acme):
                await provisioning.set_client_status(server.parts, "console", ClientStatus.INACTIVE)
    assert await asked(at_acme, machine, tokens["access_token"]) == (200, INACTIVE)


@on_sqlite
async def test_a_token_has_to_be_named_in_the_body(at_acme: Caller, machine: NewClient) -> None:
    basic = (machine.client.client_id, machine.secret or "")
    missing = await at_acme.post(HERE, {}, basic=basic)
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
    in_url = await at_acme.post(f"{HERE}?token=x", {}, basic=basic)
    assert (in_url.status_code, in_url.json()["error"]) == (400, "invalid_request")
