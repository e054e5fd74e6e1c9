"""``/connections``: ways to sign in elsewhere, set up, changed and tested by programs."""

from typing import Any

import pytest

from authgate.accounts.connection_setup import ConnectionChange, LastConnection
from authgate.admin.connections import setup
from authgate.clock import utc_now
from authgate.permissions import UserRole
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.sign_in import external_identities
from authgate.storage.sign_in.connections import ConnectionRow
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import Tenant, use_tenant
from authgate_testing import tenants
from authgate_testing.api import ApiClient, administering, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

SECRET = "secret-of-the-provider"
CONNECTIONS = (Scope.CONNECTIONS_READ, Scope.CONNECTIONS_WRITE)
GITHUB: dict[str, Any] = {
    "slug": "hub",
    "connector": "github",
    "config": {"client_id": "Iv1.a", "client_secret": SECRET},
}


@pytest.fixture
async def api(server: RunningServer, api: ApiClient, acme: Tenant, globex: Tenant) -> ApiClient:
    """At a tenant that has enabled the plugin, as the other one has."""
    for each in (acme, globex):
        await tenants.change(server, each, settings={"enabled_plugins": ["github"]})
    return api


@on_sqlite
async def test_a_connection_is_set_up_changed_tested_and_removed(
    api: ApiClient, acme: Tenant
) -> None:
    [kind] = (await api.get("/connection-types")).json()["items"]
    assert {each["name"]: each["kind"] for each in kind["settings"]} == {
        "client_id": "text",
        "client_secret": "secret",
        "host": "text",
    }
    made = await api.post("/connections", GITHUB | {"enabled": False})
    assert made.status_code == 201, made.text
    assert SECRET not in made.text
    assert made.json()["redirect_uri"] == f"{acme.issuer}/login/hub/callback"
    assert (await api.post("/connections", GITHUB)).status_code == 409

    read = await api.get("/connections/hub")
    patch = {"enabled": True, "config": {"host": "ghe.acme.example"}}
    refused = await api.patch("/connections/hub", patch, if_match=read.headers["etag"])
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/config/client_secret"
    patch["config"] = {"host": "ghe.acme.example", "client_secret": SECRET}
    patch["rules"] = {"allowed_domains": ["Acme.example"]}
    changed = await api.patch("/connections/hub", patch, if_match=read.headers["etag"])
    assert changed.status_code == 200, changed.text
    assert changed.json()["config"] == {"client_id": "Iv1.a", "host": "ghe.acme.example"}
    assert changed.json()["rules"]["allowed_domains"] == ["acme.example"]
    assert SECRET not in changed.text
    patch = {"config": {"host": None, "client_secret": SECRET}}
    changed = await api.patch("/connections/hub", patch, if_match=changed.headers["etag"])
    assert changed.json()["config"] == {"client_id": "Iv1.a"}

    tested = (await api.post("/connections/hub/test")).json()
    assert tested["passed"] is True
    assert tested["trial_url"] == f"{acme.issuer}/login/hub/trial"
    assert (await api.delete("/connections/hub")).status_code == 204
    assert (await api.get("/connections")).json()["items"] == []


@on_sqlite
async def test_where_passwords_are_off_the_last_connection_stays(
    server: RunningServer, api: ApiClient, acme: Tenant
) -> None:
    assert (await api.post("/connections", GITHUB)).status_code == 201
    await tenants.choose(server, acme, password_sign_in=False)
    read = await api.get("/connections/hub")
    off = await api.patch("/connections/hub", {"enabled": False}, if_match=read.headers["etag"])
    for refused in (off, await api.delete("/connections/hub")):
        assert is_problem(refused, 409, "conflict")
        assert "Nobody could sign in without it" in refused.text
    assert (await api.get("/connections/hub")).json() == read.json()
    made = await api.post("/connections", GITHUB | {"slug": "other", "enabled": False})
    assert made.status_code == 201
    assert is_problem(await api.delete("/connections/hub"), 409, "conflict")
    other = await api.get("/connections/other")
    on = await api.patch("/connections/other", {"enabled": True}, if_match=other.headers["etag"])
    assert on.status_code == 200
    assert (await api.delete("/connections/hub")).status_code == 204


@on_sqlite
async def test_passwords_that_were_switched_off_a_moment_ago_count_as_off(
    server: RunningServer, api: ApiClient, acme: Tenant
) -> None:
    assert (await api.post("/connections", GITHUB)).status_code == 201
    await tenants.choose(server, acme, password_sign_in=False)
    assert acme.settings.password_sign_in, "as a request saw it that came before"
    with use_tenant(acme):
        for attempt in (
            setup(server.parts).remove("hub"),
            setup(server.parts).change("hub", ConnectionChange(enabled=False)),
        ):
            with pytest.raises(LastConnection):
                await attempt
        assert await ConnectionRow.filter(enabled=True).count() == 1


@on_sqlite
async def test_who_vouches_for_an_owner_is_changed_by_owners_alone(
    server: RunningServer,
    api: ApiClient,
    acme: Tenant,
    alice: User,
    carol: User,
    colleague: Person,
) -> None:
    assert (await api.post("/connections", GITHUB)).status_code == 201
    moved = {"config": {"host": "ghe.acme.example", "client_secret": SECRET}}
    back = {"config": {"host": None, "client_secret": SECRET}}
    await linked(acme, alice)
    assert (await changed(api, moved)).status_code == 200, "by those who may as much as anybody"
    with use_tenant(acme):
        await users.set_role(carol.id, UserRole.OWNER)
    await linked(acme, carol)
    refused = await changed(api, back)
    assert is_problem(refused, 403, "beyond-own-role")
    assert (await api.get("/connections/hub")).json()["config"]["host"] == "ghe.acme.example"
    assert (await changed(api, {"label": "Hub", "enabled": False})).status_code == 200
    assert (await changed(api, {"config": {"client_secret": "another"}})).status_code == 200
    application = await administering(server, acme, *CONNECTIONS)
    issued = await application.signed_in(colleague, scope=" ".join(CONNECTIONS))
    by_owner = ApiClient(server.http, acme, issued["access_token"])
    assert (await changed(by_owner, back)).status_code == 200


@on_sqlite
async def test_whom_a_directory_finds_for_an_owner_is_changed_by_owners_alone(
    server: RunningServer, api: ApiClient, acme: Tenant, carol: User
) -> None:
    await tenants.change(server, acme, settings={"enabled_plugins": ["ldap"]})
    config = {"hosts": ["a"], "base_dn": "dc=acme", "user_dn": "ACME\\{login}"}
    made = await api.post("/connections", {"slug": "hub", "connector": "ldap", "config": config})
    assert made.status_code == 201, made.text
    assert (await changed(api, {"config": {"object_class": "user"}})).status_code == 200
    with use_tenant(acme):
        await users.set_role(carol.id, UserRole.OWNER)
    await linked(acme, carol)
    for other in (
        {"user_dn": "OTHER\\{login}"},
        {"login_attributes": ["givenName"]},
        {"object_class": "device"},
        {"member_of": "cn=staff,dc=acme"},
        {"base_dn": "dc=other"},
    ):
        refused = await changed(api, {"config": other})
        assert is_problem(refused, 403, "beyond-own-role"), other
    assert (await changed(api, {"config": {"name_attribute": "sn"}})).status_code == 200


@on_sqlite
async def test_what_has_become_a_secret_is_shown_no_more(api: ApiClient, acme: Tenant) -> None:
    assert (await api.post("/connections", GITHUB)).status_code == 201
    with use_tenant(acme):
        await ConnectionRow.all().update(config=GITHUB["config"])
    for path in ("/connections", "/connections/hub"):
        told = await api.get(path)
        assert ("Iv1.a" in told.text, SECRET in told.text) == (True, False)
    assert (await changed(api, {"config": {"client_id": "Iv1.b"}})).status_code == 200
    with use_tenant(acme):
        [row] = await ConnectionRow.all()
    assert row.config == {"client_id": "Iv1.b"}, "the next change seals it"


async def changed(api: ApiClient, patch: dict[str, Any]) -> Any:
    read = await api.get("/connections/hub")
    return await api.patch("/connections/hub", patch, if_match=read.headers["etag"])


async def linked(tenant: Tenant, user: User) -> None:
    with use_tenant(tenant):
        [row] = await ConnectionRow.all()
        await external_identities.link(
            connection_id=row.id,
            issuer="https://github.com",
            subject=user.username,
            user_id=user.id,
            username=user.username,
            now=utc_now(),
        )


@on_sqlite
async def test_what_cannot_be_is_named_by_its_place(api: ApiClient) -> None:
    for changed, place in (
        ({"slug": "Not_One"}, "/slug"),
        ({"connector": "oidc"}, "/connector"),
        ({"config": {"client_id": "a"}}, "/config/client_secret"),
        ({"config": GITHUB["config"] | {"host": "https://x"}}, "/config/host"),
        ({"rules": {"newcomers": "everybody"}}, "/rules/newcomers"),
        ({"rules": {"email_domains": ["nowhere"]}}, "/rules/email_domains"),
        ({"rules": {"provisioned": "email"}}, "/rules/provisioned"),
        ({"rules": {"groups": {"theirs": "staff"}}}, "/rules/groups"),
        (
            {"rules": {"groups": {"theirs": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f90dddd"}}},
            "/rules/groups",
        ),
    ):
        refused = await api.post("/connections", GITHUB | changed)
        assert refused.status_code == 422, changed
        [fault] = refused.json()["errors"]
        assert fault["pointer"] == place
        assert SECRET not in refused.text


@on_sqlite
async def test_another_tenants_connection_is_unknown(
    api: ApiClient, foreign_api: ApiClient, acme: Tenant
) -> None:
    await api.post("/connections", GITHUB)
    before = await foreign_api.get("/connections/nothing")
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/test"),
    ):
        answer = await foreign_api.call(method, f"/connections/hub{path}")
        assert answer.status_code == before.status_code == 404
    assert (await foreign_api.post("/connections", GITHUB)).status_code == 201
    with use_tenant(acme):
        assert await ConnectionRow.all().count() == 1
