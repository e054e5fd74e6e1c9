"""``/admin/limits``: what is used of the plan, and who is kept out."""

import re
from html import unescape
from urllib.parse import urljoin

from authgate import provisioning
from authgate.permissions import UserRole
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Plan, Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer


@on_sqlite
async def test_an_address_is_blocked_and_let_in_again_beside_what_is_used(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    await provisioning.put_plan(
        server.parts, Plan("tried", users=1, limits={"login_per_ip": "7/min burst 3"})
    )
    await provisioning.give_plan(server.parts, acme, "tried")
    here = f"{acme.issuer}/admin/limits"
    page = await admin.visit(f"{here}?address=203.0.113.7")
    assert 'value="203.0.113.7"' in page.text
    assert "used up" in page.text
    assert "7/60s burst 3" in page.text
    page = await admin.submit({"network": "here"}, to="/limits/block")
    assert (page.status_code, "This is no address" in page.text) == (400, True)
    await admin.visit(here)
    page = await admin.submit({"network": "127.0.0.1"}, to="/limits/block")
    assert "You come from there yourself" in page.text
    await admin.visit(here)
    page = await admin.submit({"network": "203.0.113.7", "reason": "guesses"}, to="/limits/block")
    assert "Blocked: nobody is let in from there." in page.text
    async with server.from_address("203.0.113.7") as http:
        keys = f"{acme.prefix}/.well-known/jwks.json"
        assert (await http.get(keys)).status_code == 403
        letting_in = next(each for each in forms(page.text) if each.action.endswith("/let-in"))
        for said in ("Let in again.", "Nothing was done"):
            answer = await admin.http.post(
                urljoin(here, letting_in.action), data=letting_in.hidden, follow_redirects=True
            )
            assert said in answer.text
        assert (await http.get(keys)).status_code == 200


@on_sqlite
async def test_who_may_block_an_address_is_led_there_from_a_browser_that_they_do_not_know(
    server: RunningServer, acme: Tenant, admin: Person, alice: User
) -> None:
    async with server.from_address("2001:db8::7") as http:
        await Person(http).sign_in(acme.issuer, "alice", PASSWORD)
    here = f"{acme.issuer}/account/sessions"
    page = await admin.visit(here)
    [link] = re.findall(r'<a href="([^"]+)">Block this address</a>', page.text)
    page = await admin.visit(urljoin(here, unescape(link)))
    assert 'value="2001:db8::7"' in page.text
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.CLIENT_MANAGER)
    assert "Block this address" not in (await admin.visit(here)).text
