"""Who is let in to the operator API, and where it is not at all."""

import re

import httpx2
import pytest

from authgate import provisioning
from authgate.app import serving
from authgate.operator.catalogue import OPERATIONS
from authgate.permissions import Access, OperatorArea, UserRole, access, permits
from authgate.settings import Settings
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people.users import User, UserRow
from authgate.tokens import admin_scopes, operator_scopes
from authgate.tokens.audiences import OPERATOR_API
from authgate_tenants import CrossTenant, Tenant, use_tenant
from authgate_tenants.crossing import leave_tenant
from authgate_testing.api import ApiClient, api_client, client_token, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.server import BASE_URL, MovableClock, RunningServer

EVERYTHING = tuple(scope.value for scope in operator_scopes.Scope)
ADMIN = tuple(scope.value for scope in admin_scopes.Scope)
_NOWHERE = "01930000-0000-7000-8000-000000000009"


def filled(path: str) -> str:
    return re.sub(r"\{[a-z_]+\}", _NOWHERE, path)


@on_sqlite
async def test_ad_04_every_operation_is_done_for_those_roles_that_the_table_says(
    by_mira: ApiClient, ops: Tenant, mira: User, acme: Tenant, ledger: Ledger
) -> None:
    before, told = await ledger.rows(acme), 0
    for role in UserRole:
        with use_tenant(ops):
            await UserRow.filter(id=mira.id).update(role=role)
        for operation in OPERATIONS:
            answer = await by_mira.call(operation.method, filled(operation.path), body=b"")
            if permits(role, operation.scope.permission):
                assert answer.status_code in (200, 400, 404, 415, 422), (role, operation.name)
            elif role in (UserRole.USER, UserRole.CLIENT_MANAGER):
                assert is_problem(answer, 403, "administrator-required"), operation.name
            else:
                assert is_problem(answer, 403, "beyond-own-role"), (role, operation.name)
            told += 1
    assert told == len(OPERATIONS) * len(UserRole)
    assert await ledger.rows(acme) == before


def test_who_looks_on_changes_nothing() -> None:
    for area in OperatorArea:
        assert access(UserRole.AUDITOR, area) is Access.READ
        assert access(UserRole.CLIENT_MANAGER, area) is access(UserRole.USER, area) is Access.NONE


@on_sqlite
async def test_ti_another_tenants_best_token_finds_nothing_of_the_operators(
    server: RunningServer, ops: Tenant, acme: Tenant, operator: ApiClient
) -> None:
    best = await api_client(server, acme, *EVERYTHING, base=OPERATOR_API)
    admin = await api_client(server, acme, *ADMIN, base=OPERATOR_API)
    unknown = await server.http.get(f"{acme.issuer}/nowhere/v1")
    paths = [filled(each.path) for each in OPERATIONS] + ["", "/openapi.json", "/docs"]
    for caller in (best, admin, ApiClient(server.http, acme, operator.token, base=OPERATOR_API)):
        for path in paths:
            for method in ("GET", "POST", "PATCH", "DELETE"):
                answer = await caller.call(method, path)
                assert answer.status_code == unknown.status_code == 404, (method, path)
                assert answer.headers["content-type"] == unknown.headers["content-type"]
    for token in (best.token, admin.token):
        there = ApiClient(server.http, ops, token, base=OPERATOR_API)
        for each in OPERATIONS:
            answer = await there.call(each.method, filled(each.path))
            assert is_problem(answer, 401, "token-required"), each.name


@on_sqlite
async def test_a_token_for_the_one_api_opens_nothing_of_the_other(
    server: RunningServer, ops: Tenant, operator: ApiClient
) -> None:
    admin = await api_client(server, ops, *ADMIN)
    for path, token, base in (
        ("/tenants", admin.token, OPERATOR_API),
        ("/clients", operator.token, "/api/v1"),
    ):
        answer = await ApiClient(server.http, ops, token, base=base).get(path)
        assert is_problem(answer, 401, "token-required"), base
    with use_tenant(ops):
        both = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Both", grant_types=["client_credentials"], scopes=[ADMIN[0], EVERYTHING[0]]
            ),
        )
    told = await client_token(server, ops, both, f"{ADMIN[0]} {EVERYTHING[0]}")
    assert told["error"] == "invalid_scope", "a token is for one of them"


@on_sqlite
async def test_a_scope_has_to_be_asked_for_by_name(server: RunningServer, ops: Tenant) -> None:
    nothing = await api_client(server, ops, *EVERYTHING, asks="", base=OPERATOR_API)
    assert is_problem(await nothing.get("/tenants"), 401, "token-required")
    reads = await api_client(server, ops, "operator:tenants:read", base=OPERATOR_API)
    assert (await reads.get("/tenants")).status_code == 200
    assert is_problem(await reads.get("/system"), 403, "insufficient-scope")


@on_sqlite
async def test_other_tenants_may_call_scopes_of_their_own_so(
    server: RunningServer, acme: Tenant, ops: Tenant
) -> None:
    with use_tenant(acme):
        client = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Switchboard",
                grant_types=["client_credentials"],
                scopes=["operator:tenants:read", "calls"],
            ),
        )
    told = await client_token(server, acme, client, "")
    assert set(told["scope"].split()) == {"operator:tenants:read", "calls"}


@on_sqlite
async def test_nobody_gives_a_client_scopes_of_the_operators_by_the_admin_api(
    server: RunningServer, ops: Tenant
) -> None:
    admin = await api_client(server, ops, *ADMIN)
    draft = {"name": "Back door", "grant_types": ["client_credentials"], "scopes": [EVERYTHING[1]]}
    assert is_problem(await admin.post("/clients", draft), 403, "beyond-own-scopes")


@on_sqlite
async def test_only_the_operators_scope_is_left_for_another_tenants(
    server: RunningServer, ops: Tenant, acme: Tenant
) -> None:
    with use_tenant(acme), pytest.raises(CrossTenant), leave_tenant():
        pass
    found = await server.parts.resolver.find("ops")
    assert found is not None
    with use_tenant(found), leave_tenant(), use_tenant(acme):
        pass


@on_sqlite
async def test_without_the_setting_there_are_no_doors(settings: Settings) -> None:
    without = settings.model_copy(update={"operator_tenant": ""})
    async with serving(without, clock=MovableClock()) as (app, parts):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            server = RunningServer(parts, transport, http, MovableClock())
            ops = await provisioning.add_tenant(parts, slug="ops", name="Operations")
            caller = await api_client(server, ops, *EVERYTHING, base=OPERATOR_API)
            for each in OPERATIONS:
                answer = await caller.call(each.method, filled(each.path))
                assert answer.status_code == 404, each.name


@on_sqlite
async def test_the_document_and_the_reference_tell_of_this_api(
    server: RunningServer, ops: Tenant
) -> None:
    document = (await server.http.get(f"{ops.issuer}{OPERATOR_API}/openapi.json")).json()
    assert document["servers"] == [{"url": f"{ops.issuer}{OPERATOR_API}"}]
    told = {each["operationId"] for path in document["paths"].values() for each in path.values()}
    assert told == {each.name for each in OPERATIONS}
    flows = document["components"]["securitySchemes"]["oauth2"]["flows"]
    assert set(flows["clientCredentials"]["scopes"]) == set(EVERYTHING)
    page = await server.http.get(f"{ops.issuer}{OPERATOR_API}/docs")
    assert page.status_code == 200
    assert "operator:tenants:write" in page.text
