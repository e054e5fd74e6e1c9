"""``/admin/provisioning``: other directories, and the tokens by which they provision people."""

import re
from datetime import timedelta

from authgate.storage.people import scim_tokens
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.scim import Directory
from authgate_testing.server import RunningServer


@on_sqlite
async def test_a_directory_is_given_a_token_that_is_shown_once_and_loses_it(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    here = f"{acme.issuer}/admin/provisioning"
    page = await admin.visit(here)
    assert f"{acme.issuer}/scim/v2" in page.text
    page = await admin.submit({"description": " ", "days": "30"}, to="/provisioning/create")
    assert (page.status_code, "Say in 1 to 80 characters" in page.text) == (400, True)
    await admin.visit(here)
    said = {"description": "Okta", "days": "30", "trusts_emails": "1"}
    for wrong in ("0", "732", "soon"):
        page = await admin.submit(said | {"days": wrong}, to="/provisioning/create")
        assert (page.status_code, "A number of days" in page.text) == (400, True), wrong
    page = await admin.submit(said, to="/provisioning/create")
    [token] = set(re.findall(r"agscim_[\w-]{43}", page.text))
    with use_tenant(acme):
        [kept] = await scim_tokens.all_tokens(now=server.clock())
    assert (kept.description, kept.created_by, kept.trusts_emails) == ("Okta", "alice", True)
    again = await admin.visit(f"{here}?made={kept.id}")
    assert "agscim_" not in again.text
    assert "never used" in again.text
    okta = Directory(server.http, acme, token)
    await okta.user("mira")
    page = await admin.visit(here)
    assert "last used" in page.text
    page = await admin.submit({}, to="/provisioning/withdraw")
    assert "The token was taken back." in page.text
    assert (await okta.get("/Users")).status_code == 401
    assert "No directory has a token." in page.text


@on_sqlite
async def test_ad_04_an_operator_who_is_a_guest_makes_no_token(
    server: RunningServer, acme: Tenant, admin: Person, alice: User
) -> None:
    here = f"{acme.issuer}/admin/provisioning"
    await admin.visit(here)
    with use_tenant(acme):
        until = server.clock() + timedelta(hours=1)
        await UserRow.filter(id=alice.id).update(guest_until=until)
    said = {"description": "Okta", "days": "30"}
    assert (await admin.submit(said, to="/provisioning/create")).status_code == 403
    with use_tenant(acme):
        assert await scim_tokens.all_tokens(now=server.clock()) == []
    page = await admin.visit(here)
    assert ("guests make no token" in page.text, 'name="days"' in page.text) == (True, False)
