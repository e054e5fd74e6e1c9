"""Which role may do what by the admin API: every operation by every role, and who changes whom."""

import asyncio
import re

import pytest

from authgate import permissions, provisioning
from authgate.admin.catalogue import OPERATIONS
from authgate.audit import Event
from authgate.permissions import Access, Area, UserRole, permits, reads
from authgate.settings import DatabaseSettings, Settings
from authgate.storage.clients.rows import ClientRow
from authgate.storage.people.users import User, UserRow
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import ConsentPolicy, UserStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import (
    EVERY_SCOPE,
    EVERYTHING,
    ApiClient,
    administering,
    api_client,
    is_problem,
)
from authgate_testing.application import Application, is_asked, sent_on, told
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

_NOWHERE = "01930000-0000-7000-8000-000000000009"
AREAS = {
    "clients": Area.CLIENTS,
    "scopes": Area.SCOPES,
    "resource-servers": Area.RESOURCE_SERVERS,
    "signing-keys": Area.KEYS,
    "signing-key-rotations": Area.KEYS,
    "signing-algorithm": Area.KEYS,
    "connection-types": Area.CONNECTIONS,
    "connections": Area.CONNECTIONS,
    "domains": Area.DOMAINS,
    "issuer": Area.DOMAINS,
    "address-blocks": Area.LIMITS,
    "tokens": Area.TOKENS,
    "authorizations": Area.AUTHORIZATIONS,
    "users": Area.USERS,
    "user-imports": Area.USERS,
    "user-erasures": Area.USERS,
    "invitations": Area.USERS,
    "groups": Area.GROUPS,
    "roles": Area.ROLES,
    "scim-tokens": Area.SCIM,
    "operator-accesses": Area.ROLES,
    "exports": Area.EXPORTS,
    "jobs": Area.JOBS,
    "webhooks": Area.WEBHOOKS,
    "settings": Area.SETTINGS,
    "mail-server": Area.SETTINGS,
    "plugins": Area.SETTINGS,
    "usage": Area.USAGE,
    "overview": Area.USAGE,
    "audit-events": Area.AUDIT,
    "audit-statistics": Area.AUDIT,
    "audit-exports": Area.AUDIT,
    "audit-verification": Area.AUDIT,
    "alerts": Area.AUDIT,
    "alert-rules": Area.AUDIT,
}
"""By what the path of an operation begins with."""
PART_OF_ANOTHER = {
    "revoke-tokens": Area.TOKENS,
    "role": Area.ROLES,
    "groups": Area.GROUPS,
    "add-to-group": Area.GROUPS,
}
"""By what it ends with."""
OWNER, ADMIN, USER = UserRole.OWNER, UserRole.ADMIN, UserRole.USER


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """More calls at once than anybody makes."""
    limits = settings.limits.model_copy(update={"api_per_caller": "1000/s burst 10000"})
    return settings.model_copy(update={"limits": limits})


@pytest.fixture
async def administered(server: RunningServer, acme: Tenant) -> Application:
    """An application that administers acme for whoever signs in to it."""
    return await administering(server, acme, *EVERY_SCOPE)


async def in_name_of(server: RunningServer, administered: Application, person: Person) -> ApiClient:
    """The API as a person asks it, with a token that has every scope."""
    issued = await administered.signed_in(person, scope=" ".join(EVERY_SCOPE))
    return ApiClient(server.http, administered.tenant, issued["access_token"])


@pytest.fixture
async def by_alice(server: RunningServer, administered: Application, person: Person) -> ApiClient:
    """The API as alice asks it."""
    return await in_name_of(server, administered, person)


@pytest.fixture
async def by_carol(
    server: RunningServer, administered: Application, colleague: Person
) -> ApiClient:
    """The API as carol asks it."""
    return await in_name_of(server, administered, colleague)


async def become(tenant: Tenant, **roles: UserRole) -> None:
    """Let people have been that, by their names."""
    with use_tenant(tenant):
        for name, role in roles.items():
            await UserRow.filter(username=name).update(role=role, status=UserStatus.ACTIVE)


async def roles_at(tenant: Tenant) -> dict[str, UserRole]:
    with use_tenant(tenant):
        return {row.username: row.role for row in await UserRow.all()}


def test_each_role_is_told_of_each_area_and_who_has_more_has_all_of_it() -> None:
    order = [*permissions.ROLES]
    assert set(order) == set(UserRole)
    for area in Area:
        far = {role: permissions.access(role, area) for role in order}
        assert far[OWNER] >= far[ADMIN] >= far[UserRole.CLIENT_MANAGER], area
        assert far[ADMIN] >= far[UserRole.AUDITOR], area
        assert far[OWNER] > Access.NONE
        assert far[UserRole.AUDITOR] == Access.READ, "sees everything, changes nothing"
        assert far[USER] == Access.NONE, area
    for role in order:  # their pages show it in charts
        sees = permissions.access(role, Area.TOKENS) > Access.NONE
        assert permits(role, reads(Area.USAGE)) is sees, role
    assert permissions.access(ADMIN, Area.TENANT) == Access.READ, "its end is the owners'"
    assert permissions.given_by(ADMIN) == order[1:]
    assert permissions.given_by(OWNER) == order
    assert not any(permissions.given_by(role) for role in order[2:])


def test_ad_04_every_operation_asks_for_the_area_that_it_is_in() -> None:
    for operation in OPERATIONS:
        parts = operation.path.removeprefix("/bulk").strip("/").split("/")
        area = PART_OF_ANOTHER.get(parts[-1]) or AREAS[parts[0]]
        # Who may read the log has it written down: nothing changes by it.
        is_reading = operation.method == "GET" or parts[0] in (
            "audit-exports",
            "audit-verification",
        )
        how = Access.READ if is_reading else Access.WRITE
        assert operation.scope.permission == (area, how), operation.name


@on_sqlite
async def test_ad_04_every_operation_is_done_for_those_roles_that_the_table_says(
    by_alice: ApiClient, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    before = await ledger.rows(acme)
    told = 0
    for role in UserRole:
        await become(acme, alice=role)
        for operation in OPERATIONS:
            path = re.sub(r"\{[a-z_]+\}", _NOWHERE, operation.path)
            answer = await by_alice.call(operation.method, path, body=b"")
            if permits(role, operation.scope.permission):
                # Of a log in which nothing is sealed there is nothing to check.
                done = (200, 400, 404, 409, 415, 422)
                assert answer.status_code in done, (role, operation.name)
            elif role is USER:
                assert is_problem(answer, 403, "administrator-required"), operation.name
            else:
                assert is_problem(answer, 403, "beyond-own-role"), (role, operation.name)
                assert str(operation.scope.permission) in answer.json()["detail"]
            told += 1
    await become(acme, alice=USER)
    assert told == len(OPERATIONS) * len(UserRole) >= 180
    after = await ledger.rows(acme)
    after["users"], before["users"] = [], []  # alice herself
    after["audit_events"] = [
        # That somebody looked at the log is written down.
        each
        for each in after["audit_events"]
        if each["event_type"] != Event.AUDIT_LOG_VIEWED
    ]
    # Whoever asks is counted.
    assert {name: rows for name, rows in after.items() if not name.startswith("usage_")} == {
        name: rows for name, rows in before.items() if not name.startswith("usage_")
    }


@on_sqlite
async def test_roles_are_told_with_all_that_they_may(api: ApiClient) -> None:
    told = {each["role"]: each for each in (await api.get("/roles")).json()["items"]}
    assert list(told) == list(permissions.ROLES)
    assert "tenant:write" in told["owner"]["permissions"]
    assert "tenant:write" not in told["admin"]["permissions"]
    assert not [each for each in told["auditor"]["permissions"] if each.endswith(":write")]
    assert told["admin"]["gives"] == ["admin", "client_manager", "auditor", "user"]
    assert told["user"] == {"role": "user", "permissions": [], "gives": []}


async def test_a_role_is_in_force_at_once_and_written_down_with_what_it_was(
    by_alice: ApiClient, by_carol: ApiClient, acme: Tenant, carol: User, ledger: Ledger
) -> None:
    await become(acme, alice=OWNER)
    assert is_problem(await by_carol.get("/clients"), 403, "administrator-required")
    for role, status in ((UserRole.AUDITOR, 200), (ADMIN, 200), (USER, 403)):
        told = await by_alice.post(f"/users/{carol.id}/role", {"role": role})
        assert (told.status_code, told.json()["role"]) == (200, role)
        assert (await by_carol.get("/clients")).status_code == status
    assert (await by_alice.post(f"/users/{carol.id}/role", {"role": USER})).status_code == 200
    events = await ledger.events(acme, Event.USER_ROLE_CHANGED)
    assert [each.details for each in events] == [
        {"was": "user", "is": "auditor"},
        {"was": "auditor", "is": "admin"},
        {"was": "admin", "is": "user"},
    ], "what changes nothing is not written down"
    assert {(each.actor_name, each.resource_id) for each in events} == {("alice", str(carol.id))}


async def test_ad_01_03_04_nobody_gets_further_than_their_role_or_changes_their_own(
    by_alice: ApiClient, acme: Tenant, alice: User, carol: User
) -> None:
    here, there = f"/users/{alice.id}", f"/users/{carol.id}"
    await become(acme, alice=ADMIN, carol=OWNER)
    for path, said in (
        (f"{there}/role", {"role": "user"}),
        (f"{there}/disable", None),
        (f"{there}/enable", None),
        (f"{there}/reset-password", {}),
        (f"{there}/sign-out", None),
        ("/users", {"username": "jon", "role": "owner"}),
    ):
        assert is_problem(await by_alice.post(path, said), 403, "beyond-own-role"), path
    mail = {"email": "mine@acme.example"}
    assert is_problem(await by_alice.patch(there, mail, if_match="*"), 403, "beyond-own-role")
    assert is_problem(await by_alice.delete(there), 403, "beyond-own-role")
    session = f"{there}/sessions/{_NOWHERE}"
    assert is_problem(await by_alice.delete(session), 403, "beyond-own-role")
    await become(acme, carol=USER)
    assert is_problem(await by_alice.delete(session), 404, "not-found")
    answer = await by_alice.post(f"{there}/role", {"role": "owner"})
    assert is_problem(answer, 403, "beyond-own-role")
    for role in UserRole:
        refused = await by_alice.post(f"{here}/role", {"role": role})
        assert is_problem(refused, 409, "conflict"), role
    for path in (f"{here}/disable", f"{here}/reset-password"):
        said = {} if path.endswith("password") else None
        assert is_problem(await by_alice.post(path, said), 409, "conflict")
    assert is_problem(await by_alice.patch(here, {"name": "X"}, if_match="*"), 409, "conflict")
    assert is_problem(await by_alice.delete(here), 409, "conflict")
    nobody = await by_alice.post(f"/users/{_NOWHERE}/role", {"role": "auditor"})
    assert is_problem(nobody, 404, "not-found")
    assert is_problem(await by_alice.post(f"{there}/role", {"role": "root"}), 422, "invalid")
    assert await roles_at(acme) == {"alice": ADMIN, "carol": USER}


@on_sqlite
async def test_to_give_a_role_asks_a_person_for_a_recent_sign_in(
    server: RunningServer, by_alice: ApiClient, acme: Tenant, carol: User
) -> None:
    await become(acme, alice=OWNER)
    server.clock.advance(16 * 60)
    for path, said in (
        (f"/users/{carol.id}/role", {"role": "admin"}),
        ("/users", {"username": "jon", "role": "admin"}),
        ("/invitations", {"email": "jon@acme.example", "role": "admin"}),
    ):
        late = await by_alice.post(path, said)
        assert is_problem(late, 401, "recent-sign-in-required"), path
    assert (await by_alice.post("/users", {"username": "jon"})).status_code == 201
    assert await roles_at(acme) == {"alice": OWNER, "carol": USER, "jon": USER}


@on_sqlite
async def test_to_take_from_somebody_what_lets_them_in_asks_a_person_for_a_recent_sign_in(
    server: RunningServer, by_alice: ApiClient, acme: Tenant, carol: User
) -> None:
    await become(acme, alice=ADMIN)
    here = f"/users/{carol.id}"
    server.clock.advance(16 * 60)
    for late in (
        await by_alice.delete(f"{here}/second-factors"),
        await by_alice.post(f"{here}/reset-password", {}),
        await by_alice.delete(here),
    ):
        assert is_problem(late, 401, "recent-sign-in-required"), late.request.url
    assert (await by_alice.get(here)).status_code == 200


@on_sqlite
async def test_a_program_gets_no_further_than_an_administrator(
    api: ApiClient, acme: Tenant, alice: User, carol: User
) -> None:
    await become(acme, alice=OWNER)
    made = await api.post(f"/users/{carol.id}/role", {"role": "owner"})
    assert is_problem(made, 403, "beyond-own-role")
    ended = await api.post(f"/users/{alice.id}/role", {"role": "user"})
    assert is_problem(ended, 403, "beyond-own-role")
    assert (await api.post(f"/users/{carol.id}/role", {"role": "admin"})).status_code == 200


@on_sqlite
async def test_ad_04_nobody_gets_further_by_a_client(
    server: RunningServer, by_alice: ApiClient, acme: Tenant, alice: User
) -> None:
    await become(acme, alice=UserRole.CLIENT_MANAGER)
    mighty = await api_client(server, acme, Scope.USERS_WRITE)
    assert mighty.client is not None
    here = f"/clients/{mighty.client.client.client_id}"
    made = {"name": "Mine", "grant_types": ["client_credentials"], "scopes": [Scope.USERS_READ]}
    etag = (await by_alice.get(here)).headers["etag"]
    for answer in (
        await by_alice.post("/clients", made),
        await by_alice.patch(here, {"scopes": []}, if_match=etag),
        await by_alice.post(f"{here}/secret", {}),
        await by_alice.post(f"{here}/enable"),
    ):
        assert is_problem(answer, 403, "beyond-own-scopes"), answer.request.url
    asked = f"/tokens?client_id={mighty.client.client.client_id}"
    [token] = (await by_alice.get(asked)).json()["items"]
    assert (await by_alice.post(f"/tokens/{token['id']}/disable")).status_code == 200
    refused = await by_alice.post(f"/tokens/{token['id']}/enable")
    assert is_problem(refused, 403, "beyond-own-scopes")
    assert is_problem(await mighty.get("/users"), 401, "token-required"), "it stays disabled"
    made["scopes"] = [Scope.CLIENTS_READ]
    assert (await by_alice.post("/clients", made)).status_code == 201
    assert (await by_alice.post(f"{here}/disable")).status_code == 200


@on_sqlite
@pytest.mark.usefixtures("by_carol")
async def test_ad_04_whoever_lets_a_client_administer_the_tenant_is_asked_each_time(
    administered: Application, by_alice: ApiClient, colleague: Person, acme: Tenant
) -> None:
    """Else an administrator would make themselves owner by what owners let in unseen."""
    await become(acme, alice=ADMIN, carol=OWNER)
    mine, scope = "https://mine.example/callback", Scope.ROLES_WRITE.value
    made = {
        "name": "Mine",
        "grant_types": ["authorization_code"],
        "scopes": [scope],
        "redirect_uris": [mine],
        "first_party": True,
    }
    refused = await by_alice.post("/clients", made | {"consent": "implicit"})
    assert is_problem(refused, 422, "invalid")
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/consent"]
    with use_tenant(acme):  # as one may have been made before that was refused
        found = ClientRow.filter(client_id="admin")
        scopes = ["openid", "offline_access", *EVERYTHING]
        await found.update(consent=ConsentPolicy.IMPLICIT, first_party=True, scopes=scopes)
    assert is_asked(await sent_on(colleague, administered.ask(scope=scope).url))
    changed = {"redirect_uris": [administered.redirect_uri, mine], "consent": "remembered"}
    answer = await by_alice.patch("/clients/admin", changed, if_match="*")
    assert answer.status_code == 200, answer.text
    asking = {"scope": scope, "redirect_uri": mine}
    assert is_asked(await sent_on(colleague, administered.ask(**asking).url))
    silent = administered.ask(**asking, prompt="none").url
    assert told(await sent_on(colleague, silent))["error"] == "consent_required"


async def test_ad_01_the_last_owner_stays(
    server: RunningServer, by_alice: ApiClient, acme: Tenant, alice: User, carol: User
) -> None:
    await become(acme, alice=OWNER, carol=OWNER)
    with use_tenant(acme):
        taken = await provisioning.change_role(carol.id, ADMIN)
        assert taken.role is ADMIN
        for role in (ADMIN, USER, UserRole.AUDITOR):
            with pytest.raises(provisioning.LastAdministrator, match="last owner"):
                await provisioning.change_role(alice.id, role)
        with pytest.raises(provisioning.LastAdministrator, match="last owner"):
            await provisioning.disable_user("alice", now=server.clock())
    assert (await by_alice.post(f"/users/{carol.id}/role", {"role": "owner"})).status_code == 200
    assert (await by_alice.post(f"/users/{carol.id}/disable")).status_code == 200
    with use_tenant(acme), pytest.raises(provisioning.LastAdministrator):
        await provisioning.disable_user("alice", now=server.clock())
    assert await roles_at(acme) == {"alice": OWNER, "carol": OWNER}


async def test_ad_02_two_owners_who_remove_each_other_at_once_dont_both_succeed(
    by_alice: ApiClient,
    by_carol: ApiClient,
    acme: Tenant,
    alice: User,
    carol: User,
    database_settings: DatabaseSettings,
) -> None:
    # With SQLite they come one after the other anyway.
    rounds = 10 if database_settings.is_sqlite else 100
    take = ("role", {"role": "user"})
    for number in range(rounds):
        await become(acme, alice=OWNER, carol=OWNER)
        what, said = ("disable", None) if number == rounds - 1 else take
        answers = await asyncio.gather(
            by_alice.post(f"/users/{carol.id}/role", take[1]),
            by_carol.post(f"/users/{alice.id}/{what}", said),
        )
        statuses = sorted(each.status_code for each in answers)
        # Who has lost the role, or their token, before they ask is refused at the door.
        assert statuses in ([200, 401], [200, 403]), [each.text for each in answers]
        with use_tenant(acme):
            assert await UserRow.filter(role=OWNER, status=UserStatus.ACTIVE).count() == 1
