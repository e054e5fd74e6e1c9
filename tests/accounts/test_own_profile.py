"""``/account/profile`` and ``/account/address``: names and addresses as people change them."""

from authgate import provisioning
from authgate.audit import Event
from authgate.mail.post import opened
from authgate.storage.mail.mails import Mail
from authgate.storage.people import users
from authgate.storage.people.mailed_links import MailedLinkRow
from authgate.storage.people.users import User, UserRow
from authgate.vocabulary import MailStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.kept_mails import link_in_mail
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"
NEW = "alice@new.example"


async def ask(person: Person, tenant: Tenant, email: str) -> tuple[int, str]:
    await person.visit(f"{tenant.issuer}/account/profile")
    page = await person.submit({"email": email}, to="/profile/address")
    return page.status_code, page.text


async def follow(person: Person, link: str) -> str:
    page = await person.visit(link)
    if "token" in page.text and page.status_code == 200:
        page = await person.submit({}, to=link.partition("?")[0].partition("/t/acme")[2])
    return page.text


async def row(tenant: Tenant, user: User) -> UserRow:
    with use_tenant(tenant):
        return await UserRow.get(id=user.id)


async def recipients(tenant: Tenant) -> list[str]:
    with use_tenant(tenant):
        sent = Mail.exclude(status=MailStatus.WITHHELD).order_by("id")
        return [each.recipient for each in await sent]


@on_sqlite
async def test_people_are_called_what_they_say(
    acme: Tenant, alice: User, person: Person, ledger: Ledger
) -> None:
    await person.visit(f"{acme.issuer}/account/profile")
    page = await person.submit({"name": "  Alice   Pleasance "}, to="/profile")
    assert "Your name is changed." in page.text
    assert (await row(acme, alice)).name == "Alice Pleasance"
    [event] = await ledger.events(acme, Event.USER_UPDATED)
    assert event.details == {"was": {"name": "Alice Liddell"}, "is": {"name": "Alice Pleasance"}}
    page = await person.submit({"name": "Alice\u202e"}, to="/profile")
    assert page.status_code == 400


async def test_pw_10_another_address_counts_once_it_is_proven_and_the_former_one_has_it_back(
    server: RunningServer, acme: Tenant, alice: User, person: Person, ledger: Ledger
) -> None:
    status, text = await ask(person, acme, NEW)
    assert (status, "Look into your mail" in text) == (200, True)
    assert (await row(acme, alice)).email == alice.email, "nothing is so before it is proven"
    link = await link_in_mail(server, acme)
    nobody = Person(server.browser())
    assert (await nobody.visit(link)).url.path.endswith("/login"), "the link alone is not enough"
    assert "becomes the address of" in (await person.visit(link)).text
    assert "The address is proven" in await follow(person, link)
    changed = await row(acme, alice)
    assert (changed.email, changed.email_verified) == (NEW, True)
    assert await recipients(acme) == [NEW, "alice@acme.example", NEW], "both are told"
    assert "no longer good" in await follow(person, link)
    [event] = await ledger.events(acme, Event.USER_EMAIL_CHANGED)
    was = {"email": alice.email, "email_verified": True}
    assert event.details == {"was": was, "is": {"email": NEW}}

    # Whoever reads the former address has it back for a week, without any session.
    with use_tenant(acme):
        [told] = await Mail.filter(recipient="alice@acme.example")
        cipher = await server.parts.encryption.cipher(acme.id)
    undo = next(each for each in opened(cipher, told)[0].text.split() if "/undo?" in each)
    # The thief goes on meanwhile, to an address from which nothing is had back afterwards.
    await ask(person, acme, "thief@new.example")
    await follow(person, await link_in_mail(server, acme))
    server.clock.advance(6 * 86_400)
    assert "You have your address back" in await follow(nobody, undo)
    back = await row(acme, alice)
    assert (back.email, back.email_verified) == (alice.email, True)
    page = await person.visit(f"{acme.issuer}/account/profile")
    assert page.url.path.endswith("/login"), "signed out everywhere"
    assert "no longer good" in await follow(nobody, undo)
    with use_tenant(acme):
        assert await MailedLinkRow.all().count() == 0, "nor is one of the thief's left"


@on_sqlite
async def test_pw_10_another_address_asks_for_a_recent_sign_in(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    await person.visit(f"{acme.issuer}/account/profile")
    server.clock.advance(16 * 60)
    page = await person.submit({"email": NEW}, to="/profile/address")
    assert page.url.path.endswith("/login")
    assert await recipients(acme) == []


@on_sqlite
async def test_an_address_is_proven_for_the_account_that_asked_and_no_other(
    server: RunningServer, acme: Tenant, person: Person, colleague: Person, carol: User
) -> None:
    await ask(person, acme, "carol@new.example")
    link = await link_in_mail(server, acme)
    page = await colleague.visit(link)
    assert (page.status_code, "for another account" in page.text) == (403, True)
    assert (await row(acme, carol)).email == "carol@acme.example"


@on_sqlite
async def test_lg_09_pw_12_nobody_learns_whose_an_address_is_by_asking_for_it(
    server: RunningServer, acme: Tenant, alice: User, carol: User, person: Person
) -> None:
    told = [await ask(person, acme, each) for each in (NEW, "Carol@ACME.example", "carol@x.test")]
    assert [status for status, _ in told] == [200] * 3
    assert await recipients(acme) == [NEW, "carol@x.test"], "carol is not written to"
    for wrong in (
        "alice@new.example\r\nBcc: x@evil.test",
        "no address",
        "a@b",
        "x" * 99 + "@y.test",
    ):
        assert (await ask(person, acme, wrong))[0] == 400, wrong


@on_sqlite
async def test_who_signs_in_by_an_address_does_so_by_the_new_one(
    server: RunningServer, acme: Tenant, password_hash: str
) -> None:
    with use_tenant(acme):
        ada = await users.create(
            username="ada@acme.example", email="ada@acme.example", password_hash=password_hash
        )
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "ada@acme.example", PASSWORD)
    await person.visit(f"{acme.issuer}/account/profile")
    assert "Not proven" in (await person.submit({}, to="/profile/verify")).text
    await follow(person, await link_in_mail(server, acme))
    assert (await row(acme, ada)).email_verified
    await ask(person, acme, "ada@new.example")
    await follow(person, await link_in_mail(server, acme))
    changed = await row(acme, ada)
    assert (changed.username, changed.canonical_username) == ("ada@new.example",) * 2
    page = await Person(server.browser()).sign_in(acme.issuer, "ada@new.example", PASSWORD)
    assert page.url.path.endswith("/account/sessions")


@on_sqlite
async def test_where_the_organisation_says_who_people_are_they_say_nothing(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    page = await person.visit(f"{acme.issuer}/account/profile")
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(external_id="from-the-directory")
    assert (await person.submit({"name": "Mallory"}, to="/profile")).status_code == 403
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(external_id=None)
    await provisioning.change_tenant(
        server.parts, acme, change=lambda before: before.changed({"own_profile": False})
    )
    person.page = page
    assert (await person.submit({"email": NEW}, to="/profile/address")).status_code == 403
    page = await person.visit(f"{acme.issuer}/account/profile")
    assert 'name="email"' not in page.text
