"""The client credentials grant (RFC 6749 section 4.4), down to the claims of its token."""

import asyncio
from typing import Any
from uuid import UUID

import jwt
import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.issued.tokens import Token
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_tenants.settings import SigningAlgorithm
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.server import RunningServer

TOKEN = "/oauth/token"
FORM = {"grant_type": "client_credentials"}


def basic(client: NewClient) -> tuple[str, str]:
    return client.client.client_id, client.secret or ""


async def verified(caller: Caller, token: str, *, audience: str | None = None) -> dict[str, Any]:
    """What a resource server reads, having asked for the keys."""
    key_set = jwt.PyJWKSet.from_dict((await caller.get("/.well-known/jwks.json")).json())
    header = jwt.get_unverified_header(token)
    issuer = caller.tenant.issuer
    claims: dict[str, Any] = jwt.decode(
        token,
        key_set[header["kid"]],
        algorithms=[header["alg"]],
        audience=audience or issuer,
        issuer=issuer,
        options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]},
    )
    return claims


async def test_the_token_says_who_for_whom_and_how_long(
    at_acme: Caller, acme: Tenant, machine: NewClient, ledger: Ledger
) -> None:
    answer = await at_acme.post(TOKEN, FORM | {"scope": "read"}, basic=basic(machine))
    content = answer.json()
    assert content["expires_in"] == 3600
    header = jwt.get_unverified_header(content["access_token"])
    assert (header["alg"], header["typ"]) == ("ES256", "at+jwt")

    claims = await verified(at_acme, content["access_token"])
    subject = f"client:{machine.client.client_id}"
    jti, issued_at = claims.pop("jti"), claims.pop("iat")
    assert claims == {
        "iss": acme.issuer,
        "sub": subject,
        "aud": acme.issuer,
        "client_id": machine.client.client_id,
        "user_id": subject,
        "scope": "read",
        "type": "access",
        "exp": issued_at + 3600,
    }
    [event] = await ledger.events(acme, Event.CLIENT_CREDENTIALS_TOKEN_ISSUED)
    assert (event.resource_id, event.actor_id) == (jti, machine.client.client_id)
    with use_tenant(acme):
        row = await Token.get(id=UUID(jti))
    assert (row.client_id, row.user_id, row.scope) == (machine.client.client_id, None, "read")


async def test_every_request_gets_a_token_of_its_own(at_acme: Caller, machine: NewClient) -> None:
    answers = await asyncio.gather(
        *(at_acme.post(TOKEN, FORM, basic=basic(machine)) for _ in range(20))
    )
    tokens = {answer.json()["access_token"] for answer in answers}
    assert len(tokens) == 20
    claims = [jwt.decode(each, options={"verify_signature": False}) for each in tokens]
    assert len({each["jti"] for each in claims}) == 20


@on_sqlite
async def test_the_scope_is_what_was_asked_for_as_far_as_it_is_registered(
    at_acme: Caller, machine: NewClient
) -> None:
    for asked, granted in (
        ("", "read write"),
        ("read", "read"),
        ("write read", "write read"),
        ("read read", "read"),
        ("read admin", "read"),
    ):
        answer = await at_acme.post(TOKEN, FORM | {"scope": asked}, basic=basic(machine))
        assert (answer.status_code, answer.json()["scope"]) == (200, granted)


@on_sqlite
async def test_un_14_a_scope_that_is_malformed_or_all_foreign_is_refused(
    at_acme: Caller, acme: Tenant, machine: NewClient, ledger: Ledger
) -> None:
    async with ledger.nothing_granted(acme):
        for scope in (
            "admin",
            "READ",
            "read\twrite",
            "read\nwrite",
            "read  write",
            " read",
            'read "write"',
            "read\\write",
            "rëad",
            "read\u200b",
            "r" * 101,
            " ".join(f"s{number}" for number in range(1000)),
        ):
            answer = await at_acme.post(TOKEN, FORM | {"scope": scope}, basic=basic(machine))
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope"), scope


async def test_ca_19_a_public_client_and_scopes_of_persons_are_refused(
    server: RunningServer,
    at_acme: Caller,
    acme: Tenant,
    device_client: NewClient,
    confidential: NewClient,
    ledger: Ledger,
) -> None:
    with use_tenant(acme):
        public = await clients.create(  # nobody may register it
            ClientDraft(
                name="Public",
                grant_types=["client_credentials"],
                scopes=["read"],
                public=True,
            ),
        )
    async with ledger.nothing_granted(acme):
        for client in (public, device_client.client):
            form = FORM | {"client_id": client.client_id}
            answer = await at_acme.post(TOKEN, form)
            assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
        for scope in ("openid", "offline_access", "openid offline_access"):
            answer = await at_acme.post(TOKEN, FORM | {"scope": scope}, basic=basic(confidential))
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")

    answer = await at_acme.post(TOKEN, FORM | {"scope": "openid read"}, basic=basic(confidential))
    assert answer.json()["scope"] == "read"
    answer = await at_acme.post(TOKEN, FORM, basic=basic(confidential))
    assert answer.json()["scope"] == "profile email read write"
    assert "refresh_token" not in answer.json()
    assert "id_token" not in answer.json()


@on_sqlite
async def test_no_claim_that_a_caller_chooses_is_signed(
    at_acme: Caller, machine: NewClient
) -> None:
    wish = FORM | {"extra_claims": '{"role":"admin","sub":"admin","email":"root@acme.example"}'}
    answer = await at_acme.post(TOKEN, wish, basic=basic(machine))
    claims = await verified(at_acme, answer.json()["access_token"])
    assert claims["sub"] == f"client:{machine.client.client_id}"
    assert not {"role", "email"} & set(claims)


@on_sqlite
async def test_a_tenant_chooses_lifetime_audience_and_private_claims(
    server: RunningServer,
) -> None:
    tenant = await provisioning.add_tenant(
        server.parts,
        slug="initech",
        name="Initech",
        settings=TenantSettings(
            client_credentials_lifetime=120,
            audience=("https://api.initech.example", "https://files.initech.example"),
            private_claim_prefix="init",
            domain="initech",
        ),
    )
    with use_tenant(tenant):
        client = await clients.create(
            ClientDraft(
                name="Reports",
                grant_types=["client_credentials"],
                scopes=["read"],
                project="tps",
                service_account="reports@initech",
            ),
            secret="reports-secret",
        )
    caller = Caller(server.http, tenant)
    answer = await caller.post(TOKEN, FORM, basic=(client.client_id, "reports-secret"))
    assert answer.json()["expires_in"] == 120
    claims = await verified(
        caller, answer.json()["access_token"], audience="https://files.initech.example"
    )
    assert claims["exp"] - claims["iat"] == 120
    assert claims["aud"] == ["https://api.initech.example", "https://files.initech.example"]
    assert claims["init_domain"] == "initech"
    assert claims["init_project"] == "tps"
    assert claims["init_service_account"] == "reports@initech"
    assert "init_uid" not in claims, "a machine is no user"


@on_sqlite
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
async def test_tokens_are_signed_as_the_tenant_wants_and_the_metadata_says(
    server: RunningServer, algorithm: SigningAlgorithm
) -> None:
    tenant = await provisioning.add_tenant(
        server.parts,
        slug="initech",
        name="Initech",
        settings=TenantSettings(signing_algorithm=algorithm),
    )
    with use_tenant(tenant):
        client = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Reports",
                grant_types=["client_credentials"],
                scopes=["read"],
            ),
        )
    caller = Caller(server.http, tenant)
    metadata = (await caller.get("/.well-known/openid-configuration")).json()
    assert metadata["id_token_signing_alg_values_supported"][0] == algorithm
    token = (await caller.post(TOKEN, FORM, basic=basic(client))).json()["access_token"]
    assert jwt.get_unverified_header(token)["alg"] == algorithm
    assert (await verified(caller, token))["iss"] == tenant.issuer


@on_sqlite
async def test_jw_23_no_tenant_signs_symmetrically_unless_it_asks_to(
    at_acme: Caller, machine: NewClient
) -> None:
    token = (await at_acme.post(TOKEN, FORM, basic=basic(machine))).json()["access_token"]
    assert jwt.get_unverified_header(token)["alg"] == "ES256"


@on_sqlite
async def test_ca_20_no_machine_can_be_taken_for_a_person(
    server: RunningServer, at_acme: Caller, acme: Tenant
) -> None:
    # Even if a client got the id of a user, its subject could not be one.
    user_id = "01936b8e-0000-7000-8000-000000000001"
    with use_tenant(acme):
        client = await clients.create(
            ClientDraft(
                name="Impostor",
                client_id=user_id,
                grant_types=["client_credentials"],
                scopes=["read"],
            ),
            secret="impostor-secret",
        )
    answer = await at_acme.post(TOKEN, FORM, basic=(client.client_id, "impostor-secret"))
    claims = await verified(at_acme, answer.json()["access_token"])
    assert claims["sub"] == claims["user_id"] == f"client:{user_id}"
    info = await at_acme.get("/oauth/tokeninfo", bearer=answer.json()["access_token"])
    assert info.json()["subject_type"] == "client"


@pytest.mark.usefixtures("limits_stand_still")
@on_sqlite
async def test_requests_without_end_are_slowed_down_per_client(
    at_acme: Caller, machine: NewClient, confidential: NewClient
) -> None:
    answers = await asyncio.gather(
        *(at_acme.post(TOKEN, FORM, basic=basic(machine)) for _ in range(160))
    )
    codes = [answer.status_code for answer in answers]
    assert codes.count(200) >= 100
    assert codes.count(429) > 0
    limited = next(answer for answer in answers if answer.status_code == 429)
    assert int(limited.headers["retry-after"]) >= 1
    assert (await at_acme.post(TOKEN, FORM, basic=basic(confidential))).status_code == 200


async def test_ti_08_two_tenants_may_have_the_same_client_id(
    server: RunningServer, at_acme: Caller, at_globex: Caller, machine: NewClient, ledger: Ledger
) -> None:
    with use_tenant(at_globex.tenant):
        twin = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Twin",
                client_id=machine.client.client_id,
                grant_types=["client_credentials"],
                scopes=["read"],
            ),
        )
    async with ledger.nothing_granted(at_acme.tenant, at_globex.tenant):
        for caller, client in ((at_acme, twin), (at_globex, machine)):
            answer = await caller.post(TOKEN, FORM, basic=basic(client))
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    for caller, client in ((at_acme, machine), (at_globex, twin)):
        answer = await caller.post(TOKEN, FORM, basic=basic(client))
        claims = await verified(caller, answer.json()["access_token"])
        assert claims["iss"] == caller.tenant.issuer
