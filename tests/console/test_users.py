"""The pages of the console about people: found, brought in, changed, shut out and removed."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest

from authgate import audit, provisioning
from authgate.admin.console import user_lines
from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.provisioning import found_people, invitations, people, user_imports
from authgate.provisioning.invitations import UnfitInvitation
from authgate.provisioning.roles import Authority, BeyondOwnRole
from authgate.storage.people import users
from authgate.storage.people.groups import GroupDraft
from authgate.storage.people.user_imports import UserImportRow
from authgate.storage.people.users import User, UserRow
from authgate.storage.sign_in import connections, external_identities
from authgate.vocabulary import UserStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, allowed
from authgate_testing.caller import Caller
from authgate_testing.databases import on_sqlite
from authgate_testing.device import Device, decide
from authgate_testing.doors import PASSWORD
from authgate_testing.kept_mails import link_in_mail
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer


def listed(text: str) -> list[str]:
    """Whom the list names, in its order."""
    return re.findall(r'<td class="first">.*?<bdi>([^<]+)</bdi>', text, re.DOTALL)


@on_sqlite
async def test_people_are_found_by_name_address_id_status_role_and_way_in(
    acme: Tenant, admin: Person, alice: User, carol: User, globex: Tenant, bob: User
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(password_hash=None)
    here = f"{acme.issuer}/admin/users"
    for query, found in (
        ("", ["alice", "carol"]),
        ("?sort=-username", ["carol", "alice"]),
        (f"?search={carol.id}", ["carol"]),
        ("?search=LIDDELL", ["alice", "carol"]),
        ("?search=carol@", ["carol"]),
        ("?role=admin", ["alice"]),
        ("?way_in=elsewhere", ["carol"]),
        ("?status=active&role=user", ["carol"]),
        (f"?search={bob.id}", []),
        ("?search=bob", []),
    ):
        page = await admin.visit(f"{here}{query}")
        assert listed(page.text) == found, query
    assert "Nobody is like that." in (await admin.visit(f"{here}?search=bob")).text
    assert (await admin.visit(f"{here}?cursor=x")).status_code == 400
    assert (await admin.visit(f"{here}/{bob.id}")).status_code == 404


@on_sqlite
async def test_somebody_is_brought_in_with_a_password_that_is_shown_once(
    server: RunningServer, acme: Tenant, admin: Person, alice: User
) -> None:
    here = f"{acme.issuer}/admin/users"
    await admin.visit(f"{here}/new")
    page = await admin.submit({"username": "j n", "email": "x"}, to="/new")
    assert (page.status_code, "A name is of letters and digits" in page.text) == (400, True)
    said = {"username": "jon", "email": "jon@acme.example", "role": "auditor"}
    page = await admin.submit(said, to="/new")
    found = re.search(r"<code>([a-z0-9-]{29})</code>", page.text)
    assert found is not None
    assert "shown once" in (await admin.visit(str(page.url))).text, "and no second time"
    assert found[1] not in admin.page.text  # type: ignore[union-attr]
    jon = Person(server.browser())
    signed_in = await jon.sign_in(acme.issuer, "jon", found[1])
    assert signed_in.url.path.endswith("/account/sessions")
    with use_tenant(acme):
        stored = await users.find_by_login("jon")
    assert stored is not None
    assert (stored.role, stored.email_verified) == (UserRole.AUDITOR, False)
    await admin.visit(f"{here}/{stored.id}/edit")
    said = {"username": "jon", "name": "Jon D", "email": "jon@acme.example", "email_verified": "1"}
    assert "Saved." in (await admin.submit(said, to="/edit")).text
    await admin.visit(f"{here}/{stored.id}/edit")
    page = await admin.submit(said | {"email": "dahl@acme.example"}, to="/edit")
    assert "Not verified" in page.text, "nobody has proven another address"
    await admin.visit(f"{here}/{stored.id}/edit")
    page = await admin.submit(said | {"email": alice.email or ""}, to="/edit")
    assert (page.status_code, "Somebody has this" in page.text) == (400, True)
    await admin.visit(f"{here}/{stored.id}/delete")
    assert (await admin.submit({"username": "jo"}, to="/delete")).status_code == 409
    page = await admin.submit({"username": "jon"}, to="/delete")
    assert "Removed, with all" in page.text
    with use_tenant(acme):
        assert await users.find_by_login("jon") is None
    assert (await jon.visit(f"{acme.issuer}/account/sessions")).url.path.endswith("/login")


async def test_all_that_is_somebodys_is_on_their_page_and_ends_there(
    server: RunningServer,
    acme: Tenant,
    admin: Person,
    carol: User,
    colleague: Person,
    console: Application,
    ledger: Ledger,
) -> None:
    await console.signed_in(colleague, scope="openid read")
    with use_tenant(acme):
        hub = await connections.create(
            connection_id=uuid4(),
            slug="hub",
            connector="github",
            label="Hub",
            config={},
            sealed_secrets=b"",
        )
        await external_identities.link(
            connection_id=hub.id,
            issuer="https://hub.example",
            subject="7",
            user_id=carol.id,
            username="caz",
            now=server.clock(),
        )
    there = f"{acme.issuer}/admin/users/{carol.id}"
    page = (await admin.visit(there)).text
    for shown in (str(carol.id), "Hub", "caz", "AUTHENTICATION_SUCCESS", "read"):
        assert shown in page, shown
    [identity] = re.findall(r"/identities/([0-9a-f-]{36})", page)
    assert "sign in by it no more" in (await admin.submit({}, to=f"/identities/{identity}")).text
    assert "Taken back" in (await admin.submit({}, to="/apps")).text
    [session] = re.findall(r'name="session" value="([^"]+)"', page)
    page = (await admin.submit({"session": session}, to="/sessions")).text
    assert "They are signed in nowhere." in page
    assert "Nothing acts in their name." in page
    again = await colleague.sign_in(acme.issuer, "carol", PASSWORD)
    assert again.url.path.endswith("/account/sessions")
    await admin.visit(there)
    await admin.submit({}, to="/sign-out")
    assert (await colleague.visit(f"{acme.issuer}/account/sessions")).url.path.endswith("/login")
    await admin.visit(there)
    assert "they are signed out everywhere" in (await admin.submit({}, to="/disable")).text
    assert "they may sign in again" in (await admin.submit({}, to="/enable")).text
    await admin.submit({}, to="/password")
    for kind in (Event.IDENTITY_UNLINKED, Event.USER_PASSWORD_RESET, Event.USER_DISABLED):
        [event] = await ledger.events(acme, kind)
        assert event.actor_name == "alice", kind


@on_sqlite
async def test_who_is_removed_while_somebody_acts_on_them_is_not_found(
    acme: Tenant, admin: Person, carol: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = user_lines.named

    async def then_removed(row_id: str) -> User:
        person = await found(row_id)
        await UserRow.filter(id=person.id).delete()
        return person

    here = f"{acme.issuer}/admin/users/{carol.id}"
    ask = forms((await admin.visit(here)).text)
    token = ask[0].hidden["csrf_token"]
    monkeypatch.setattr(user_lines, "named", then_removed)
    for act in ("disable", "enable", "sign-out", "delete", "reset"):
        with use_tenant(acme):
            if not await UserRow.exists(id=carol.id):
                await users.create(username="carol", user_id=carol.id)
        page = await admin.http.post(
            f"{here}/{act}", data={"csrf_token": token, "username": "carol"}
        )
        assert page.status_code == 404, act


async def test_whoever_is_disabled_and_let_in_again_gets_nothing_by_what_was_on_its_way(
    acme: Tenant,
    admin: Person,
    carol: User,
    colleague: Person,
    console: Application,
    device: Device,
    at_acme: Caller,
) -> None:
    granted = await console.signed_in(colleague, scope="openid offline_access")
    asking = console.ask()
    code = (await allowed(colleague, asking))["code"]
    shown = await device.start()
    await decide(colleague, shown)
    there = f"{acme.issuer}/admin/users/{carol.id}"
    for act in ("/disable", "/enable"):
        await admin.visit(there)
        await admin.submit({}, to=act)
    assert (await console.redeem(code, asking)).json()["error"] == "invalid_grant"
    assert (await console.refresh(granted["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await device.poll(shown["device_code"])).json()["error"] == "access_denied"
    asked = await at_acme.get("/oauth/userinfo", bearer=granted["access_token"])
    assert asked.status_code == 401
    assert (await colleague.visit(f"{acme.issuer}/account/sessions")).url.path.endswith("/login")


@on_sqlite
async def test_ad_03_04_nobody_changes_themselves_who_may_more_or_as_a_guest(
    server: RunningServer, acme: Tenant, admin: Person, alice: User, carol: User
) -> None:
    here = f"{acme.issuer}/admin/users"
    await admin.visit(f"{here}/new")
    assert admin.page is not None
    token = {"csrf_token": forms(admin.page.text)[0].hidden["csrf_token"]}
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(role=UserRole.OWNER)
    acts = {
        "disable": 409, "enable": 409, "edit": 403, "delete": 403, "password": 403,
    }  # fmt: skip
    for user in (alice, carol):
        page = (await admin.visit(f"{here}/{user.id}")).text
        assert not re.findall(rf'action="[^"]*/users/{user.id}/(?:disable|edit|password)"', page)
        for act, status in acts.items():
            said = token | {"username": user.username}
            answer = await admin.http.post(f"{here}/{user.id}/{act}", data=said)
            assert answer.status_code == status, (user.username, act)
    mine = token | {"username": "jon", "role": "owner"}
    assert (await admin.http.post(f"{here}/new", data=mine)).status_code == 400
    assert (await admin.http.post(f"{here}/{carol.id}/sign-out", data=token)).status_code == 409
    with use_tenant(acme):
        until = server.clock() + timedelta(hours=1)
        await UserRow.filter(id=carol.id).update(role=UserRole.USER)
        await UserRow.filter(id=alice.id).update(guest_until=until)
    said = token | {"username": "jon"}
    assert (await admin.http.post(f"{here}/new", data=said)).status_code == 403
    for act in ("edit", "delete", "password"):
        said = token | {"username": "carol"}
        assert (await admin.http.post(f"{here}/{carol.id}/{act}", data=said)).status_code == 403
    with use_tenant(acme):
        assert await UserRow.all().count() == 2
    server.clock.advance(16 * 60)
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(guest_until=None)
    for act in ("delete", "password"):
        late = await admin.http.post(f"{here}/{carol.id}/{act}", data=said)
        assert "/login?return_to=" in late.headers["location"], "it asks for a recent sign-in"


@on_sqlite
async def test_ad_01_03_what_is_done_to_several_spares_oneself_and_who_may_more(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    admin: Person,
    alice: User,
    carol: User,
    bob: User,
    colleague: Person,
    ledger: Ledger,
) -> None:
    with use_tenant(acme):
        dora = await users.create(username="dora")
        staff = await provisioning.add_group(GroupDraft("Staff"))
    here = f"{acme.issuer}/admin/users?limit=50"

    async def done(act: str, *people: str, **more: str) -> str:
        await admin.visit(here)
        said = {f"user-{each}": "1" for each in people}
        page = await admin.submit({"act": act, **said}, to="/users/selected")
        if 'name="sure"' not in page.text:
            return page.text
        return (await admin.submit(more, to="/users/selected")).text

    everybody = re.findall(r'name="user-([0-9a-f-]{36})"', (await admin.visit(here)).text)
    assert len(everybody) == 3
    assert "Nothing was selected." in await done("disable")
    assert "Nothing was selected." in await done("disable", str(bob.id))
    page = await done("disable", *everybody)
    assert "2 done, 0 as they were, 1 refused" in page
    assert "Nobody changes what they are themselves" in page
    assert (await colleague.visit(f"{acme.issuer}/account/sessions")).url.path.endswith("/login")
    assert "0 done, 2 as they were" in await done("disable", str(carol.id), str(dora.id))
    assert len(await ledger.events(acme, Event.USER_DISABLED)) == 2, "one for each"
    assert "2 done" in await done("enable", str(carol.id), str(dora.id))
    page = await done("sign-out", *everybody)
    assert "2 done, 0 as they were, 1 refused" in page
    assert "You stay signed in yourself." in page
    assert (await admin.visit(here)).url.path.endswith("/admin/users")
    with use_tenant(acme):
        await UserRow.filter(id=carol.id).update(role=UserRole.OWNER)
        by_alice = Authority(audit.user(alice.id, "alice"), UserRole.OWNER)
        with pytest.raises(BeyondOwnRole):  # she is none any more
            await people.sign_out_person(carol.id, by=by_alice, now=server.clock())
    page = await done("delete", str(carol.id))
    assert "That takes a role that may more than yours." in page
    assert "Choose a group." in await done("add-to-group", str(dora.id))
    page = await done("add-to-group", str(dora.id), str(carol.id), group=str(staff.id))
    assert "2 done" in page
    assert "They have no email." in await done("invite", str(dora.id))
    assert "1 done" in await done("sign-out", str(dora.id))
    assert "1 done" in await done("delete", str(dora.id))
    with use_tenant(acme):
        assert await users.find_by_login("dora") is None


@on_sqlite
async def test_ad_03_what_is_done_to_everybody_who_was_found_is_done_by_the_hundred(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    admin: Person,
    carol: User,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with use_tenant(acme):
        for number in range(25):
            await users.create(username=f"staff-{number:02}")
        # Who was taken over has an id that tells nothing of when they came.
        await users.create(username="staff-25", user_id=UUID(int=2**128 - 2))
        staff = await provisioning.add_group(GroupDraft("Staff"))
        await UserRow.filter(id=carol.id).update(username="staff-owner", role=UserRole.OWNER)
    monkeypatch.setattr(found_people, "MOST", 10)
    here = f"{acme.issuer}/admin/users?search=staff"
    assert "All that were found" not in (await admin.visit(f"{here}-owner")).text
    assert "All that were found" in (await admin.visit(here)).text
    page = await admin.submit({"act": "disable", "all": "1"}, to="/users/selected")
    assert "Disable 27 people?" in page.text
    question = page
    with use_tenant(acme):
        await users.create(username="staff-late")
    page = await admin.submit({}, to="/users/selected")
    assert (page.status_code, "Disable 28 people?" in page.text) == (400, True)
    monkeypatch.setattr(found_people, "SECONDS", 0.0)
    page = await admin.submit({}, to="/users/selected")
    assert "9 done, 0 as they were, 1 refused" in page.text
    assert "staff-owner" in page.text
    monkeypatch.setattr(found_people, "SECONDS", 60.0)
    with use_tenant(acme):
        [gone] = await UserRow.filter(username="staff-25")
        await gone.delete()
        newcomer = await users.create(username="staff-new")
    page = await admin.submit({}, to="/users/selected")
    assert "26 done, 0 as they were, 1 refused" in page.text
    assert "Go on" not in page.text
    with use_tenant(acme):
        disabled = await UserRow.filter(status=UserStatus.DISABLED).count()
        assert disabled == 26
        for spared in (carol, newcomer):
            found = await users.find(spared.id)
            assert found is not None
            assert found.is_active, found.username
    with use_tenant(globex):
        assert (await UserRow.get(id=bob.id)).status is UserStatus.ACTIVE
    monkeypatch.setattr(found_people, "SECONDS", 0.0)
    await admin.visit(here)
    await admin.submit({"act": "add-to-group", "all": "1"}, to="/users/selected")
    page = await admin.submit({"group": str(staff.id)}, to="/users/selected")
    assert "10 done" in page.text
    with use_tenant(acme):
        await provisioning.delete_group(staff.id)
    page = await admin.submit({}, to="/users/selected")
    assert "The group is gone." in page.text
    assert "10 done" in page.text, "what was done is told"
    monkeypatch.setattr(found_people, "SECONDS", 60.0)
    await admin.visit(here)
    await admin.submit({"act": "delete", "all": "1"}, to="/users/selected")
    page = await admin.submit({"typed": "27"}, to="/users/selected")
    assert "Nobody was removed." in page.text
    page = await admin.submit({"typed": "28"}, to="/users/selected")
    assert "27 done, 0 as they were, 1 refused" in page.text
    sent = forms(question.text)[0].hidden | {"until": "x"}
    refused = await admin.http.post(f"{acme.issuer}/admin/users/selected", data=sent)
    assert refused.status_code == 400


@on_sqlite
async def test_whoever_has_no_way_in_yet_is_invited_to_choose_a_password(
    server: RunningServer, acme: Tenant, admin: Person, carol: User
) -> None:
    with use_tenant(acme):
        nobody_yet = {"password_hash": None, "email_verified": False}
        await UserRow.filter(id=carol.id).update(**nobody_yet)
    await admin.visit(f"{acme.issuer}/admin/users?search=carol")
    await admin.submit({f"user-{carol.id}": "1", "act": "invite"}, to="/users/selected")
    assert "1 done" in (await admin.submit({}, to="/users/selected")).text
    newcomer = Person(server.browser())
    page = await newcomer.visit(await link_in_mail(server, acme))
    assert 'name="password"' in page.text
    page = await newcomer.submit({"name": "Caz", "password": "another-horse-battery-staple"})
    page = await newcomer.sign_in(acme.issuer, "carol", "another-horse-battery-staple")
    assert page.url.path.endswith("/account/sessions")
    with use_tenant(acme):
        stored = await users.find(carol.id)
        assert stored is not None
        assert (stored.email_verified, stored.name) == (True, carol.name)
        with pytest.raises(UnfitInvitation, match="can sign in already"):
            await invitations.invite_first(server.parts, stored)


@on_sqlite
async def test_a_file_of_people_is_shown_for_trial_and_done_when_it_is_meant(
    server: RunningServer,
    acme: Tenant,
    admin: Person,
    alice: User,
    foreign_admin: Person,
    globex: Tenant,
) -> None:
    here = f"{acme.issuer}/admin/users/import"

    async def chosen(content: bytes) -> httpx2.Response:
        page = await admin.visit(here)
        form = next(each for each in forms(page.text) if each.action.endswith("/import"))
        files = {"file": ("people.csv", content, "text/csv")}
        url = f"http://localhost:8080{form.action}"
        return await admin.http.post(url, data=form.hidden, files=files, follow_redirects=True)

    page = await chosen(b"name\nJon")
    assert (page.status_code, "The column username is missing" in page.text) == (400, True)
    page = await chosen(b"username,name,role\njon,Jon,auditor\nk m,,\n")
    import_id = str(page.url).rpartition("/")[2]
    with use_tenant(acme):
        await user_imports.work(server.parts, UUID(import_id))
        assert await users.find_by_login("jon") is None
    page = await admin.visit(f"{here}/{import_id}")
    assert "What would come of it" in page.text
    assert "A name is of letters and digits" in page.text
    elsewhere = await foreign_admin.visit(f"{globex.issuer}/admin/users/import/{import_id}")
    assert elsewhere.status_code == 404
    [start] = [each for each in forms(page.text) if each.action.endswith("/start")]
    server.clock.advance(16 * 60)
    late = await admin.http.post(f"http://localhost:8080{start.action}", data=start.hidden)
    assert "/login?return_to=" in late.headers["location"], "a role asks for a recent sign-in"
    server.clock.advance(-16 * 60)
    with use_tenant(acme):
        await UserImportRow.filter(id=import_id).update(requester_id=str(uuid4()))
    page = await admin.visit(f"{here}/{import_id}")
    assert "/start" not in page.text, "somebody else's"
    with use_tenant(acme):
        await UserImportRow.filter(id=import_id).update(requester_id=str(alice.id))
    await admin.visit(f"{here}/{import_id}")
    await admin.submit({}, to="/start")
    with use_tenant(acme):
        await user_imports.work(server.parts, UUID(import_id))
        assert await users.find_by_login("jon") is not None
    page = await admin.visit(f"{here}/{import_id}")
    assert "What came of it" in page.text
    assert "/start" not in page.text
