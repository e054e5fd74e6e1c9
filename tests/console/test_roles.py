"""Who may open and do what in the console: every route by every role, and the page where roles are
given and taken."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from quart import Quart

from authgate import provisioning
from authgate.admin.catalogue import OPERATIONS
from authgate.admin.console.frame import ROOT, Console
from authgate.admin.console.pages import blueprints
from authgate.audit import Event
from authgate.permissions import Access, Area, Permission, UserRole, permits
from authgate.provisioning import NewClient
from authgate.storage.clients.drafts import ClientDraft
from authgate.storage.people.users import User, UserRow
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import api_client
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.wiretap import Wiretap

AREAS = {
    "": Area.OVERVIEW,
    "overview": Area.OVERVIEW,
    "first-steps": Area.OVERVIEW,
    "find": Area.OVERVIEW,
    "clients": Area.CLIENTS,
    "tokens": Area.TOKENS,
    "scopes": Area.SCOPES,
    "resource-servers": Area.RESOURCE_SERVERS,
    "signing-keys": Area.KEYS,
    "limits": Area.LIMITS,
    "provisioning": Area.SCIM,
    "usage": Area.USAGE,
    "domains": Area.DOMAINS,
    "settings": Area.SETTINGS,
    "branding": Area.SETTINGS,
    "mail-server": Area.SETTINGS,
    "plugins": Area.SETTINGS,
    "team": Area.ROLES,
    "exports": Area.EXPORTS,
    "audit": Area.AUDIT,
    "jobs": Area.JOBS,
    "webhooks": Area.WEBHOOKS,
    "invitations": Area.USERS,
    "users": Area.USERS,
    "connections": Area.CONNECTIONS,
    "groups": Area.GROUPS,
}
"""By what the path of a page begins with, below ``/admin``."""
OF_A_CLIENT = {"revoke": Area.TOKENS, "people": Area.AUTHORIZATIONS}
"""What is shown and done of a client that is not the client."""
OF_A_PERSON = {"block": Area.USERS, "let-in": Area.USERS, "apps": Area.AUTHORIZATIONS}
"""What is done to a person that is no role."""
OF_AN_ALERT = {
    "rules": Area.SETTINGS,
    "disable-user": Area.USERS,
    "sign-out": Area.USERS,
    "block-address": Area.LIMITS,
    "disable-client": Area.CLIENTS,
    "revoke-client": Area.CLIENTS,
    "rotate-keys": Area.KEYS,
}
"""What is chosen of alerts, and done about one."""
OWNER, ADMIN, AUDITOR = UserRole.OWNER, UserRole.ADMIN, UserRole.AUDITOR
MANAGER, USER = UserRole.CLIENT_MANAGER, UserRole.USER


async def become(tenant: Tenant, **roles: UserRole) -> None:
    """Let people have been that, by their names."""
    with use_tenant(tenant):
        for name, role in roles.items():
            await UserRow.filter(username=name).update(role=role)


def asked_by_routes(server: RunningServer) -> Mapping[tuple[str, str], Permission]:
    """What each route of the console says that it asks for."""
    nothing = cast(Any, None)
    console = Console(parts=server.parts, pages=nothing, hash_password=nothing, streams=nothing)
    assert list(blueprints(console))
    return console.doors.asked


def served(server: RunningServer) -> set[tuple[str, str]]:
    """Every route below ``/admin`` that there is, whoever has put it there."""
    people: Quart = cast(Any, cast(Wiretap, server.transport.app).app)._people
    return {
        (method, rule.rule)
        for rule in people.url_map.iter_rules()
        if rule.rule.startswith(ROOT)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


@on_sqlite
def test_every_route_of_the_console_says_what_it_asks_for(server: RunningServer) -> None:
    asked = asked_by_routes(server)
    assert served(server) == set(asked)
    changing = {route for route, permission in asked.items() if permission.access is Access.WRITE}
    posted = {route for route in asked if route[0] == "POST"}
    # Who may read the log has it written down, and finds a search again: nothing changes by it.
    reading = ("exports", "respond/export-window", "searches", "verification")
    copied = tuple(f"{ROOT}/audit/{each}" for each in reading)
    copies = {route for route in posted if route[1].startswith(copied)}
    assert posted <= changing | copies


@on_sqlite
def test_ad_04_every_route_asks_for_the_area_that_it_is_in(server: RunningServer) -> None:
    for (method, rule), permission in asked_by_routes(server).items():
        parts = rule.removeprefix(ROOT).removeprefix("/plugin-pages").strip("/").split("/")
        within = parts[2] if parts[0] == "clients" and len(parts) > 2 else ""
        if parts[0] in ("team", "users"):
            within = parts[-1]
        if parts[0] == "audit" and method == "POST":
            within = parts[-1]
        of_another = OF_A_CLIENT.get(within) or OF_A_PERSON.get(within) or OF_AN_ALERT.get(within)
        area = of_another or AREAS[parts[0]]
        assert permission.area is area, (method, rule)


@on_sqlite
async def test_ad_04_every_route_opens_to_those_roles_that_the_table_says(
    server: RunningServer, acme: Tenant, admin: Person, machine: NewClient, ledger: Ledger
) -> None:
    await admin.visit(f"{acme.issuer}/admin")
    assert admin.page is not None
    token = forms(admin.page.text)[0].hidden["csrf_token"]
    before = steady(await ledger.rows(acme))
    told = 0
    for role in UserRole:
        await become(acme, alice=role)
        for (method, rule), permission in asked_by_routes(server).items():
            path = re.sub("<kind>", "machine", re.sub("<[a-z_]+>", str(uuid4()), rule))
            answer = await admin.http.request(
                method,
                f"{acme.issuer}{path}",
                data={"csrf_token": token, "uri": "-"} if method == "POST" else None,
            )
            if permits(role, permission):
                assert answer.status_code in (200, 204, 303, 400, 404, 409), (role, method, rule)
            else:
                assert answer.status_code == 403, (role, method, rule)
                assert "You may not do this" in answer.text
            told += 1
    assert told >= 5 * 35
    await become(acme, alice=ADMIN)
    assert steady(await ledger.rows(acme)) == before


def steady(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The rows, without when a browser was last seen, and when alice's role was changed."""
    for each in (*rows["browser_sessions"], *rows["users"]):
        for name in ("last_seen_at", "idle_expires_at", "updated_at"):
            each.pop(name, None)
    # Who may read the log may, and that is written down.
    rows["audit_events"] = [
        each for each in rows["audit_events"] if each["event_type"] != Event.AUDIT_LOG_VIEWED
    ]
    # Whoever looks at what is used adds it up.
    return {name: found for name, found in rows.items() if not name.startswith("usage_")}


@on_sqlite
async def test_menu_and_buttons_show_what_a_role_may_do(
    acme: Tenant, admin: Person, machine: NewClient
) -> None:
    here = f"{acme.issuer}/admin/clients/{machine.client.id}"
    menus = {}
    for role in (OWNER, AUDITOR, MANAGER):
        await become(acme, alice=role)
        page = (await admin.visit(f"{acme.issuer}/admin")).text
        menus[role] = set(re.findall(r'href="[^"]*/admin(/[a-z-]+)"', page))
    own = {
        "/domains",
        "/limits",
        "/signing-keys",
        "/team",
        "/users",
        "/connections",
        "/invitations",
        "/groups",
        "/settings",
        "/branding",
        "/mail-server",
        "/plugins",
        "/provisioning",
        "/jobs",
        "/exports",
        "/audit",
    }
    everything = {
        "/find",
        "/first-steps",
        "/clients",
        "/tokens",
        "/scopes",
        "/resource-servers",
        "/usage",
        *own,
    }
    assert menus[AUDITOR] == everything
    assert menus[OWNER] - {"/clients/new"} == everything
    assert menus[MANAGER] - {"/clients/new"} == everything - own
    await become(acme, alice=AUDITOR)
    of_anybody = {f"{acme.prefix}/logout", f"{acme.prefix}/language"}
    shown = [f"{acme.issuer}/admin{each}" for each in ("", *sorted(everything))]
    for path in (*shown, here):
        page = (await admin.visit(path)).text
        assert set(re.findall(r'method="post" action="([^"]+)"', page)) == of_anybody, path
    page = (await admin.visit(here)).text
    assert not re.findall(r'href="[^"]*/(edit|secret|delete)"', page)
    await become(acme, alice=MANAGER)
    page = (await admin.visit(here)).text
    assert set(re.findall(r'href="[^"]*/(edit|secret|delete)"', page)) == {
        "edit", "secret", "delete",
    }  # fmt: skip


@on_sqlite
async def test_the_team_is_told_of_areas_that_something_asks_for_and_the_manual_of_the_others(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    asked = {each.area for each in asked_by_routes(server).values()}
    asked |= {each.scope.permission.area for each in OPERATIONS}
    page = (await admin.visit(f"{acme.issuer}/admin/team")).text
    assert set(re.findall(r'<td class="first"><code>([a-z-]+)</code>', page)) == asked
    manual = (Path(__file__).parents[2] / "docs/roles.md").read_text()
    others = re.search(r"asks for these yet: ([^.]+)\.", manual)
    assert others is not None
    assert set(re.findall("`([a-z-]+)`", others[1])) == set(Area) - asked


@on_sqlite
async def test_a_role_is_given_once_it_was_asked_and_taken_again(
    acme: Tenant, admin: Person, alice: User, carol: User, ledger: Ledger
) -> None:
    await become(acme, alice=OWNER)
    await admin.visit(f"{acme.issuer}/admin/team")
    nobody = await admin.visit(f"{acme.issuer}/admin/team/find?login=nobody")
    assert "Nobody has this name." in nobody.text
    page = await admin.visit(f"{acme.issuer}/admin/team/find?login=CAROL@acme.example")
    assert page.url.path.endswith(f"/admin/team/{carol.id}")
    question = await admin.submit({"role": "auditor"}, to=f"/team/{carol.id}")
    assert re.search("Give .*carol.* the role Auditor", question.text)
    assert await ledger.events(acme, Event.USER_ROLE_CHANGED) == [], "nothing before it is meant"
    done = await admin.submit({}, to=f"/team/{carol.id}")
    assert "The role is in force." in done.text
    assert f"/admin/team/{carol.id}" in done.text
    assert f"/admin/team/{alice.id}" not in done.text, "nobody changes their own"
    await admin.visit(f"{acme.issuer}/admin/team/{carol.id}")
    await admin.submit({"role": "user"}, to=f"/team/{carol.id}")
    done = await admin.submit({}, to=f"/team/{carol.id}")
    assert "They administer nothing here any more." in done.text
    events = await ledger.events(acme, Event.USER_ROLE_CHANGED)
    assert [each.details for each in events] == [
        {"was": "user", "is": "auditor"},
        {"was": "auditor", "is": "user"},
    ]
    assert {each.actor_name for each in events} == {"alice"}


@on_sqlite
async def test_a_person_is_shut_out_where_their_role_is_and_let_in_again(
    acme: Tenant, admin: Person, alice: User, carol: User, colleague: Person, ledger: Ledger
) -> None:
    there = f"{acme.issuer}/admin/team/{carol.id}"
    await admin.visit(there)
    page = await admin.submit({}, to="/block")
    assert "Blocked: they are signed out everywhere." in page.text
    account = await colleague.http.get(f"{acme.issuer}/account/sessions")
    assert "/login" in account.headers["location"]
    page = await admin.submit({}, to="/let-in")
    assert "Let in: they may sign in again." in page.text
    assert len(await ledger.events(acme, Event.USER_DISABLED)) == 1
    assert "/block" not in (await admin.visit(f"{acme.issuer}/admin/team/{alice.id}")).text
    await become(acme, carol=OWNER)
    assert "/block" not in (await admin.visit(there)).text
    assert admin.page is not None
    token = forms(admin.page.text)[0].hidden
    refused = await admin.http.post(f"{there}/block", data=token)
    assert refused.status_code == 409, "nobody shuts out who may more"


@on_sqlite
async def test_ad_03_04_no_form_changes_an_owner_or_oneself(
    acme: Tenant, admin: Person, alice: User, carol: User, server: RunningServer
) -> None:
    await become(acme, alice=ADMIN, carol=OWNER)
    await admin.visit(f"{acme.issuer}/admin/team")
    assert admin.page is not None
    token = forms(admin.page.text)[0].hidden["csrf_token"]
    for user, was, wanted in (
        (carol, OWNER, USER),
        (alice, ADMIN, USER),
        (alice, ADMIN, OWNER),
    ):
        there = f"{acme.issuer}/admin/team/{user.id}"
        assert "change this role: nobody changes their own" in (await admin.visit(there)).text
        said = {"csrf_token": token, "role": wanted, "was": was, "sure": "1"}
        refused = await admin.http.post(there, data=said)
        assert refused.status_code == 409
        assert "It was not done" in refused.text
    await become(acme, carol=AUDITOR)
    there = f"{acme.issuer}/admin/team/{carol.id}"
    assert 'value="owner"' not in (await admin.visit(there)).text
    said = {"csrf_token": token, "role": OWNER, "was": AUDITOR, "sure": "1"}
    assert (await admin.http.post(there, data=said)).status_code == 409
    stale = await admin.http.post(there, data=said | {"was": ADMIN, "role": USER})
    assert stale.headers["location"].endswith("?done=nothing"), "it is not what was shown"
    assert (await admin.http.post(there, data=said | {"role": "root"})).status_code == 400
    with use_tenant(acme):
        assert {row.role for row in await UserRow.all()} == {ADMIN, AUDITOR}
    server.clock.advance(16 * 60)
    late = await admin.http.post(there, data=said | {"role": USER})
    assert "/login?return_to=" in late.headers["location"], "a role asks for a recent sign-in"


@on_sqlite
async def test_ad_04_a_client_manager_gets_no_further_by_a_client(
    server: RunningServer, acme: Tenant, admin: Person, ledger: Ledger
) -> None:
    with use_tenant(acme):
        mighty = await provisioning.add_client(
            server.parts,
            ClientDraft(
                name="Terraform",
                grant_types=["client_credentials"],
                scopes=[Scope.USERS_WRITE],
                status=ClientStatus.PENDING,
            ),
        )
    await become(acme, alice=MANAGER)
    here = f"{acme.issuer}/admin/clients/{mighty.client.id}"
    page = (await admin.visit(here)).text
    assert "It may do what your role is not enough for" in page
    assert not re.findall(r'href="[^"]*/(edit|secret)"', page)
    assert admin.page is not None
    hidden = forms(page)[0].hidden
    token = {"csrf_token": hidden["csrf_token"]}
    version = re.search(r'name="version" value="([^"]+)"', page)
    assert version is not None
    for method, path, said in (
        ("GET", "/edit", {}),
        ("POST", "/edit", {"name": "x", "version": version[1]}),
        ("GET", "/secret", {}),
        ("POST", "/secret", {"overlap": "0"}),
        ("POST", "/review", {"decision": "approve", "version": version[1]}),
        ("POST", "/status", {"status": "active"}),
    ):
        data = said | token if method == "POST" else None
        answer = await admin.http.request(method, f"{here}{path}", data=data)
        assert answer.status_code == 403, path
    several = {"act": "approve", f"client-{mighty.client.id}": version[1], "sure": "1"}
    asked = await admin.http.post(f"{acme.issuer}/admin/clients/selected", data=several | token)
    assert "Your role is not enough" in asked.text
    for scope, status in ((Scope.ROLES_READ, 400), ("authgate:new:write", 400), ("a:b", 303)):
        said = token | {"name": "Mine", "scopes": scope}
        made = await admin.http.post(f"{acme.issuer}/admin/clients/new/machine", data=said)
        assert made.status_code == status, scope
    await api_client(server, acme, Scope.USERS_WRITE)
    page = (await admin.visit(f"{acme.issuer}/admin/tokens")).text
    assert 'value="disable"' in page
    path = next(each.action for each in forms(page) if "/admin/tokens/" in each.action)
    for act, status in (("disable", 303), ("enable", 403), ("revoke", 303)):
        if act == "enable":
            assert 'value="enable"' not in (await admin.visit(f"{acme.issuer}/admin/tokens")).text
        said = token | {"act": act}
        answer = await admin.http.post(f"http://localhost:8080{path}", data=said)
        assert answer.status_code == status, act
    rejected = await admin.http.post(f"{here}/review", data=token | {"decision": "reject"})
    assert rejected.headers["location"].endswith("?done=rejected"), "to end it is no more"
