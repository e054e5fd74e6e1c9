"""Revocation (RFC 7009): a client gives a token back, its own and no other."""

import pytest

from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate_tenants import Tenant
from authgate_testing.application import Application
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person

HERE = "/oauth/revoke"


@pytest.fixture
async def tokens(console: Application, person: Person) -> dict[str, str]:
    """What the application holds of Alice."""
    return await console.signed_in(person, scope="openid offline_access read")


async def works(at: Caller, token: str) -> bool:
    """Whether an access token is good."""
    return (await at.get("/oauth/tokeninfo", bearer=token)).status_code == 200


async def test_an_access_token_is_given_back_alone(
    at_acme: Caller, console: Application, tokens: dict[str, str], acme: Tenant, ledger: Ledger
) -> None:
    form = console.credentials() | {"token": tokens["access_token"]}
    answer = await at_acme.post(HERE, form)
    assert (answer.status_code, answer.content) == (200, b"")
    assert not await works(at_acme, tokens["access_token"])
    following = (await console.refresh(tokens["refresh_token"])).json()
    assert await works(at_acme, following["access_token"])
    assert (await at_acme.post(HERE, form)).status_code == 200
    assert len(await ledger.events(acme, Event.TOKEN_REVOKED)) == 1


async def test_in_08_a_refresh_token_takes_its_access_tokens_along(
    at_acme: Caller, console: Application, tokens: dict[str, str]
) -> None:
    form = console.credentials() | {"token": tokens["refresh_token"]}
    assert (await at_acme.post(HERE, form)).status_code == 200
    assert not await works(at_acme, tokens["access_token"])
    dead = await console.refresh(tokens["refresh_token"])
    assert dead.json()["error"] == "invalid_grant"


@on_sqlite
async def test_rt_12_a_token_that_was_given_back_stays_dead_and_is_kept(
    at_acme: Caller, console: Application, tokens: dict[str, str]
) -> None:
    await at_acme.post(HERE, console.credentials() | {"token": tokens["refresh_token"]})
    for _ in range(2):
        answer = await console.refresh(tokens["refresh_token"])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_in_07_another_clients_token_lives_on(
    at_acme: Caller,
    at_globex: Caller,
    console: Application,
    machine: NewClient,
    tokens: dict[str, str],
) -> None:
    basic = (machine.client.client_id, machine.secret or "")
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await at_acme.post(HERE, {"token": token}, basic=basic)).status_code == 200
        assert (await at_acme.post(HERE, {"token": token})).status_code == 200  # confidential
        assert (await at_globex.post(HERE, {"token": token})).status_code == 200
    assert await works(at_acme, tokens["access_token"])
    assert (await console.refresh(tokens["refresh_token"])).status_code == 200


@on_sqlite
async def test_authgates_sdk_gives_a_devices_token_back_without_a_name(
    at_acme: Caller, device: Device, person: Person
) -> None:
    shown = await device.start(scope="openid read")
    await decide(person, shown)
    token = (await device.poll(shown["device_code"])).json()["access_token"]
    assert (await at_acme.post(HERE, {"token": token})).status_code == 200
    assert not await works(at_acme, token)


@on_sqlite
async def test_who_claims_to_be_a_client_has_to_prove_it(
    at_acme: Caller, console: Application, tokens: dict[str, str]
) -> None:
    form = {"token": tokens["access_token"], "client_id": "console", "client_secret": "wrong"}
    answer = await at_acme.post(HERE, form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert await works(at_acme, tokens["access_token"])


@on_sqlite
async def test_what_is_no_token_is_nothing_to_give_back(
    at_acme: Caller, console: Application
) -> None:
    for token in ("nonsense", "agrt_nonsense", "a.b.c", "x" * 9000):
        form = console.credentials() | {"token": token}
        assert (await at_acme.post(HERE, form)).status_code == 200
    missing = await at_acme.post(HERE, console.credentials())
    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
