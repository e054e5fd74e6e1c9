"""The pages of the console about groups: who belongs together, and which roles that gives."""

import re
from datetime import timedelta

from authgate import provisioning
from authgate.permissions import UserRole
from authgate.storage.paging import Order
from authgate.storage.people import group_members, groups
from authgate.storage.people.groups import GroupDraft
from authgate.storage.people.users import User, UserRow
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer


@on_sqlite
async def test_a_group_is_begun_filled_changed_and_removed(
    server: RunningServer, acme: Tenant, admin: Person, alice: User, carol: User
) -> None:
    here = f"{acme.issuer}/admin/groups"
    assert "There is no group yet." in (await admin.visit(here)).text
    await admin.visit(f"{here}/new")
    page = await admin.submit({"display_name": "Staff", "roles": "a b"}, to="/groups/new")
    assert (page.status_code, "A role&#39;s name is" in page.text) == (400, True)
    page = await admin.submit({"display_name": "Staff", "roles": "books:read\ndesk"}, to="/new")
    assert "Gives the roles:" in page.text
    assert all(role in page.text for role in ("books:read", "desk"))
    page = await admin.submit({"login": "nobody"}, to="/members")
    assert (page.status_code, "Nobody has this name." in page.text) == (400, True)
    for login in ("CAROL", "alice@acme.example"):
        page = await admin.submit({"login": login}, to="/members")
        assert "They belong to the group." in page.text
    assert "2 people" in page.text
    page = await admin.submit({}, to=f"/members/{carol.id}")
    assert "They belong to the group no longer." in page.text
    one = str(page.url).partition("?")[0]

    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(role=UserRole.AUDITOR)
        [staff] = (await groups.page("Staff", Order.of("canonical_name"))).rows
        assert await group_members.ids(staff.id, most=9) == [alice.id]
        await provisioning.add_group(GroupDraft("Board"))
    await admin.visit(f"{one}/edit")
    page = await admin.submit({"display_name": "board", "roles": ""}, to="/edit")
    assert (page.status_code, "Another group has this name" in page.text) == (400, True)
    with use_tenant(acme):
        await provisioning.change_group(server.parts, staff.id, GroupDraft("Crew"))
    page = await admin.submit({"display_name": "Team", "roles": ""}, to="/edit")
    assert (page.status_code, 'value="Crew"' in page.text) == (409, True)
    page = await admin.submit({"display_name": "Team", "roles": ""}, to="/edit")
    assert re.search(r"<h1>[^\n]*Team", page.text)
    assert "Team" in (await admin.visit(f"{here}?search=tea")).text
    assert "No group is like that." in (await admin.visit(f"{here}?search=zzz")).text
    await admin.visit(f"{one}/edit")
    page = await admin.submit({}, to="/delete")
    assert "Its people stay." in page.text
    with use_tenant(acme):
        assert await groups.find(staff.id) is None


@on_sqlite
async def test_a_long_group_is_shown_by_the_page_and_somebodys_groups_at_their_role(
    server: RunningServer, acme: Tenant, admin: Person, alice: User, carol: User
) -> None:
    with use_tenant(acme):
        staff = await provisioning.add_group(GroupDraft("Staff"))
        for number in range(26):
            person = await UserRow.create(
                username=f"p{number:02}", canonical_username=f"p{number:02}"
            )
            await group_members.add(staff.id, [person.id], now=server.clock())
        await group_members.add(staff.id, [carol.id], now=server.clock())
    page = await admin.visit(f"{acme.issuer}/admin/groups/{staff.id}")
    assert ("p24" in page.text, "p25" in page.text, "27 people" in page.text) == (True, False, True)
    [onward] = re.findall(r'href="[^"]*(\?cursor=[^"]+)"', page.text)
    page = await admin.visit(f"{acme.issuer}/admin/groups/{staff.id}{onward}")
    assert ("p25" in page.text, "p24" in page.text) == (True, False)
    page = await admin.visit(f"{acme.issuer}/admin/team/{carol.id}")
    assert "Belongs to:" in page.text
    assert "Belongs to:" not in (await admin.visit(f"{acme.issuer}/admin/team/{alice.id}")).text


@on_sqlite
async def test_another_tenants_groups_are_as_unknown_as_none(
    server: RunningServer, acme: Tenant, admin: Person, globex: Tenant, bob: User, alice: User
) -> None:
    with use_tenant(globex):
        theirs = await provisioning.add_group(GroupDraft("Staff"))
        await provisioning.add_members(theirs.id, [bob.id], now=server.clock())
    with use_tenant(acme):
        own = await provisioning.add_group(GroupDraft("Own"))
    here = f"{acme.issuer}/admin/groups"
    for path in ("", "/edit"):
        assert (await admin.visit(f"{here}/{theirs.id}{path}")).status_code == 404
    await admin.visit(f"{here}/{own.id}")
    page = await admin.submit({"login": "bob"}, to="/members")
    assert (page.status_code, "Nobody has this name." in page.text) == (400, True)
    assert "Staff" not in (await admin.visit(here)).text
    del alice


@on_sqlite
async def test_ad_04_an_operator_who_is_a_guest_changes_no_group(
    server: RunningServer, acme: Tenant, admin: Person, alice: User, carol: User
) -> None:
    with use_tenant(acme):
        staff = await provisioning.add_group(GroupDraft("Staff"))
        await provisioning.add_members(staff.id, [carol.id], now=server.clock())
        before = await groups.find(staff.id)
    here = f"{acme.issuer}/admin/groups"
    new, one, edit = [
        await admin.visit(f"{here}/{each}") for each in ("new", staff.id, f"{staff.id}/edit")
    ]
    with use_tenant(acme):
        until = server.clock() + timedelta(hours=1)
        await UserRow.filter(id=alice.id).update(guest_until=until)
    for page, said, to in (
        (new, {"display_name": "Own", "roles": "books:write"}, "/new"),
        (one, {"login": "alice"}, "/members"),
        (one, {}, f"/members/{carol.id}"),
        (edit, {"display_name": "Staff", "roles": "books:write"}, "/edit"),
        (edit, {}, "/delete"),
    ):
        admin.page = page
        assert (await admin.submit(said, to=to)).status_code == 403, to
    with use_tenant(acme):
        assert await groups.find(staff.id) == before
        assert await group_members.ids(staff.id, most=9) == [carol.id]
    for path in ("/new", f"/{staff.id}/edit"):
        assert (await admin.visit(f"{here}{path}")).status_code == 403
    for path in ("", f"/{staff.id}"):
        page = await admin.visit(f"{here}{path}")
        changing = [each.action for each in forms(page.text) if f"{staff.id}" in each.action]
        assert changing == []
        links = re.findall(r'href="([^"]+)"', page.text)
        assert not [each for each in links if each.endswith(("/groups/new", "/edit"))]
