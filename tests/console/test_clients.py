"""``/admin/clients``: a client's life as an administrator leads it, from its kind to its end."""

import base64
import re
from datetime import timedelta
from urllib.parse import unquote

import orjson
import pytest

from authgate import provisioning, storage
from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.clients.rows import Client, ClientRow
from authgate.storage.metering import usage_days
from authgate.storage.metering.usage_days import Count, Measure
from authgate.storage.people.users import User
from authgate.vocabulary import ClientStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

SECRET = re.compile(r"agsec_[A-Za-z0-9_-]{43}")
KEY = {
    "kty": "OKP",
    "crv": "Ed25519",
    "kid": "1",
    "alg": "EdDSA",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}
HOSTILE = "<script>alert(1)</script>\u202e$(id)"


async def stored(tenant: Tenant, client_id: str) -> Client:
    with use_tenant(tenant):
        client = await clients.find(client_id)
    assert client is not None
    return client


async def opened(person: Person, tenant: Tenant, path: str) -> str:
    page = await person.visit(f"{tenant.issuer}/admin{path}")
    assert page.status_code == 200, page.text
    return page.text


async def made(admin: Person, tenant: Tenant, kind: str, **fields: str) -> str:
    """Make a client; the page that it leads to."""
    await opened(admin, tenant, f"/clients/new/{kind}")
    said = {"name": "Partner portal", "refresh_token": "0", **fields}
    page = await admin.submit(said, to=f"/new/{kind}")
    return page.text


async def token(tenant: Tenant, server: RunningServer, client_id: str, secret: str) -> int:
    answer = await server.http.post(
        f"{tenant.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client_id, secret),
    )
    return answer.status_code


@pytest.mark.parametrize(
    ("kind", "fields", "grants", "public"),
    [
        ("web", {"redirect_uris": "https://app.example/cb"}, {"authorization_code"}, False),
        ("browser", {"redirect_uris": "https://app.example/cb"}, {"authorization_code"}, True),
        ("native", {"redirect_uris": "com.example.app:/cb"}, {"authorization_code"}, True),
        ("device", {}, {"urn:ietf:params:oauth:grant-type:device_code"}, True),
        ("machine", {"scopes": "read"}, {"client_credentials"}, False),
    ],
)
@on_sqlite
async def test_each_kind_begins_with_what_it_needs_and_no_more(
    acme: Tenant, admin: Person, kind: str, fields: dict[str, str], grants: set[str], public: bool
) -> None:
    page = await made(admin, acme, kind, client_id="portal", **fields)
    client = await stored(acme, "portal")
    assert client.grant_types == grants, "no grant is there that nobody has ticked"
    assert client.is_public is public
    assert client.status is ClientStatus.ACTIVE
    assert bool(SECRET.search(page)) is not public
    assert "Connect it" in page
    assert page.count('class="snippet"') == 4


@on_sqlite
async def test_a_secret_is_shown_once_and_works(
    server: RunningServer, acme: Tenant, admin: Person, ledger: Ledger, alice: User
) -> None:
    page = await made(admin, acme, "machine", client_id="job", scopes="read")
    secret = SECRET.findall(page)[0]
    assert await token(acme, server, "job", secret) == 200
    [saved] = re.findall(r'download="job\.env" href="data:[^,]*,([^"]*)"', page)
    lines = ["ISSUER=" + acme.issuer, "CLIENT_ID=job", "CLIENT_SECRET=" + secret]
    assert unquote(saved).splitlines() == lines
    assert admin.page is not None
    again = await admin.visit(str(admin.page.url))
    assert secret not in again.text
    assert "shown once" in again.text
    [event] = await ledger.events(acme, Event.CLIENT_CREATED)
    assert (event.actor_type, event.actor_id, event.client_id) == ("user", str(alice.id), "job")


async def test_the_list_tells_the_last_day_on_which_a_client_was_used(
    server: RunningServer, acme: Tenant, globex: Tenant, admin: Person, machine: NewClient
) -> None:
    here, name = f"{acme.issuer}/admin/clients", machine.client.client_id
    used = r'<td data-label="Last used">(?:<span class="muted">)?([^<]*)<'
    assert re.findall(used, (await admin.visit(here)).text) == ["not in 90 days"]
    today = server.clock().date()
    counts = [
        Count(name, today - timedelta(days=ago), "client_credentials", 1) for ago in (100, 30, 2)
    ]
    for tenant, days in ((globex, [Count(name, today, "client_credentials", 1)]), (acme, counts)):
        with use_tenant(tenant):
            async with storage.transaction():
                await usage_days.add(Measure.TOKENS, days)
    last = today - timedelta(days=2)
    assert re.findall(used, (await admin.visit(here)).text) == [f"{last.day} {last:%b}"]


async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(
    acme: Tenant, admin: Person, machine: NewClient
) -> None:
    taken = machine.client.client_id
    page = await admin.visit(f"{acme.issuer}/admin/clients/new/web")
    for fields, fault in (
        ({"redirect_uris": "http://app.example/cb"}, "redirect_uris-fault"),
        ({"redirect_uris": ""}, "redirect_uris-fault"),
        ({"redirect_uris": "https://a.example/*"}, "redirect_uris-fault"),
        ({"redirect_uris": "https://a.example", "scopes": "re\u00e4d"}, "scopes-fault"),
        ({"redirect_uris": "https://a.example", "name": " "}, "name-fault"),
        ({"redirect_uris": "https://a.example", "name": "x" * 81}, "name-fault"),
        ({"redirect_uris": "https://a.example", "consent": "implicit"}, "consent-fault"),
        ({"redirect_uris": "https://a.example", "client_id": "a b"}, "client_id-fault"),
        ({"redirect_uris": "https://a.example", "client_id": taken}, "client_id-fault"),
    ):
        page = await admin.submit({"name": HOSTILE, **fields}, to="/new/web")
        assert page.status_code == 400, fields
        assert f'id="{fault}"' in page.text, fields
        assert HOSTILE not in page.text
        assert "<title>Error: " in page.text
    assert "&lt;script&gt;alert(1)" in page.text, "what was typed is kept"
    with use_tenant(acme):
        assert len(await clients.all_clients()) == 1


@on_sqlite
async def test_an_edit_is_in_force_at_once_and_names_its_author(
    acme: Tenant, admin: Person, alice: User, ledger: Ledger
) -> None:
    # As long as the address of a document may be, by which clients are known that describe
    # themselves.
    portal = "https://portal.example/" + "p" * 200
    await made(admin, acme, "web", client_id=portal, redirect_uris="https://a.example/cb")
    row = (await stored(acme, portal)).id
    await opened(admin, acme, f"/clients/{row}/edit")
    said = {
        "name": "Portal 2",
        "redirect_uris": "https://b.example/cb\nhttps://c.example/cb",
        "scopes": "openid read",
        "authorization_code": "1",
        "consent": "always",
        "access_token_lifetime": "600",
        "subject_type": "pairwise",
        "sector_identifier_uri": "https://127.0.0.1/all",
        "contacts": "ops@example.test",
        "client_uri": "https://portal.example",
    }
    page = await admin.submit(said, to="/edit")
    assert page.status_code == 400
    assert 'id="sector_identifier_uri-fault"' in page.text, "that host is not asked"
    said["redirect_uris"] = "https://b.example/cb\nhttps://b.example/cb2"
    page = await admin.submit(said | {"sector_identifier_uri": ""}, to="/edit")
    assert "Saved." in page.text
    client = await stored(acme, portal)
    assert client.metadata.subject_type == "pairwise"
    assert client.name == "Portal 2"
    assert client.redirect_uris == ("https://b.example/cb", "https://b.example/cb2")
    assert client.scopes == ("openid", "read")
    assert client.metadata.access_token_lifetime == 600
    assert client.metadata.contacts == ("ops@example.test",)
    [event] = await ledger.events(acme, Event.CLIENT_UPDATED)
    assert event.actor_id == str(alice.id)
    await opened(admin, acme, f"/clients/{row}/edit")
    said["sector_identifier_uri"] = ""
    page = await admin.submit(said | {"access_token_lifetime": "soon", "name": "Kept"}, to="/edit")
    assert page.status_code == 400
    assert 'value="soon"' in page.text
    assert 'value="Kept"' in page.text
    assert (await stored(acme, portal)).name == "Portal 2"


async def test_ad_07_nobody_stores_over_what_somebody_else_has_stored_meanwhile(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    evil = "https://a.example/cb\nhttps://evil.example/cb"
    await made(admin, acme, "web", client_id="portal", redirect_uris=evil)
    row = (await stored(acme, "portal")).id
    await opened(admin, acme, f"/clients/{row}/edit")
    with use_tenant(acme):
        gone = ClientChange(redirect_uris=["https://a.example/cb"])
        await provisioning.change_client(server.parts, "portal", gone)
    said = {"name": "Portal 2", "redirect_uris": evil, "authorization_code": "1"}
    page = await admin.submit(said, to="/edit")
    assert page.status_code == 409
    assert "Somebody has changed it meanwhile" in page.text
    assert "evil.example" not in page.text, "what is shown is what it is now"
    client = await stored(acme, "portal")
    assert (client.name, client.redirect_uris) == ("Partner portal", ("https://a.example/cb",))
    page = await admin.submit(said | {"redirect_uris": "https://a.example/cb"}, to="/edit")
    assert (page.status_code, (await stored(acme, "portal")).name) == (200, "Portal 2")


async def test_two_secrets_are_valid_while_one_takes_over(
    server: RunningServer, acme: Tenant, admin: Person, machine: NewClient
) -> None:
    client_id, former = machine.client.client_id, machine.secret
    assert former is not None
    await opened(admin, acme, f"/clients/{machine.client.id}/secret")
    assert (
        await admin.submit({"overlap": "x", "lifetime": "0.5"}, to="/secret")
    ).status_code == 400
    said = {"overlap": "24", "lifetime": "90", "client_secret_jwt": "1"}
    page = await admin.submit(said, to="/secret")
    signs = (await stored(acme, client_id)).authentication_methods
    assert signs == machine.client.authentication_methods | {"client_secret_jwt"}
    fresh = SECRET.findall(page.text)[0]
    assert await token(acme, server, client_id, former) == 200
    assert await token(acme, server, client_id, fresh) == 200
    page = await admin.visit(f"{acme.issuer}/admin/clients/{machine.client.id}")
    assert "Former secret" in page.text
    assert former not in page.text
    await admin.submit({}, to="/end-former-secret")
    assert await token(acme, server, client_id, former) == 401
    assert await token(acme, server, client_id, fresh) == 200
    server.clock.advance(91 * 86400)
    assert await token(acme, server, client_id, fresh) == 401


@on_sqlite
async def test_dc_08_what_is_approved_is_what_was_seen(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    with use_tenant(acme):
        draft = ClientDraft(
            name="Waiting",
            client_id="waiting",
            grant_types=["authorization_code"],
            redirect_uris=["https://good.example/cb"],
            status=ClientStatus.PENDING,
        )
        row = (await provisioning.add_client(server.parts, draft)).client.id
    assert "good.example" in await opened(admin, acme, f"/clients/{row}")
    with use_tenant(acme):
        change = ClientChange(redirect_uris=["https://evil.example/cb"])
        await provisioning.change_client(server.parts, "waiting", change)
    page = await admin.submit({"decision": "approve"}, to="/review")
    assert "it had changed meanwhile" in page.text
    assert (await stored(acme, "waiting")).status is ClientStatus.PENDING
    assert "evil.example" in page.text
    await admin.submit({"decision": "approve"}, to="/review")
    assert (await stored(acme, "waiting")).status is ClientStatus.ACTIVE


@on_sqlite
async def test_a_disabled_client_is_not_served_until_it_is_enabled(
    server: RunningServer, acme: Tenant, admin: Person, machine: NewClient
) -> None:
    client_id, secret = machine.client.client_id, str(machine.secret)
    await opened(admin, acme, f"/clients/{machine.client.id}")
    await admin.submit({"status": "inactive"}, to="/status")
    assert await token(acme, server, client_id, secret) == 401
    await admin.submit({"status": "active"}, to="/status")
    assert await token(acme, server, client_id, secret) == 200
    assert (await admin.submit({"status": "rejected"}, to="/status")).status_code == 400


@on_sqlite
async def test_a_client_that_waits_is_shown_first_and_served_once_approved(
    server: RunningServer, acme: Tenant, admin: Person, ledger: Ledger
) -> None:
    with use_tenant(acme):
        waiting = [
            await provisioning.add_client(
                server.parts,
                ClientDraft(
                    name=f"{HOSTILE} {number}",
                    grant_types=["client_credentials"],
                    status=ClientStatus.PENDING,
                ),
            )
            for number in range(2)
        ]
    page = await opened(admin, acme, "")
    assert page.count("waits for approval") == 2
    assert HOSTILE not in page
    for each, decision in zip(waiting, ("approve", "reject"), strict=True):
        await opened(admin, acme, f"/clients/{each.client.id}")
        # Only who approves it makes it active.
        assert admin.page is not None
        assert 'value="inactive"' not in admin.page.text
        csrf = forms(admin.page.text)[0].hidden["csrf_token"]
        await admin.http.post(
            f"{acme.issuer}/admin/clients/{each.client.id}/status",
            data={"csrf_token": csrf, "status": "active"},
        )
        assert (await stored(acme, each.client.client_id)).status is ClientStatus.PENDING
        await admin.submit({"decision": decision}, to="/review")
    statuses = [(await stored(acme, each.client.client_id)).status for each in waiting]
    assert statuses == [ClientStatus.ACTIVE, ClientStatus.REJECTED]
    assert len(await ledger.events(acme, Event.CLIENT_APPROVED)) == 1
    assert len(await ledger.events(acme, Event.CLIENT_REJECTED)) == 1
    assert await token(acme, server, waiting[0].client.client_id, str(waiting[0].secret)) == 200


@on_sqlite
async def test_all_tokens_of_a_client_are_revoked(
    at_acme: Caller, server: RunningServer, acme: Tenant, admin: Person, machine: NewClient
) -> None:
    answer = await server.http.post(
        f"{acme.issuer}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(machine.client.client_id, str(machine.secret)),
    )
    held = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    info = f"{acme.issuer}/oauth/tokeninfo"
    assert (await server.http.get(info, headers=held)).status_code == 200
    await opened(admin, acme, f"/clients/{machine.client.id}")
    page = await admin.submit({}, to="/revoke")
    assert "has ended" in page.text
    assert (await server.http.get(info, headers=held)).status_code == 401


@on_sqlite
async def test_a_client_is_deleted_once_its_name_is_typed(
    acme: Tenant, admin: Person, machine: NewClient, ledger: Ledger
) -> None:
    await opened(admin, acme, f"/clients/{machine.client.id}/delete")
    for name in ("", "nightly backup", "Nightly"):
        page = await admin.submit({"name": name}, to="/delete")
        assert page.status_code == 400
        assert "Nothing was deleted" in page.text
    page = await admin.submit({"name": "Nightly backup"}, to="/delete")
    assert "Deleted" in page.text
    gone = await admin.visit(f"{acme.issuer}/admin/clients/{machine.client.id}")
    assert gone.status_code == 404
    assert len(await ledger.events(acme, Event.CLIENT_DELETED)) == 1


@on_sqlite
async def test_ad_14_what_cannot_be_undone_asks_for_a_recent_sign_in(
    server: RunningServer, acme: Tenant, admin: Person, machine: NewClient, ledger: Ledger
) -> None:
    here = f"{acme.issuer}/admin/clients/{machine.client.id}"
    for action, fields in (("secret", {"overlap": "1"}), ("delete", {"name": "Nightly backup"})):
        await opened(admin, acme, f"/clients/{machine.client.id}/{action}")
        form = admin.page
        server.clock.advance(16 * 60)
        late = await admin.submit(fields, to=f"/{action}")
        assert late.url.path.endswith("/login")
        admin.page = form
        asked = await admin.visit(f"{here}/{action}")
        assert "Please sign in once more." in asked.text
        assert 'value="alice"' in asked.text
        page = await admin.submit(
            {"username": "alice", "password": "correct-horse-battery-staple"}, to="/login"
        )
        assert page.url.path.endswith(f"/{action}")
        assert page.status_code == 200
    for kind in (Event.CLIENT_DELETED, Event.CLIENT_SECRET_REGENERATED):
        assert await ledger.events(acme, kind) == []
    assert (await admin.submit({"name": "Nightly backup"}, to="/delete")).status_code == 200
    assert len(await ledger.events(acme, Event.CLIENT_DELETED)) == 1


async def test_the_list_is_searched_filtered_sorted_and_goes_on_by_its_cursors(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    assert "There are no clients yet." in await opened(admin, acme, "/clients")
    with use_tenant(acme):
        for number in range(60):
            await provisioning.add_client(
                server.parts,
                ClientDraft(
                    name=f"App {number:02}",
                    client_id=f"app-{number:02}",
                    grant_types=["client_credentials"] if number % 2 else ["refresh_token"],
                    public=number % 2 == 0,
                    status=ClientStatus.PENDING if number == 7 else ClientStatus.ACTIVE,
                ),
            )

    def names() -> list[str]:
        assert admin.page is not None
        return re.findall(r"<bdi>(App \d\d)</bdi></a>", admin.page.text)

    def link(label: str) -> str:
        assert admin.page is not None
        found = re.search(rf'href="([^"]*cursor=[^"]+)">(?:(?!</a>).)*{label}', admin.page.text)
        assert found is not None, label
        return found[1].replace("&amp;", "&")

    await opened(admin, acme, "/clients")
    every = [f"App {number:02}" for number in range(60)]
    seen = names()
    for _ in range(2):
        await admin.visit(f"http://localhost:8080{link('Next')}")
        seen += names()
    assert seen == every
    await admin.visit(f"http://localhost:8080{link('Previous')}")
    assert names() == every[25:50]
    await opened(admin, acme, "/clients?sort=-name")
    assert names()[0] == "App 59"
    await opened(admin, acme, "/clients?status=pending")
    assert names() == ["App 07"]
    await opened(admin, acme, "/clients?type=public&search=app-1")
    assert names() == [f"App {number}" for number in range(10, 20, 2)]
    await opened(admin, acme, "/clients?search=app-1&limit=50&sort=-name")
    assert names() == [f"App {number}" for number in reversed(range(10, 20))]
    with use_tenant(acme):
        portal = ClientDraft(
            name="Portal",
            grant_types=["authorization_code"],
            redirect_uris=["https://shop.partners.example/cb"],
        )
        await provisioning.add_client(server.parts, portal)
    for host, is_found in (
        ("shop.PART", True),
        ("partners.ex", True),
        ("cb", False),
        ("s%", False),
    ):
        page = await opened(admin, acme, f"/clients?search={host}")
        assert ("<bdi>Portal</bdi>" in page) is is_found, host
    assert "No client is like that." in await opened(admin, acme, "/clients?search=%00nothing")


async def test_cursors_and_filters_that_this_list_has_not_given_out_break_nothing(
    acme: Tenant, admin: Person, machine: NewClient
) -> None:
    def cursor(*place: object) -> str:
        parts = orjson.dumps([*place[:2], str(machine.client.id), False, place[2]])
        return base64.urlsafe_b64encode(parts).decode().rstrip("=")

    naive = cursor("created_at", "2020-01-01", True)
    early = cursor("created_at", "0001-01-01T00:00:00+14:00", True)
    for query, status in (
        ("cursor=x", 400),
        ("cursor=%00", 400),
        (f"sort=-created_at&cursor={naive}", 400),
        (f"sort=-created_at&cursor={early}", 400),
        (f"sort=name&cursor={cursor('name', '2020-01-01T00:00:00Z', True)}", 400),
        (f"sort=name&cursor={cursor('created_at', '2020-01-01T00:00:00Z', True)}", 400),
        ("sort=secret_hash", 200),
        ("sort=-id&status=deleted&type=x", 200),
        ("search=" + "%25" * 200, 200),
        ("search=%ff%fe%5c", 200),
    ):
        answer = await admin.visit(f"{acme.issuer}/admin/clients?{query}")
        assert answer.status_code == status, query


async def test_an_end_that_comes_soon_needs_attention(
    server: RunningServer, acme: Tenant, admin: Person, machine: NewClient
) -> None:
    assert "Nothing waits for you." in await opened(admin, acme, "")
    with use_tenant(acme):
        end = server.clock() + timedelta(days=6)
        await ClientRow.filter(client_id=machine.client.client_id).update(secret_expires_at=end)
    page = await opened(admin, acme, "")
    assert "The secret of <bdi>Nightly backup</bdi> ends" in page
    assert "Nothing waits for you." not in page


async def test_what_a_person_has_allowed_a_client_is_taken_back(
    acme: Tenant,
    admin: Person,
    alice: User,
    colleague: Person,
    carol: User,
    console: Application,
    machine: NewClient,
    ledger: Ledger,
) -> None:
    tokens = await console.signed_in(colleague, scope="openid offline_access")
    here = f"/clients/{console.client.client.id}/people"
    page = await opened(admin, acme, here)
    assert "<bdi>carol</bdi>" in page
    form = next(each for each in forms(page) if "/people/" in each.action)
    elsewhere = form.action.replace(str(console.client.client.id), str(machine.client.id))
    answer = await admin.http.post(f"http://localhost:8080{elsewhere}", data=form.hidden)
    assert answer.status_code == 404, "not by way of another client"
    page = (await admin.submit({}, to=form.action)).text
    assert "Taken back" in page
    assert "Nobody has let it in." in page
    assert (await console.refresh(tokens["refresh_token"])).status_code == 400
    [event] = await ledger.events(acme, Event.USER_AUTHORIZATION_REVOKED)
    assert (event.actor_id, event.client_id) == (str(alice.id), "console")
    answer = await admin.visit(f"{acme.issuer}/admin{here}?cursor=x")
    assert answer.status_code == 400


@on_sqlite
async def test_what_a_standard_knows_of_a_client_is_set_in_its_form_and_stays_when_others_change(
    acme: Tenant, admin: Person
) -> None:
    await made(admin, acme, "web", client_id="portal", redirect_uris="https://a.example/cb")
    here = f"/clients/{(await stored(acme, 'portal')).id}/edit"
    said = {
        "post_logout_redirect_uris": "https://a.example/bye\nhttps://a.example/out",
        "backchannel_logout_uri": "https://a.example/back",
        "frontchannel_logout_session_required": "1",
        "client_secret_post": "0",
        "private_key_jwt": "1",
        "jwks": orjson.dumps({"keys": [KEY]}).decode(),
        "dpop_bound_access_tokens": "1",
        "token_profile": "short",
        "token_exchange": "1",
        "token_exchange_from": "portal",
    }
    await opened(admin, acme, here)
    assert (await admin.submit(said, to="/edit")).status_code == 200
    form = await opened(admin, acme, here)
    assert "https://a.example/bye\nhttps://a.example/out</textarea>" in form
    assert '<option value="short" selected>' in form
    assert KEY["x"] in form
    await admin.submit({"name": "Renamed"}, to="/edit")
    client = await stored(acme, "portal")
    assert client.name == "Renamed"
    assert client.authentication_methods == {"client_secret_basic", "private_key_jwt"}
    assert client.grant_types == {
        "authorization_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    }
    assert client.metadata == ClientMetadata(
        post_logout_redirect_uris=("https://a.example/bye", "https://a.example/out"),
        backchannel_logout_uri="https://a.example/back",
        frontchannel_logout_session_required=True,
        jwks={"keys": [KEY]},
        dpop_bound_access_tokens=True,
        token_profile="short",
        token_exchange_from=("portal",),
    )


@on_sqlite
async def test_no_client_is_left_without_a_way_to_prove_itself(acme: Tenant, admin: Person) -> None:
    await made(admin, acme, "web", client_id="portal", redirect_uris="https://a.example/cb")
    here = f"/clients/{(await stored(acme, 'portal')).id}/edit"
    before = await stored(acme, "portal")
    await opened(admin, acme, here)
    no_secret = {"client_secret_basic": "0", "client_secret_post": "0"}
    for wrong, fault in (
        (no_secret, "authentication_methods"),
        (no_secret | {"private_key_jwt": "1"}, "jwks"),
        ({"jwks": "[]"}, "jwks"),
        ({"jwks": '{"keys": [{"kty": "oct"}]}'}, "jwks"),
        ({"jwks_uri": "http://a.example/keys"}, "jwks_uri"),
        ({"token_endpoint_auth_signing_alg": "none"}, "token_endpoint_auth_signing_alg"),
        ({"backchannel_logout_uri": "http://a.example/x"}, "backchannel_logout_uri"),
        ({"frontchannel_logout_uri": "https://b.example/x"}, "frontchannel_logout_uri"),
        ({"post_logout_redirect_uris": "javascript:1"}, "post_logout_redirect_uris"),
        ({"token_profile": "endless"}, "token_profile"),
        ({"security_profile": "fapi2"}, "authentication_methods"),
    ):
        page = await admin.submit(wrong, to="/edit")
        assert page.status_code == 400, wrong
        assert f'id="{fault}-fault"' in page.text, wrong
        await opened(admin, acme, here)
    assert await stored(acme, "portal") == before


async def selected(admin: Person, tenant: Tenant, act: str, *some: Client) -> str:
    """The page that asks whether it is meant."""
    await opened(admin, tenant, "/clients?sort=-name")
    ticked = {f"client-{each.id}": "1" for each in some}
    page = await admin.submit({"act": act, **ticked}, to="/clients/selected")
    assert page.status_code == 200, page.text
    return page.text


async def three(server: RunningServer, tenant: Tenant) -> list[Client]:
    """Two clients that are served, and one that waits."""
    active, pending = ClientStatus.ACTIVE, ClientStatus.PENDING
    with use_tenant(tenant):
        drafts = [
            ClientDraft(
                name=name, client_id=name, grant_types=["client_credentials"], status=status
            )
            for name, status in (("one", active), ("two", active), ("three", pending))
        ]
        return [(await provisioning.add_client(server.parts, each)).client for each in drafts]


async def test_several_clients_are_disabled_once_they_were_named_and_it_was_meant(
    server: RunningServer, acme: Tenant, admin: Person, alice: User, ledger: Ledger
) -> None:
    one, two, three_ = await three(server, acme)
    page = await selected(admin, acme, "disable", one, two, three_)
    assert "Disable 2 clients?" in page
    assert "It waits for approval, or was rejected." in page, "it is left out"
    assert (await stored(acme, "one")).is_active, "it was only asked"
    answer = await admin.submit({}, to="/clients/selected")
    assert "Disabled: " in answer.text
    assert "sort=-name" in str(answer.url), "back to the list as it was"
    found = [(await stored(acme, each.client_id)).status for each in (one, two, three_)]
    assert found == [ClientStatus.INACTIVE, ClientStatus.INACTIVE, ClientStatus.PENDING]
    events = await ledger.events(acme, Event.CLIENT_UPDATED)
    assert [event.actor_id for event in events] == [str(alice.id)] * 2
    for act, said in (("enable", "Enabled: "), ("revoke-tokens", "has ended")):
        await selected(admin, acme, act, one, two)
        assert said in (await admin.submit({}, to="/clients/selected")).text
    assert len(await ledger.events(acme, Event.CLIENT_TOKENS_REVOKED_ALL)) == 2
    await opened(admin, acme, "/clients")
    answer = await admin.submit({"act": "disable"}, to="/clients/selected")
    assert "Nothing was selected." in answer.text


@on_sqlite
async def test_dc_08_of_several_that_are_approved_each_is_what_was_seen(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    *_, waiting = await three(server, acme)
    await selected(admin, acme, "approve", waiting)
    with use_tenant(acme):
        change = ClientChange(scopes=["everything"])
        await provisioning.change_client(server.parts, "three", change)
    answer = await admin.submit({}, to="/clients/selected")
    assert answer.status_code == 409
    assert "everything" in answer.text
    assert (await stored(acme, "three")).status is ClientStatus.PENDING
    assert "Approved: " in (await admin.submit({}, to="/clients/selected")).text
    assert (await stored(acme, "three")).status is ClientStatus.ACTIVE


@on_sqlite
async def test_ti_32_a_selection_reaches_no_client_of_another_tenant_and_is_done_to_all_or_none(
    server: RunningServer, acme: Tenant, globex: Tenant, admin: Person
) -> None:
    one, *_ = await three(server, acme)
    foreign, *_ = await three(server, globex)
    page = await selected(admin, acme, "disable", foreign, one)
    assert str(foreign.id) not in page
    answer = await admin.submit({f"client-{foreign.id}": "x"}, to="/clients/selected")
    assert answer.status_code == 409, "one of them is none"
    for tenant in (acme, globex):
        assert (await stored(tenant, "one")).is_active
    many = {f"client-{number:08}-0000-7000-8000-000000000000": "1" for number in range(101)}
    for wrong in (many, {"client-x": "1"}, {f"client-{one.id}": "1", "act": "delete"}):
        await opened(admin, acme, "/clients")
        answer = await admin.submit({"act": "disable", **wrong}, to="/clients/selected")
        assert answer.status_code == 400
