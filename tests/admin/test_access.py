"""Who may call the admin API, and with which tokens (RFC 6750, RFC 9068 section 4)."""

from datetime import timedelta
from uuid import uuid4

import pytest

from authgate import provisioning
from authgate.clock import utc_now
from authgate.permissions import UserRole
from authgate.provisioning import NewClient
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.grants.device_codes import DeviceCode
from authgate.storage.issued.tokens import Token, TokenCategory
from authgate.storage.people.users import User, UserRow
from authgate.storage.random_secrets import hashed
from authgate.tokens.admin_scopes import MEANINGS, Scope
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, TenantSettings, use_tenant
from authgate_testing.api import (
    EVERYTHING,
    ApiClient,
    administering,
    api_client,
    client_token,
    is_problem,
)
from authgate_testing.application import Application, allowed, claims, sent_on, told
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.device import GRANT as DEVICE_GRANT
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

pytestmark = on_sqlite

READ = Scope.USERS_READ.value


@pytest.fixture
async def administered(server: RunningServer, acme: Tenant) -> Application:
    """An application that administers acme for whoever signs in to it."""
    return await administering(server, acme, READ)


async def promote(tenant: Tenant, user: User, role: UserRole = UserRole.ADMIN) -> None:
    with use_tenant(tenant):
        await UserRow.filter(id=user.id).update(role=role)


async def test_who_brings_no_token_is_told_to(api: ApiClient) -> None:
    api.token = ""
    answer = await api.get("/users")
    assert is_problem(answer, 401, "token-required")
    assert answer.headers["www-authenticate"] == f'Bearer realm="{api.tenant.issuer}"'


async def test_a_token_without_the_scope_is_told_which_one_is_missing(
    server: RunningServer, acme: Tenant
) -> None:
    api = await api_client(server, acme, Scope.CLIENTS_READ)
    answer = await api.get("/users")
    assert is_problem(answer, 403, "insufficient-scope")
    assert answer.headers["www-authenticate"] == (
        f'Bearer realm="{acme.issuer}", error="insufficient_scope", scope="{READ}"'
    )


async def test_nobody_gets_a_scope_of_the_api_without_asking_for_it(
    server: RunningServer, acme: Tenant
) -> None:
    api = await api_client(server, acme, *EVERYTHING, "orders:read", asks="")
    with use_tenant(acme):
        assert api.client is not None
        issued = await client_token(server, acme, api.client, "")
    assert issued["scope"] == "orders:read"
    answer = await api.get("/users")
    assert is_problem(answer, 401, "token-required")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_nobody_gets_a_scope_of_the_api_that_was_not_granted_to_them(
    server: RunningServer, acme: Tenant, machine: NewClient, at_acme: Caller
) -> None:
    assert (await client_token(server, acme, machine, READ))["error"] == "invalid_scope"
    with use_tenant(acme):
        television = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Television", grant_types=[DEVICE_GRANT], scopes=["read", READ], public=True
            ),
        )
    for asked in ("", Scope.CLIENTS_WRITE):
        form = {"client_id": television.client.client_id, "scope": asked}
        assert (await at_acme.post("/oauth/device/code", form)).status_code == 200
    with use_tenant(acme):
        assert {each.scope for each in await DeviceCode.all()} == {"read"}


async def test_a_token_for_the_api_is_for_nothing_else(
    server: RunningServer, acme: Tenant, api: ApiClient
) -> None:
    said = await claims(server.http, acme, api.token, audience=f"{acme.issuer}/api/v1")
    assert said["aud"] == f"{acme.issuer}/api/v1"
    mixed = await api_client(server, acme, READ, "orders:read", asks=READ)
    assert mixed.client is not None
    refused = await client_token(server, acme, mixed.client, f"{READ} orders:read")
    assert refused["error"] == "invalid_scope"
    assert (await client_token(server, acme, mixed.client, READ))["scope"] == READ


async def test_the_api_may_be_named_as_the_resource_and_no_other_with_its_scopes(
    server: RunningServer, acme: Tenant, api: ApiClient
) -> None:
    def registered(before: TenantSettings) -> TenantSettings:
        return before.changed({"resources": ["https://orders.example"]})

    await provisioning.change_tenant(server.parts, acme, change=registered)
    client = api.client
    assert client is not None
    for resource, status in ((f"{acme.issuer}/api/v1", 200), ("https://orders.example", 401)):
        form = {"grant_type": "client_credentials", "scope": READ, "resource": resource}
        basic = (client.client.client_id, client.secret or "")
        issued = await Caller(server.http, acme).post("/oauth/token", form, basic=basic)
        said = await claims(server.http, acme, issued.json()["access_token"], audience=resource)
        assert said["aud"] == resource
        caller = ApiClient(server.http, acme, issued.json()["access_token"])
        assert (await caller.get("/users")).status_code == status


async def test_jw_07_a_token_of_another_tenant_is_worth_nothing(
    api: ApiClient, foreign_api: ApiClient
) -> None:
    api.token = foreign_api.token
    assert is_problem(await api.get("/users"), 401, "token-required")


async def test_jw_10_a_token_for_another_audience_is_worth_nothing(
    server: RunningServer, acme: Tenant, api: ApiClient
) -> None:
    assert (await api.get("/users")).status_code == 200
    own, now = f"{acme.issuer}/api/v1", utc_now()
    with use_tenant(acme):
        signer = await server.parts.keys.signer(acme.settings.signing_algorithm)
        for audience in (acme.issuer, [own, "orders"], [own], "", None):
            jti = uuid4()
            issued = await signer.sign({"aud": audience, "jti": str(jti)})
            await Token.create(
                id=jti,
                category=TokenCategory.ACCESS,
                token_hash=hashed(issued),
                client_id=api.client.client.client_id if api.client else "",
                scope=READ,
                grant_type="client_credentials",
                created_at=now,
                expires_at=now + timedelta(hours=1),
            )
            caller = ApiClient(server.http, acme, issued)
            assert is_problem(await caller.get("/users"), 401, "token-required")


async def test_a_person_administers_only_as_an_administrator(
    server: RunningServer, acme: Tenant, administered: Application, person: Person, alice: User
) -> None:
    issued = await administered.signed_in(person, scope=f"openid {READ}")
    api = ApiClient(server.http, acme, issued["access_token"])
    assert is_problem(await api.get("/users"), 403, "administrator-required")
    await promote(acme, alice)
    assert (await api.get("/users")).status_code == 200
    await promote(acme, alice, UserRole.USER)
    assert is_problem(await api.get("/users"), 403, "administrator-required")


async def test_a_person_is_asked_before_an_application_administers_for_them(
    acme: Tenant, administered: Application, person: Person
) -> None:
    asking = administered.ask(scope=f"openid {READ}")
    page = await sent_on(person, asking.url)
    assert MEANINGS[Scope.USERS_READ].removesuffix(".") in page.text
    unasked = administered.ask(scope="")
    answer = await allowed(person, unasked)
    granted = await administered.redeem(answer["code"], unasked)
    assert "authgate:" not in granted.json()["scope"]
    mixed = administered.ask(scope=f"read {READ}")
    assert told(await sent_on(person, mixed.url))["error"] == "invalid_scope"


async def test_a_revoked_token_and_one_of_a_client_that_is_not_served_end_at_once(
    server: RunningServer, acme: Tenant, api: ApiClient
) -> None:
    client = api.client
    assert client is not None
    with use_tenant(acme):
        name = client.client.client_id
        await provisioning.set_client_status(server.parts, name, ClientStatus.INACTIVE)
        assert is_problem(await api.get("/users"), 401, "token-required")
        await provisioning.set_client_status(server.parts, name, ClientStatus.ACTIVE)
    assert (await api.get("/users")).status_code == 200
    await Caller(server.http, acme).post(
        "/oauth/revoke", {"token": api.token}, basic=(name, client.secret or "")
    )
    assert is_problem(await api.get("/users"), 401, "token-required")


async def test_in_09_a_token_in_the_address_is_never_read(api: ApiClient) -> None:
    token, api.token = api.token, ""
    answer = await api.get(f"/users?access_token={token}")
    assert is_problem(answer, 400, "malformed")


async def test_in_12_no_page_of_another_origin_may_read_the_api(api: ApiClient) -> None:
    answer = await api.get("/users", origin="https://evil.test")
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    asking = {"Origin": "https://evil.test", "Access-Control-Request-Method": "GET"}
    preflight = await api.call("OPTIONS", "/users", headers=asking)
    assert is_problem(preflight, 405, "method-not-allowed")
    assert not [name for name in preflight.headers if name.startswith("access-control-")]
