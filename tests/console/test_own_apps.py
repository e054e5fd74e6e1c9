"""``/account/my-apps``: what people register for themselves, within what a tenant lets them."""

import asyncio
import re

from authgate import provisioning
from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientChange
from authgate.storage.clients.rows import Client, ClientRow
from authgate.storage.people.users import User, UserRow
from authgate.vocabulary import ClientStatus, ConsentPolicy
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.meanwhile import meanwhile
from authgate_testing.person import Person, forms
from authgate_testing.postgres import PostgresServer
from authgate_testing.server import RunningServer

SECRET = re.compile(r"agsec_[A-Za-z0-9_-]{43}")
HERE = "/account/my-apps"
GOOD = {
    "name": "Alice's portal",
    "redirect_uris": "https://alice.example/cb",
    "scopes": "openid profile",
    "refresh_token": "0",
}


async def let(server: RunningServer, tenant: Tenant, **changes: object) -> None:
    wanted = {"own_applications": "approval", **changes}
    await provisioning.change_tenant(
        server.parts, tenant, change=lambda settings: settings.changed(wanted)
    )


async def registered(person: Person, tenant: Tenant, **fields: str) -> Client:
    await person.visit(f"{tenant.issuer}{HERE}/new/web")
    page = await person.submit(GOOD | fields, to="/new/web")
    assert page.status_code == 200, page.text
    return await stored(tenant, page.url.path.rpartition("/")[2])


async def stored(tenant: Tenant, row_id: object) -> Client:
    with use_tenant(tenant):
        return Client.from_row(await ClientRow.get(id=str(row_id)))


async def all_of(tenant: Tenant) -> list[Client]:
    with use_tenant(tenant):
        return await clients.all_clients()


@on_sqlite
async def test_nobody_registers_anything_until_a_tenant_lets_them(
    acme: Tenant, person: Person
) -> None:
    page = await person.visit(f"{acme.issuer}/account/sessions")
    assert "My apps" not in page.text
    assert "/admin" not in page.text
    token = forms(page.text)[0].hidden["csrf_token"]
    for path in (HERE, f"{HERE}/new/web"):
        assert (await person.visit(f"{acme.issuer}{path}")).status_code == 404
    answer = await person.http.post(
        f"{acme.issuer}{HERE}/new/web", data=GOOD | {"csrf_token": token}
    )
    assert answer.status_code == 404
    assert await all_of(acme) == []


async def test_an_app_waits_is_approved_and_waits_again_once_it_is_changed(
    server: RunningServer,
    acme: Tenant,
    person: Person,
    colleague: Person,
    alice: User,
    carol: User,
    ledger: Ledger,
) -> None:
    await let(server, acme)
    app = await registered(person, acme)
    assert (app.status, app.owner_id) == (ClientStatus.PENDING, alice.id)
    assert app.grant_types == {"authorization_code"}
    assert person.page is not None
    assert SECRET.search(person.page.text)
    assert "It waits for an administrator." in person.page.text
    assert not SECRET.search((await person.visit(str(person.page.url))).text)
    with use_tenant(acme):
        await provisioning.review_client(server.parts, app.client_id, approved=True)
    assert "Active" in (await person.visit(f"{acme.issuer}{HERE}")).text
    await person.visit(f"{acme.issuer}{HERE}/{app.id}/edit")
    page = await person.submit(GOOD | {"redirect_uris": "https://other.example/cb"}, to="/edit")
    assert "It waits for an administrator" in page.text
    changed = await stored(acme, app.id)
    assert changed.status is ClientStatus.PENDING
    assert changed.redirect_uris == ("https://other.example/cb",)
    [event] = await ledger.events(acme, Event.CLIENT_CREATED)
    assert (event.actor_type, event.actor_id) == ("user", str(alice.id))


@on_postgres  # SQLite has one writer
async def test_an_app_that_is_switched_off_meanwhile_stays_so(
    server: RunningServer, postgres: PostgresServer, acme: Tenant, person: Person
) -> None:
    await let(server, acme, own_applications="open")
    app = await registered(person, acme)
    await person.visit(f"{acme.issuer}{HERE}/{app.id}/edit")
    changing = person.submit(GOOD | {"name": "Renamed"}, to="/edit")
    with use_tenant(acme):
        async with meanwhile(postgres, changing):
            await clients.set_status(app.client_id, ClientStatus.INACTIVE)
    changed = await stored(acme, app.id)
    assert (changed.name, changed.status) == ("Renamed", ClientStatus.INACTIVE)


@on_sqlite
async def test_ad_04_whatever_a_tenant_lists_nobody_administers_it_by_their_own_app(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    listed = ["openid", "authgate:clients:write"]
    grants = ["client_credentials"]
    await let(
        server,
        acme,
        own_applications="open",
        client_registration_scopes=listed,
        client_registration_grant_types=grants,
    )
    page = await person.visit(f"{acme.issuer}{HERE}/new/machine")
    assert "authgate:clients:write" not in page.text
    wanted = {"name": "Mine", "scopes": "authgate:clients:write"}
    page = await person.submit(wanted, to="/new/machine")
    assert page.status_code == 400
    assert await all_of(acme) == []


@on_sqlite
async def test_dc_06_a_person_gives_their_app_no_more_than_they_may(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    await let(server, acme, own_applications="open")
    greedy = {
        "client_id": "console",
        "first_party": "1",
        "consent": "implicit",
        "introspects": "1",
        "pkce_optional": "1",
        "unauthenticated_device_grant": "1",
        "client_credentials": "1",
        "authorization_code": "",
        "project": "payroll",
        "service_account": "root",
        "audience": "https://payroll.example",
        "access_token_lifetime": "31536000",
        "status": "active",
        "owner_id": "01936b8e-0000-7000-8000-000000000001",
    }
    app = await registered(person, acme, **greedy)
    await person.visit(f"{acme.issuer}{HERE}/{app.id}/edit")
    await person.submit(GOOD | greedy, to="/edit")
    app = await stored(acme, app.id)
    assert app.client_id != "console"
    assert app.grant_types == {"authorization_code"}
    assert app.consent is ConsentPolicy.REMEMBERED
    exceptions = (app.introspects, app.pkce_optional, app.unauthenticated_device_grant)
    assert (app.first_party, *exceptions) == (False, False, False, False)
    assert (app.project, app.service_account) == ("", "")
    assert app.metadata.audience == ()
    assert app.metadata.access_token_lifetime is None
    assert (await person.visit(f"{acme.issuer}{HERE}/new/machine")).status_code == 404
    await person.visit(f"{acme.issuer}{HERE}/new/web")
    for fields, fault in (
        ({"scopes": "openid authgate:clients:write"}, "scopes-fault"),
        ({"scopes": "write"}, "scopes-fault"),
        ({"client_uri": "javascript:alert(1)"}, "client_uri-fault"),
        ({"policy_uri": "http://alice.example"}, "policy_uri-fault"),
        ({"redirect_uris": "com.example.alice:/cb"}, "redirect_uris-fault"),
    ):
        page = await person.submit(GOOD | fields, to="/new/web")
        assert page.status_code == 400, fields
        assert f'id="{fault}"' in page.text, fields


@on_sqlite
async def test_what_an_administrator_has_made_of_an_app_stays(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    await let(server, acme)
    app = await registered(person, acme, refresh_token="1")
    grants = ["authorization_code", "client_credentials"]
    with use_tenant(acme):
        change = ClientChange(
            first_party=True,
            consent=ConsentPolicy.IMPLICIT,
            grant_types=grants,
            scopes=["openid", "write"],
            status=ClientStatus.INACTIVE,
        )
        await provisioning.change_client(server.parts, app.client_id, change)
    await person.visit(f"{acme.issuer}{HERE}/{app.id}/edit")
    page = await person.submit(GOOD | {"name": "Mine", "scopes": "openid write"}, to="/edit")
    assert page.status_code == 200, page.text
    app = await stored(acme, app.id)
    assert (app.name, app.first_party, app.consent) == ("Mine", True, ConsentPolicy.IMPLICIT)
    assert app.grant_types == set(grants)
    assert app.scopes == ("openid", "write")
    assert app.status is ClientStatus.INACTIVE, "what is switched off stays so"


async def test_nobody_has_more_apps_than_they_may(
    server: RunningServer, acme: Tenant, person: Person
) -> None:
    await let(server, acme, own_applications_limit=2)
    await person.visit(f"{acme.issuer}{HERE}/new/web")
    assert person.page is not None
    token = forms(person.page.text)[0].hidden["csrf_token"]
    answers = await asyncio.gather(
        *(
            person.http.post(f"{acme.issuer}{HERE}/new/web", data=GOOD | {"csrf_token": token})
            for _ in range(6)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [303, 303, 403, 403, 403, 403]
    assert len(await all_of(acme)) == 2
    page = await person.visit(f"{acme.issuer}{HERE}")
    assert "You have as many as you may." in page.text


@on_sqlite
async def test_ti_01_nobody_else_finds_or_changes_an_app(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    person: Person,
    colleague: Person,
    stranger: Person,
    ledger: Ledger,
) -> None:
    await let(server, acme)
    await let(server, globex)
    app = await registered(person, acme)
    for somebody, tenant in ((colleague, acme), (stranger, globex)):
        page = await somebody.visit(f"{tenant.issuer}{HERE}")
        assert "portal" not in page.text
        token = forms(page.text)[0].hidden["csrf_token"]
        one = f"{tenant.issuer}{HERE}/{app.id}"
        for method, path in (
            ("GET", ""),
            ("GET", "/edit"),
            ("POST", "/edit"),
            ("POST", "/secret"),
            ("POST", "/delete"),
        ):
            answer = await somebody.http.request(
                method, one + path, data=GOOD | {"csrf_token": token, "name": "Taken"}
            )
            assert answer.status_code == 404, (method, path)
    assert await stored(acme, app.id) == app


async def test_a_secret_is_replaced_and_an_app_deleted_by_who_has_signed_in_lately(
    server: RunningServer, acme: Tenant, person: Person, ledger: Ledger
) -> None:
    await let(server, acme, own_applications="open")
    app = await registered(person, acme)
    assert person.page is not None
    first = SECRET.findall(person.page.text)[0]
    page = await person.submit({}, to="/secret")
    second = SECRET.findall(page.text)[0]
    for secret in (first, second):
        answer = await server.http.post(
            f"{acme.issuer}/oauth/introspect", data={"token": "x"}, auth=(app.client_id, secret)
        )
        assert answer.status_code != 401, "both are good"
    server.clock.advance(16 * 60)
    late = await person.submit({}, to="/delete")
    assert late.url.path.endswith("/login")
    assert len(await all_of(acme)) == 1
    page = await person.submit(
        {"username": "alice", "password": "correct-horse-battery-staple"}, to="/login"
    )
    assert page.url.path.endswith(f"{HERE}/{app.id}")
    assert "Deleted" in (await person.submit({}, to="/delete")).text
    assert await all_of(acme) == []
    assert len(await ledger.events(acme, Event.CLIENT_DELETED)) == 1


async def test_what_is_served_at_once_is_new_until_an_administrator_has_looked_at_it(
    server: RunningServer, acme: Tenant, person: Person, colleague: Person, carol: User
) -> None:
    await let(server, acme, own_applications="open")
    app = await registered(person, acme)
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(role=UserRole.ADMIN)

    async def counted() -> int:
        page = await colleague.visit(f"{acme.issuer}/admin")
        found = re.search(r'<span class="badge warn end">(\d+)<', page.text)
        return int(found[1]) if found else 0

    assert await counted() == 1
    assert colleague.page is not None
    assert "portal</bdi> is new" in colleague.page.text
    page = await colleague.visit(f"{acme.issuer}/admin/clients?status=unseen")
    assert "portal</bdi></a>" in page.text
    here = f"{acme.issuer}/admin/clients/{app.id}"
    await colleague.visit(here)
    # It is something else by the time that somebody says so.
    await person.visit(f"{acme.issuer}{HERE}/{app.id}/edit")
    await person.submit(GOOD | {"redirect_uris": "https://other.example/cb"}, to="/edit")
    assert (
        "had changed meanwhile" in (await colleague.submit({"decision": "seen"}, to="/review")).text
    )
    assert await counted() == 1
    await colleague.visit(here)
    page = await colleague.submit({"decision": "seen"}, to="/review")
    assert "Noted." in page.text
    assert "It is new" not in page.text
    assert await counted() == 0
    await person.visit(f"{acme.issuer}{HERE}/{app.id}/edit")
    await person.submit(GOOD | {"name": "Renamed"}, to="/edit")
    assert await counted() == 1, "what they looked at was something else"
    await colleague.visit(f"{acme.issuer}/admin/clients")
    await colleague.submit({"act": "mark-seen", f"client-{app.id}": "1"}, to="/clients/selected")
    await colleague.submit({}, to="/clients/selected")
    assert await counted() == 0
