"""What somebody shows besides their first factor, on their page, and taking it from them."""

from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.authenticator import enrolled, let_in, show
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.passkeys import ORIGIN, added
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.soft_passkey import SoftPasskey

pytestmark = on_sqlite


async def test_an_administrator_sees_what_somebody_has_and_takes_it_once_they_are_sure(
    server: RunningServer, acme: Tenant, admin: Person, carol: User, ledger: Ledger
) -> None:
    colleague = await let_in(server, acme, carol, remember_device="1")
    await added(colleague, acme, SoftPasskey(ORIGIN), "My <b>telephone</b>")
    there = f"{acme.issuer}/admin/users/{carol.id}"
    page = (await admin.visit(there)).text
    for shown in (
        "Authenticator app",
        "My &lt;b&gt;telephone&lt;/b&gt;",
        "10 are left",
        "Remembered",
    ):
        assert shown in page, shown
    page = (await admin.visit(f"{there}/second-factors")).text
    assert "They are told by mail at" in page
    refused = await admin.submit({}, to="/second-factors")
    assert (refused.status_code, "Make sure first" in refused.text) == (409, True)
    page = (await admin.submit({"sure": "1"}, to="/second-factors")).text
    assert "they have no second factor any more" in page
    assert "They have none." in page
    assert (await colleague.visit(f"{acme.issuer}/account/sessions")).url.path.endswith("/login")
    [event] = await ledger.events(acme, Event.SECOND_FACTOR_RESET)
    assert (event.actor_name, event.resource_id) == ("alice", str(carol.id))
    mails = (await server.http.get(f"{acme.issuer}/mails")).text
    assert "An administrator has removed the second factors of your account." in mails


async def test_who_takes_somebodys_second_factors_has_shown_their_own_and_lately(
    server: RunningServer, acme: Tenant, admin: Person, alice: User, carol: User, ledger: Ledger
) -> None:
    there = f"{acme.issuer}/admin/users/{carol.id}/second-factors"
    page = await admin.visit(there)
    sure = {"csrf_token": forms(page.text)[0].hidden["csrf_token"], "sure": "1"}
    app, _ = await enrolled(server, acme, alice)
    asked = await admin.http.post(there, data=sure)
    assert "/second-factor?return_to=" in asked.headers["location"]
    await admin.visit(there)
    assert await show(admin, app.code) == 200
    assert admin.page is not None
    assert admin.page.url.path.endswith(f"{carol.id}/second-factors"), "led back"
    sure["csrf_token"] = forms(admin.page.text)[0].hidden["csrf_token"]
    server.clock.advance(16 * 60)
    late = await admin.http.post(there, data=sure)
    assert "/login?return_to=" in late.headers["location"]
    assert await ledger.events(acme, Event.SECOND_FACTOR_RESET) == []


async def test_nobody_looks_at_taking_their_own_or_those_of_who_may_more(
    server: RunningServer, acme: Tenant, admin: Person, alice: User, carol: User, ledger: Ledger
) -> None:
    await let_in(server, acme, carol)
    there = f"{acme.issuer}/admin/users/{carol.id}/second-factors"
    page = await admin.visit(there)
    sure = {"csrf_token": forms(page.text)[0].hidden["csrf_token"], "sure": "1"}
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(role=UserRole.OWNER)
    for each in (there, there.replace(str(carol.id), str(alice.id))):
        assert (await admin.visit(each)).status_code == 403
        assert (await admin.http.post(each, data=sure)).status_code == 403
    assert "/second-factors" not in (await admin.visit(there.removesuffix("/second-factors"))).text
    assert await ledger.events(acme, Event.SECOND_FACTOR_RESET) == []
