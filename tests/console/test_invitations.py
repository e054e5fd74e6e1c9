"""The page of the console on which people are invited."""

from datetime import timedelta
from uuid import uuid4

from authgate.permissions import UserRole
from authgate.storage.people.invitations import InvitationRow
from authgate.storage.people.users import User, UserRow
from authgate.vocabulary import InvitationStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.kept_mails import link_in_mail
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer

ADA = "ada@acme.example"


async def become(tenant: Tenant, user: User, role: UserRole) -> None:
    with use_tenant(tenant):
        await UserRow.filter(id=user.id).update(role=role)


@on_sqlite
async def test_somebody_is_invited_reminded_and_not_wanted_any_more(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    here = f"{acme.issuer}/admin/invitations"
    await admin.visit(here)
    page = await admin.submit({"email": "nobody", "role": "user"}, to="/invitations")
    assert (page.status_code, "This is no address" in page.text) == (400, True)
    page = await admin.submit({"email": ADA, "role": "auditor"}, to="/invitations")
    assert "a link is on its way" in page.text
    first = await link_in_mail(server, acme)
    await admin.submit({}, to="/resend")
    second = await link_in_mail(server, acme)
    assert first != second
    page = await admin.submit({}, to="/withdraw")
    assert "its link is good for nothing any more" in page.text
    assert "Taken back" in page.text
    assert (await server.http.get(second)).status_code == 400


@on_sqlite
async def test_ad_04_nobody_invites_somebody_who_may_more_than_they_may(
    acme: Tenant, admin: Person
) -> None:
    page = await admin.visit(f"{acme.issuer}/admin/invitations")
    assert '<option value="owner">' not in page.text
    page = await admin.submit({"email": ADA, "role": "owner"}, to="/invitations")
    assert page.status_code == 400
    with use_tenant(acme):
        assert await InvitationRow.all().count() == 0


@on_sqlite
async def test_ad_04_who_was_demoted_since_has_invited_nobody(
    server: RunningServer, acme: Tenant, admin: Person, alice: User
) -> None:
    await admin.visit(f"{acme.issuer}/admin/invitations")
    await admin.submit({"email": ADA, "role": "admin"}, to="/invitations")
    link = await link_in_mail(server, acme)
    assert (await server.http.get(link)).status_code == 200
    await become(acme, alice, UserRole.AUDITOR)
    assert (await server.http.get(link)).status_code == 400
    page = await admin.visit(f"{acme.issuer}/admin/invitations")
    assert ADA in page.text
    assert 'name="email"' not in page.text, "who looks on invites nobody"


@on_sqlite
async def test_ad_04_it_is_whoever_sent_it_again_who_invites(
    server: RunningServer, acme: Tenant, admin: Person, alice: User
) -> None:
    await admin.visit(f"{acme.issuer}/admin/invitations")
    with use_tenant(acme):
        # As somebody did who is here no longer.
        await admin.submit({"email": ADA, "role": "admin"}, to="/invitations")
        await InvitationRow.all().update(inviter_id=uuid4(), invited_by="gone")
    assert (await server.http.get(await link_in_mail(server, acme))).status_code == 400
    await admin.submit({}, to="/resend")
    page = await server.http.get(await link_in_mail(server, acme))
    assert (page.status_code, alice.username in page.text) == (200, True)


@on_sqlite
async def test_ad_04_an_operator_who_is_a_guest_invites_nobody_whatever_the_role(
    server: RunningServer, acme: Tenant, admin: Person, alice: User
) -> None:
    page = await admin.visit(f"{acme.issuer}/admin/invitations")
    page = await admin.submit({"email": ADA, "role": "user"}, to="/invitations")
    first = await link_in_mail(server, acme)
    with use_tenant(acme):
        until = server.clock() + timedelta(hours=1)
        await UserRow.filter(id=alice.id).update(guest_until=until)
    answer = page
    for sent, to in (
        ({"email": "bob@acme.example", "role": "user"}, "/invitations"),
        ({}, "/resend"),
        ({}, "/withdraw"),
    ):
        admin.page = page
        answer = await admin.submit(sent, to=to)
        assert (answer.status_code, "guests invite nobody" in answer.text) == (400, True), to
    assert [each.action for each in forms(answer.text) if "/invitations" in each.action] == []
    with use_tenant(acme):
        [kept] = await InvitationRow.all()
    assert kept.status is InvitationStatus.PENDING
    assert (await server.http.get(first)).status_code == 400, "nor did they before"


@on_sqlite
async def test_ad_04_a_role_by_a_link_asks_for_a_recent_sign_in_as_one_by_hand_does(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    await admin.visit(f"{acme.issuer}/admin/invitations")
    await admin.submit({"email": ADA, "role": "admin"}, to="/invitations")
    first = await link_in_mail(server, acme)
    server.clock.advance(16 * 60)
    page = await admin.submit({}, to="/resend")
    assert "/login" in str(page.url)
    await admin.visit(f"{acme.issuer}/admin/invitations")
    page = await admin.submit({"email": "eve@acme.example", "role": "auditor"}, to="/invitations")
    assert "/login" in str(page.url)
    await admin.visit(f"{acme.issuer}/admin/invitations")
    page = await admin.submit({"email": "bob@acme.example", "role": "user"}, to="/invitations")
    assert "a link is on its way" in page.text, "who is to be a user is given no role"
    assert (await server.http.get(first)).status_code == 200, "nothing was sent in its place"
    with use_tenant(acme):
        assert await InvitationRow.all().count() == 2
