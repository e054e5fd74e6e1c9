"""How long tokens live, whom they are for, and what a client may put into them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import jwt
import orjson
import pytest

from authgate import provisioning
from authgate.provisioning import NewClient, UnfitClient
from authgate.storage.clients.drafts import ClientChange
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.issued.refresh_tokens import RefreshToken
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

pytestmark = on_sqlite


async def chosen(server: RunningServer, tenant: Tenant, **settings: object) -> None:
    await provisioning.change_tenant(
        server.parts, tenant, change=lambda before: before.changed(settings)
    )


async def registered(server: RunningServer, tenant: Tenant, client_id: str, **said: object) -> None:
    metadata = replace(ClientMetadata(), **said)  # type: ignore[arg-type]  # by name
    with use_tenant(tenant):
        change_to = ClientChange(metadata=metadata)
        await provisioning.change_client(server.parts, client_id, change_to)


async def machine_token(
    server: RunningServer, tenant: Tenant, machine: NewClient, **form: str
) -> tuple[int, Mapping[str, object]]:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"} | form,
        auth=(machine.client.client_id, machine.secret or ""),
    )
    body: Mapping[str, object] = answer.json()
    return answer.status_code, body


def claims(body: Mapping[str, object]) -> dict[str, object]:
    read: dict[str, object] = jwt.decode(
        str(body["access_token"]), options={"verify_signature": False}
    )
    return read


@pytest.mark.parametrize(
    ("said", "access", "refresh"),
    [
        ({}, 3600, 2592000),
        ({"token_profile": "standard"}, 3600, 2592000),
        ({"token_profile": "short"}, 900, 86400),
        ({"token_profile": "long"}, 86400, 7776000),
        ({"token_profile": "long", "access_token_lifetime": 120}, 120, 7776000),
        ({"access_token_lifetime": 200_000, "refresh_token_lifetime": 600}, 86400, 600),
    ],
)
async def test_a_client_s_tokens_live_as_its_profile_says_and_never_past_the_cap(
    server: RunningServer,
    console: Application,
    person: Person,
    acme: Tenant,
    said: dict[str, object],
    access: int,
    refresh: int,
) -> None:
    await registered(server, acme, "console", **said)
    tokens = await console.signed_in(person)
    read = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert (int(tokens["expires_in"]), read["exp"] - read["iat"]) == (access, access)
    with use_tenant(acme):
        row = await RefreshToken.get()
    assert row.expires_at - row.created_at == timedelta(seconds=refresh)


async def test_jitter_ends_tokens_earlier_and_each_at_another_moment(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    await chosen(server, acme, access_token_jitter=1000)
    lives = [int((await console.signed_in(person))["expires_in"]) for _ in range(6)]
    assert all(2600 <= each <= 3600 for each in lives)
    assert len(set(lives)) > 1


async def test_a_machine_s_token_lives_as_the_client_says_and_without_jitter(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    await chosen(server, acme, access_token_jitter=1000)
    assert (await machine_token(server, acme, machine))[1]["expires_in"] == 3600
    await registered(server, acme, machine.client.client_id, access_token_lifetime=300)
    assert (await machine_token(server, acme, machine))[1]["expires_in"] == 300


async def test_a_client_s_tokens_are_for_its_own_audience(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    _, body = await machine_token(server, acme, machine)
    assert claims(body)["aud"] == acme.issuer
    audience = ("https://api.example", "billing")
    await registered(server, acme, machine.client.client_id, audience=audience)
    _, body = await machine_token(server, acme, machine)
    assert claims(body)["aud"] == list(audience)


async def test_rt_16_a_claim_that_a_client_chooses_is_never_signed_unless_it_is_registered_for_it(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    client_id, asked = machine.client.client_id, {"extra_claims": '{"tier": "gold"}'}
    _, body = await machine_token(server, acme, machine, **asked)
    assert "tier" not in claims(body)
    await chosen(server, acme, extra_claims_enabled=True)
    _, body = await machine_token(server, acme, machine, **asked)
    assert "tier" not in claims(body)
    await registered(server, acme, client_id, extra_claims=("tier",))
    _, body = await machine_token(server, acme, machine, **asked)
    assert claims(body)["tier"] == "gold"
    _, body = await machine_token(server, acme, machine)
    assert "tier" not in claims(body)
    status, body = await machine_token(server, acme, machine, extra_claims='{"role": "admin"}')
    assert (status, body["error"]) == (400, "invalid_request")
    await chosen(server, acme, extra_claims_enabled=False)
    _, body = await machine_token(server, acme, machine, **asked)
    assert "tier" not in claims(body)


async def test_jw_22_no_client_is_registered_for_a_name_that_only_looks_like_one(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    await chosen(server, acme, extra_claims_enabled=True)
    for name in (
        *(
            "\uff53ub",
            "\u0455ub",
            "sub\0",
            "sub\u200b",
            "su\u0301b",
            "sub\n",
            " sub",
            "",
            "t\u00efer",
        ),
        *("sub", "iss", "extra_domain", "\uff45xtra_domain", "x" * 65),
    ):
        with pytest.raises(UnfitClient):
            await registered(server, acme, machine.client.client_id, extra_claims=("tier", name))
    await registered(server, acme, machine.client.client_id, extra_claims=("tier",))
    for twin in ("\uff54ier", "tier\0", "ti\u0435r", "tier\u200b"):
        asked = orjson.dumps({twin: "gold"}).decode()
        status, body = await machine_token(server, acme, machine, extra_claims=asked)
        assert (status, body["error"]) == (400, "invalid_request"), twin


async def test_rt_16_a_claim_that_became_the_tenants_is_no_longer_the_clients(
    server: RunningServer, acme: Tenant, machine: NewClient
) -> None:
    await chosen(server, acme, extra_claims_enabled=True)
    await registered(server, acme, machine.client.client_id, extra_claims=("corp_domain",))
    asked = {"extra_claims": '{"corp_domain": "other"}'}
    _, body = await machine_token(server, acme, machine, **asked)
    assert claims(body)["corp_domain"] == "other"
    await chosen(server, acme, private_claim_prefix="corp")
    status, body = await machine_token(server, acme, machine, **asked)
    assert (status, body["error"]) == (400, "invalid_request")


async def test_rt_16_a_refresh_puts_in_what_the_client_asks_for_then_and_may(
    server: RunningServer, console: Application, person: Person, acme: Tenant
) -> None:
    await chosen(server, acme, extra_claims_enabled=True)
    await registered(server, acme, "console", extra_claims=("tier",))
    tokens = await console.signed_in(person)
    answer = await console.refresh(tokens["refresh_token"], extra_claims='{"tier": 1}')
    assert claims(answer.json())["tier"] == 1
    again = answer.json()["refresh_token"]
    refused = await console.refresh(again, extra_claims='{"groups": ["admins"]}')
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert "tier" not in claims((await console.refresh(again)).json())


NAMES = tuple(f"c{number}" for number in range(16))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "1",
        '{"c1": 1} {"c2": 2}',
        '{"c1": NaN}',
        '{"": 1}',
        orjson.dumps({"c1": "x" * 511}).decode(),
        orjson.dumps(dict.fromkeys(NAMES, "x" * 300)).decode(),
        orjson.dumps(dict.fromkeys((*NAMES, "c16"), 1)).decode(),
        '{"c1": "\\ud800"}',
        '{"c1": ' + "[" * 254 + "]" * 254 + "}",
        "[" * 4000,
    ],
)
async def test_extra_claims_beyond_their_limits_are_refused(
    server: RunningServer, acme: Tenant, machine: NewClient, text: str
) -> None:
    await chosen(server, acme, extra_claims_enabled=True)
    await registered(server, acme, machine.client.client_id, extra_claims=NAMES)
    status, body = await machine_token(server, acme, machine, extra_claims=text)
    assert (status, body["error"]) == (400, "invalid_request")
    status, body = await machine_token(server, acme, machine, extra_claims="null")
    assert status == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("extra_claims", ("sub",)),
        ("extra_claims", ("email",)),
        ("extra_claims", ("cnf",)),
        ("extra_claims", ("extra_uid",)),
        ("extra_claims", ("extra_anything",)),
        ("extra_claims", ("a b",)),
        ("extra_claims", (*NAMES, "c16")),
        ("token_profile", "forever"),
        ("access_token_lifetime", 59),
        ("refresh_token_lifetime", 31_536_001),
        ("audience", ("",)),
        ("audience", ("a b",)),
    ],
)
async def test_what_no_client_s_tokens_can_be_is_refused(
    server: RunningServer, acme: Tenant, machine: NewClient, field: str, value: object
) -> None:
    with pytest.raises(UnfitClient) as refused:
        await registered(server, acme, machine.client.client_id, **{field: value})
    assert refused.value.field == field
