"""People are invited by mail, and come with a new account or the one that they have."""

import asyncio

import httpx2
import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.people.invitations import InvitationRow
from authgate.storage.people.users import User, UserRow
from authgate.storage.redis.rate_limits import Limit
from authgate.storage.sign_in.connections import ConnectionRow
from authgate_tenants import Plan, Tenant, use_tenant
from authgate_testing.api import ApiClient, api_client, is_problem
from authgate_testing.databases import on_sqlite
from authgate_testing.kept_mails import link_in_mail
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.tenants import choose

ADA = "ada@acme.example"
NEW_PASSWORD = "a-password-of-adas-own"


@pytest.fixture
async def program(server: RunningServer, acme: Tenant) -> ApiClient:
    """A program that may invite whomever an administrator may."""
    scopes = (f"authgate:{each}" for each in ("users:read", "users:write", "roles:write"))
    return await api_client(server, acme, *scopes)


async def invite(program: ApiClient, email: str = ADA, role: str = "auditor") -> httpx2.Response:
    return await program.post("/invitations", {"email": email, "role": role})


async def people(tenant: Tenant) -> dict[str, UserRole]:
    with use_tenant(tenant):
        return {row.username: row.role for row in await UserRow.all()}


async def test_whoever_was_invited_begins_an_account_with_a_password_of_their_own(
    server: RunningServer, acme: Tenant, program: ApiClient, ledger: Ledger
) -> None:
    made = await invite(program)
    assert (made.status_code, made.json()["status"]) == (201, "pending"), made.text
    await choose(server, acme, password_min_length=17)
    ada = Person(server.browser())
    page = await ada.visit(await link_in_mail(server, acme))
    assert ADA in page.text
    assert 'minlength="17"' in page.text
    page = await ada.submit({"name": "Ada", "password": "too short"}, to="/invitation")
    assert (page.status_code, "at least 17 characters" in page.text) == (400, True)
    assert ADA not in await people(acme)
    page = await ada.submit({"name": "Ada", "password": NEW_PASSWORD}, to="/invitation")
    assert page.url.path.endswith("/login")
    assert (await people(acme))[ADA] is UserRole.AUDITOR
    page = await ada.sign_in(acme.issuer, ADA, NEW_PASSWORD)
    assert page.url.path.endswith("/account/sessions")
    [accepted] = await ledger.events(acme, Event.USER_INVITATION_ACCEPTED)
    assert accepted.details["role"] == "auditor"
    [told] = (await program.get("/invitations")).json()["items"]
    assert (told["status"], told["user_id"]) == ("accepted", accepted.actor_id)


async def test_of_those_who_follow_one_link_at_once_one_gets_in(
    server: RunningServer, acme: Tenant, program: ApiClient
) -> None:
    await invite(program)
    link = await link_in_mail(server, acme)
    guests = [Person(server.browser()) for _ in range(3)]
    for guest in guests:
        await guest.visit(link)
    forms = ({"name": f"Ada {n}", "password": NEW_PASSWORD} for n in range(3))
    await asyncio.gather(
        *(guest.submit(form, to="/invitation") for guest, form in zip(guests, forms, strict=True))
    )
    with use_tenant(acme):
        assert await UserRow.filter(canonical_email=ADA).count() == 1


@on_sqlite
async def test_who_has_the_address_joins_with_the_account_and_loses_nothing(
    server: RunningServer, acme: Tenant, program: ApiClient, person: Person, alice: User
) -> None:
    await invite(program, "alice@acme.example")
    link = await link_in_mail(server, acme)
    nobody = Person(server.browser())
    page = await nobody.visit(link)
    assert "There is an account with this address." in page.text
    page = await person.visit(link)
    unasked = next(each.hidden for each in forms(page.text) if each.action.endswith("/join"))
    unasked.pop("csrf_token")
    page = await person.http.post(f"{acme.issuer}/invitation/join", data=unasked)
    assert page.status_code == 403, "another site sends this form"
    assert (await people(acme))["alice"] is UserRole.USER, "nobody joins by looking"
    await person.visit(link)
    page = await person.submit({}, to="/join")
    assert (await people(acme))["alice"] is UserRole.AUDITOR
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.OWNER)
    await invite(program, "alice@acme.example", "user")
    await person.visit(await link_in_mail(server, acme))
    await person.submit({}, to="/join")
    assert (await people(acme))["alice"] is UserRole.OWNER, "who may more keeps it"


@on_sqlite
async def test_who_had_no_way_in_is_what_they_were_invited_as_with_the_password_they_choose(
    server: RunningServer, acme: Tenant, program: ApiClient, alice: User, ledger: Ledger
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(password_hash=None, email_verified=False)
    await invite(program, "alice@acme.example")
    newcomer = Person(server.browser())
    await newcomer.visit(await link_in_mail(server, acme))
    page = await newcomer.submit({"name": "A\u200bl", "password": "another-horse-battery-staple"})
    assert (page.status_code, "no control or invisible" in page.text) == (400, True)
    await newcomer.submit({"name": "Al", "password": "another-horse-battery-staple"})
    assert (await people(acme))["alice"] is UserRole.AUDITOR
    [event] = await ledger.events(acme, Event.USER_ROLE_CHANGED)
    assert event.details == {"was": "user", "is": "auditor"}


@on_sqlite
async def test_ad_04_who_is_signed_in_as_somebody_else_gets_nothing_by_a_link_of_others(
    server: RunningServer, acme: Tenant, program: ApiClient, person: Person
) -> None:
    await invite(program, ADA, "admin")
    link = await link_in_mail(server, acme)
    page = await person.visit(link)
    assert "Somebody else was invited." in page.text
    typed = forms(page.text)[-1].hidden | {"token": str(httpx2.URL(link).params["token"])}
    page = await person.http.post(f"{acme.issuer}/invitation/join", data=typed)
    assert "Somebody else was invited." in page.text
    assert (await people(acme))["alice"] is UserRole.USER


@on_sqlite
async def test_ad_04_a_program_gives_no_role_by_a_link_that_it_could_not_give_by_hand(
    server: RunningServer, acme: Tenant, program: ApiClient
) -> None:
    assert is_problem(await invite(program, role="owner"), 403, "beyond-own-role")
    made = (await invite(program)).json()
    narrow = await api_client(server, acme, "authgate:users:write")
    for answer in (
        await invite(narrow),
        await narrow.post(f"/invitations/{made['id']}/resend"),
    ):
        assert is_problem(answer, 403, "insufficient-scope")
    assert (await invite(narrow, "bob@acme.example", "user")).status_code == 201


@on_sqlite
async def test_ad_04_an_administrator_who_was_invited_owns_nothing_although_nobody_does(
    server: RunningServer, acme: Tenant, program: ApiClient
) -> None:
    await invite(program, role="admin")
    ada = Person(server.browser())
    await ada.visit(await link_in_mail(server, acme))
    await ada.submit({"name": "Ada", "password": NEW_PASSWORD}, to="/invitation")
    assert await people(acme) == {ADA: UserRole.ADMIN}


@on_sqlite
async def test_lg_09_an_invitation_tells_nobody_whether_the_address_is_known(
    program: ApiClient, alice: User
) -> None:
    answers = [await invite(program, each) for each in ("alice@acme.example", ADA)]
    told = [{**each.json(), "id": "", "email": ""} for each in answers]
    for each in told:
        each.pop("created_at")
        each.pop("ends_at")
    assert answers[0].status_code == answers[1].status_code == 201
    assert told[0] == told[1]


@on_sqlite
async def test_pw_11_a_link_is_good_once_and_until_it_is_replaced_taken_back_or_old(
    server: RunningServer, acme: Tenant, program: ApiClient
) -> None:
    made = (await invite(program)).json()
    first = await link_in_mail(server, acme)
    for _ in range(2):
        assert (await server.http.get(first)).status_code == 200, "looking uses nothing up"
    assert (await program.post(f"/invitations/{made['id']}/resend")).status_code == 200
    second = await link_in_mail(server, acme)
    assert (await server.http.get(first)).status_code == 400
    assert (await server.http.get(second)).status_code == 200
    with use_tenant(acme):
        kept = await InvitationRow.get()
    assert str(httpx2.URL(second).params["token"]).encode() not in bytes(kept.token_hash)
    other = (await invite(program, "bob@acme.example")).json()
    third = await link_in_mail(server, acme)
    assert (await program.delete(f"/invitations/{other['id']}")).status_code == 204
    assert (await server.http.get(third)).status_code == 400
    assert is_problem(await program.delete(f"/invitations/{other['id']}"), 404, "not-found")
    server.clock.advance(7 * 86_400 + 1)
    assert (await server.http.get(second)).status_code == 400


@on_sqlite
async def test_ti_another_tenants_link_and_invitation_are_nothing_here(
    server: RunningServer, acme: Tenant, globex: Tenant, program: ApiClient
) -> None:
    made = (await invite(program)).json()
    link = await link_in_mail(server, acme)
    assert (await server.http.get(link.replace("/t/acme", "/t/globex"))).status_code == 400
    foreign = await api_client(server, globex, "authgate:users:read", "authgate:users:write")
    assert (await foreign.get("/invitations")).json()["items"] == []
    for answer in (
        await foreign.delete(f"/invitations/{made['id']}"),
        await foreign.post(f"/invitations/{made['id']}/resend"),
    ):
        assert is_problem(answer, 404, "not-found")


@on_sqlite
async def test_pw_07_09_what_is_no_address_is_refused_and_one_is_sent_three_mails(
    program: ApiClient,
) -> None:
    for wrong in ("a@b.example\r\nBcc: x@evil.example", "a@b.example, c@d.example", "nobody"):
        assert is_problem(await invite(program, wrong), 422, "invalid")
    for _ in range(3):
        assert (await invite(program)).status_code == 201
    assert is_problem(await invite(program), 409, "conflict")
    assert (await invite(program, "bob@acme.example")).status_code == 201


@on_sqlite
async def test_an_invitation_waits_until_the_plan_has_room_for_who_accepts_it(
    server: RunningServer, acme: Tenant, program: ApiClient
) -> None:
    await invite(program)
    link = await link_in_mail(server, acme)
    full, roomy = Plan("full", users=0), Plan("roomy", users=5)
    for plan in (full, roomy):
        await provisioning.put_plan(server.parts, plan)
    await provisioning.give_plan(server.parts, acme, full.name)
    ada = Person(server.browser())
    await ada.visit(link)
    page = await ada.submit({"name": "Ada", "password": NEW_PASSWORD}, to="/invitation")
    assert (page.status_code, ADA in await people(acme)) == (403, False)
    [told] = (await program.get("/invitations")).json()["items"]
    assert told["status"] == "pending", "nobody came"
    await provisioning.give_plan(server.parts, acme, roomy.name)
    await ada.visit(link)
    page = await ada.submit({"name": "Ada", "password": NEW_PASSWORD}, to="/invitation")
    assert page.url.path.endswith("/login")
    assert ADA in await people(acme)


@on_sqlite
async def test_nobody_is_invited_to_a_password_where_none_is_asked_for(
    server: RunningServer, acme: Tenant, program: ApiClient
) -> None:
    await invite(program)
    link = await link_in_mail(server, acme)
    with use_tenant(acme):
        await ConnectionRow.create(
            slug="hub", connector="github", label="Hub", config={}, sealed_secrets=b"x"
        )
    only = {"enabled_plugins": ("github",), "password_sign_in": False}
    await provisioning.change_tenant(server.parts, acme, change=lambda it: it.changed(only))
    refused = await invite(program, "bob@acme.example")
    assert (refused.status_code, "with a password" in refused.text) == (422, True), refused.text
    ada = Person(server.browser())
    assert (await ada.visit(link)).status_code == 400
    assert 'type="password"' not in (await ada.visit(link)).text


@on_sqlite
@pytest.mark.usefixtures("limits_stand_still")
async def test_who_guesses_links_of_invitations_has_to_wait(
    server: RunningServer, acme: Tenant
) -> None:
    page = f"{acme.issuer}/invitation"
    for _ in range(Limit.parse(server.parts.settings.limits.invitation_per_ip).burst):
        assert (await server.http.get(page, params={"token": "guessed"})).status_code == 400
    refused = await server.http.get(page, params={"token": "guessed"})
    assert (refused.status_code, int(refused.headers["retry-after"]) > 0) == (429, True)
