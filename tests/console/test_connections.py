"""The pages of the console about ways to sign in elsewhere: set up, tested, offered, removed."""

import pytest

from authgate import provisioning
from authgate.clock import utc_now
from authgate.permissions import UserRole
from authgate.storage.people.groups import GroupDraft
from authgate.storage.people.users import User, UserRow
from authgate.storage.sign_in import connections, external_identities
from authgate.storage.sign_in.connection_rules import Newcomers
from authgate_tenants import Tenant, use_tenant
from authgate_testing import tenants
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

OIDC = {
    "slug": "acme",
    "label": "Acme",
    "config-issuer": "https://idp.acme.invalid",
    "config-client_id": "authgate",
    "config-client_secret": "secret-of-the-provider",
}


@pytest.fixture
async def acme(acme: Tenant, server: RunningServer) -> Tenant:
    """A tenant that has enabled the plugin."""
    await tenants.change(server, acme, settings={"enabled_plugins": ["oidc"]})
    return acme


@on_sqlite
async def test_a_provider_is_set_up_tested_offered_and_removed(
    server: RunningServer, acme: Tenant, admin: Person, carol: User
) -> None:
    here = f"{acme.issuer}/admin/connections"
    assert "There are no providers yet." in (await admin.visit(here)).text
    page = await admin.visit(f"{here}/_new")
    assert "OpenID Connect" in page.text
    await admin.visit(f"{here}/_new?connector=oidc")
    page = await admin.submit(OIDC | {"config-issuer": "http://x", "slug": "X"}, to="/_new")
    assert page.status_code == 400
    page = await admin.submit(OIDC | {"config-issuer": "http://x"}, to="/_new")
    assert "must be an https:// address" in page.text
    assert "secret-of-the-provider" not in page.text
    with use_tenant(acme):
        staff = await provisioning.add_group(GroupDraft("Staff"))
    wrong = {"groups": "theirs = Nobody"}
    assert "no group here" in (await admin.submit(OIDC | wrong, to="/_new")).text
    page = await admin.submit(
        OIDC | {"groups": "theirs = Staff", "newcomers": "welcome"}, to="/_new"
    )
    assert "The next sign-in goes by it." in page.text
    assert "secret-of-the-provider" not in page.text
    assert f"{acme.issuer}/login/acme/callback" in page.text
    with use_tenant(acme):
        stored = await connections.find("acme")
    assert stored is not None
    assert (stored.enabled, stored.rules.newcomers) == (False, Newcomers.WELCOME)
    assert stored.rules.groups == {"theirs": str(staff.id)}

    page = await admin.submit({}, to="/acme/test")
    assert "Discovery document" in page.text
    assert "leads to no address" in page.text
    await admin.submit({}, to="/acme/switch")
    assert "/login/acme" in (await server.http.get(f"{acme.issuer}/login")).text

    page = await admin.visit(f"{here}/acme/edit")
    assert "theirs = Staff" in page.text
    kept = {name: OIDC[name] for name in ("label", "config-issuer", "config-client_id")}
    moved = {"config-issuer": "https://evil.invalid"}
    page = await admin.submit(kept | moved, to="/edit")
    assert (page.status_code, "must be entered again" in page.text) == (400, True)
    await admin.visit(f"{here}/acme/edit")
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(role=UserRole.OWNER)
        await external_identities.link(
            connection_id=stored.id,
            issuer="https://idp.acme.invalid",
            subject="1",
            user_id=carol.id,
            username="carol",
            now=utc_now(),
        )
    secret = {"config-client_secret": "another"}
    page = await admin.submit(kept | moved | secret, to="/edit")
    assert (page.status_code, "who may more than you" in page.text) == (400, True)
    await admin.visit(f"{here}/acme/edit")
    for position in ("first", "-99999999999999999999", "10001", "9" * 5000):
        page = await admin.submit(kept | {"position": position}, to="/edit")
        assert (page.status_code, "A whole number" in page.text) == (400, True), position
    await admin.visit(f"{here}/acme/edit")
    page = await admin.submit(kept | {"label": "Renamed"}, to="/edit")
    assert "Renamed" in page.text
    await tenants.choose(server, acme, password_sign_in=False)
    for action in ("switch", "delete"):
        page = await admin.submit({}, to=f"/acme/{action}")
        assert "nobody could sign in without it" in page.text
    server.clock.advance(16 * 60)
    page = await admin.submit({}, to="/acme/delete")
    assert "Please sign in once more" in page.text
    with use_tenant(acme):
        assert await connections.find("acme") is not None


@on_sqlite
async def test_another_tenants_connection_has_no_page(
    acme: Tenant, admin: Person, foreign_admin: Person, globex: Tenant
) -> None:
    await admin.visit(f"{acme.issuer}/admin/connections/_new?connector=oidc")
    assert (await admin.submit(OIDC, to="/_new")).status_code == 200
    page = await foreign_admin.visit(f"{globex.issuer}/admin/connections/acme")
    assert page.status_code == 404
