"""The page on which a tenant's owner begins: lines to paste, and steps that are ticked off."""

import ast
import json
import re
from html import unescape
from uuid import UUID

import yaml

from authgate import provisioning
from authgate.admin.console import first_steps
from authgate.permissions import UserRole
from authgate.provisioning import first_client
from authgate.storage.clients.rows import Client, ClientRow
from authgate.storage.people.users import User, UserRow
from authgate.vocabulary import ClientStatus
from authgate.web.redirect_uris import origin
from authgate_tenants import Tenant, TenantSettings, TenantStatus, use_tenant
from authgate_testing.application import Application, allowed
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

HERE = "/admin/first-steps"
HOSTILE = "Acme'\"$(id)`id`\\;{{x}}\n#"


async def begun(server: RunningServer, tenant: Tenant) -> Client:
    """The client that a tenant begins with by sign-up."""
    with use_tenant(tenant):
        return (await provisioning.add_client(server.parts, first_client.draft())).client


def ticked(page: str) -> list[bool]:
    """Of each step, in their order, whether it is done."""
    steps = re.findall(r"<li>\s*<svg[^>]*><use href=\"[^\"]*#([a-z-]+)\"/></svg>\s*<div><b>", page)
    return [symbol == "circle-check" for symbol in steps]


async def test_steps_are_ticked_off_as_they_are_done(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    page = (await admin.visit(f"{acme.issuer}{HERE}")).text
    assert ticked(page) == [False] * 5
    assert "no client to try with" in page
    page = (await admin.submit({}, to="/clients/first")).text
    assert ticked(page) == [True, False, False, False, False]
    watch = f"{acme.prefix}{HERE}/arrived"
    assert f'data-watch="{watch}"' in page
    assert (await admin.http.get(watch)).json() == {"arrived": False}
    with use_tenant(acme):
        client = Client.from_row(await ClientRow.get())
    redirect_uri = "http://localhost:3000/callback"
    application = Application(
        server.http, acme, provisioning.NewClient(client, None), redirect_uri, "openid profile"
    )
    asking = application.ask()
    tokens = await application.redeem((await allowed(admin, asking))["code"], asking)
    assert tokens.status_code == 200, tokens.text
    assert (await admin.http.get(watch)).json() == {"arrived": True}
    page = (await admin.visit(f"{acme.issuer}{HERE}")).text
    assert ticked(page) == [True, True, False, False, False]
    assert "Somebody has signed in to an application." in page
    assert "data-watch" not in page


@on_sqlite
async def test_who_may_change_no_clients_is_offered_none(
    server: RunningServer, acme: Tenant, alice: User, admin: Person
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.AUDITOR)
    page = (await admin.visit(f"{acme.issuer}{HERE}")).text
    assert "/clients/first" not in page
    assert "/clients/new" not in page


@on_sqlite
async def test_a_first_client_that_is_disabled_is_shown_and_not_made_again(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    await admin.visit(f"{acme.issuer}{HERE}")
    client = await begun(server, acme)
    assert (await admin.submit({}, to="/clients/first")).status_code == 200, "somebody was quicker"
    with use_tenant(acme):
        await provisioning.set_client_status(server.parts, client.client_id, ClientStatus.INACTIVE)
    page = await admin.visit(f"{acme.issuer}{HERE}")
    assert "The first client is disabled." in page.text
    assert f"/clients/{client.id}" in page.text
    assert "/clients/first" not in page.text


@on_sqlite
async def test_a_tenant_that_demands_a_profile_is_offered_no_client_that_has_none(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    await admin.visit(f"{acme.issuer}{HERE}")
    strict = {"security_profile": "fapi2", "signing_algorithm": "ES256"}
    await provisioning.change_tenant(server.parts, acme, change=lambda s: s.changed(strict))
    page = await admin.submit({}, to="/clients/first")
    assert page.status_code == 409
    assert "FAPI 2.0 of every client" in page.text
    assert "/clients/first" not in page.text
    with use_tenant(acme):
        assert await ClientRow.all().count() == 0


@on_sqlite
async def test_another_tenants_first_sign_in_is_not_told(
    server: RunningServer, acme: Tenant, globex: Tenant, admin: Person, stranger: Person
) -> None:
    client = await begun(server, globex)
    application = Application(
        server.http,
        globex,
        provisioning.NewClient(client, None),
        "http://127.0.0.1:4711/callback",
        "openid",
    )
    await application.signed_in(stranger)
    answer = await admin.http.get(f"{acme.issuer}{HERE}/arrived")
    assert answer.json() == {"arrived": False}


@on_sqlite
async def test_every_framework_has_lines_with_the_issuer_and_an_address_that_the_client_has(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    client = await begun(server, acme)
    page = (await admin.visit(f"{acme.issuer}{HERE}")).text
    shown = [
        unescape(each) for each in re.findall(r"<pre [^>]*><code>(.*?)</code>", page, re.DOTALL)
    ]
    assert len(shown) == 8
    for lines in shown:
        assert acme.issuer in lines
        assert client.client_id in lines
        assert "client_secret" not in lines.lower(), "nothing that would have to be kept"
    addresses = {
        re.sub(r":\d+", "", each)
        for lines in shown
        for each in re.findall(r"http://localhost:\d+/callback", lines)
    }
    assert addresses == {"http://localhost/callback"}
    assert "http://localhost/callback" in client.redirect_uris
    assert "http://localhost/api/auth/callback/authgate" in client.redirect_uris, "of Auth.js"
    assert "http://localhost/login/oauth2/code/authgate" in client.redirect_uris, "of Spring"
    assert origin("http://localhost:5173/callback") in client.metadata.allowed_origins


async def test_whatever_a_tenant_is_called_is_only_a_text_in_its_lines() -> None:
    tenant = Tenant(
        id=UUID(int=1),
        slug="acme",
        name=HOSTILE,
        status=TenantStatus.ACTIVE,
        issuer="https://id.test/t/acme",
        prefix="/t/acme",
        settings=TenantSettings(),
    )
    with use_tenant(tenant):
        told = first_steps.snippets(first_client.CLIENT_ID)
        lines = {each.language: each.code for each in told}
    for name in ("Flask", "Django"):
        ast.parse(lines[name])
    spring = yaml.safe_load(lines["Spring Boot"])["spring"]["security"]["oauth2"]["client"]
    assert spring["provider"]["authgate"]["issuer-uri"] == tenant.issuer
    assert f"name: {json.dumps(HOSTILE)}," in lines["Next.js"]
    assert "allowInsecureRequests" not in lines["Express"], "an https issuer"


def test_the_first_client_keeps_no_secret_and_leads_nowhere_but_to_ones_own_machine() -> None:
    draft = first_client.draft()
    assert draft.public
    assert all(re.match(r"http://(localhost|127\.0\.0\.1)/", each) for each in draft.redirect_uris)
