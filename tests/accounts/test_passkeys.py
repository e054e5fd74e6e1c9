"""Passkeys (WebAuthn): as a second factor, and as a way in without a name and a password."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import jwt
import pytest

from authgate.accounts.passkey_ceremonies import LIFETIME
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.storage.mail.mails import Mail
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.sign_in import passkeys, totp_secrets
from authgate.storage.sign_in.passkeys import PasskeyRow
from authgate.vocabulary import MailPurpose
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.authenticator import enrolled, is_asked, recovery_codes
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.passkeys import ORIGIN, added, options
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.soft_passkey import SoftPasskey
from authgate_testing.tenants import choose

HOME = "/account/sessions"


async def by_passkey(person: Person, tenant: Tenant, device: SoftPasskey) -> bool:
    """Whether somebody gets in with this passkey alone."""
    page = await person.visit(f"{tenant.issuer}/login")
    # Where nobody has a passkey no form asks for one, and what it sends is heard all the same.
    sent = {"csrf_token": forms(page.text)[0].hidden["csrf_token"]}
    asked = await person.http.post(f"{tenant.issuer}/passkey/options", data=sent)
    signed = sent | {"credential": device.signed(asked.json())}
    page = await person.http.post(f"{tenant.issuer}/passkey", data=signed, follow_redirects=True)
    return page.url.path.endswith(HOME)


async def limited(server: RunningServer, tenant: Tenant, rate: str) -> None:
    await choose(server, tenant, login_limits={"login_per_ip": rate})


async def test_somebody_adds_a_passkey_and_signs_in_with_it_alone(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    person: Person,
    console: Application,
    ledger: Ledger,
) -> None:
    device = SoftPasskey(ORIGIN)
    page = await added(person, acme, device, "My <b>telephone</b>")
    assert len(recovery_codes(page)) == 10
    page = (await person.visit(f"{acme.issuer}/account/security")).text
    assert "My &lt;b&gt;telephone&lt;/b&gt;" in page
    other = Person(server.browser())
    assert await by_passkey(other, acme, device)
    said = jwt.decode(
        (await console.signed_in(other))["id_token"], options={"verify_signature": False}
    )
    assert (said["amr"], said["acr"]) == (["hwk", "user", "mfa"], "2")
    [event] = [
        each
        for each in await ledger.events(acme, Event.AUTHENTICATION_SUCCESS)
        if each.details["method"] == "passkey"
    ]
    assert event.actor_id == str(alice.id)
    await other.visit(f"{acme.issuer}/account/security")
    await other.submit({}, to="/passkeys/remove")
    assert not await by_passkey(Person(server.browser()), acme, device)


@on_sqlite
async def test_who_signs_in_by_a_passkey_in_a_new_browser_is_written_to_once(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    device = SoftPasskey(ORIGIN)
    await added(person, acme, device)
    server.clock.advance(3_601)
    newer = Person(server.browser())
    for _ in range(2):
        assert await by_passkey(newer, acme, device)
    with use_tenant(acme):
        assert await Mail.filter(purpose=MailPurpose.NOTICE).count() == 1, "once for each browser"


@on_sqlite
async def test_a_passkey_is_a_second_factor_too(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    device = SoftPasskey(ORIGIN)
    await added(person, acme, device)
    other = Person(server.browser())
    await other.sign_in(acme.issuer, "alice")
    assert is_asked(other)
    signed = replace(device, verifies=False).signed(await options(other, "/second-factor/passkey"))
    page = await other.submit({"credential": signed}, to="/second-factor/passkey")
    assert page.url.path.endswith(HOME)


@on_sqlite
async def test_what_becomes_of_codes_and_passkeys_is_told_as_it_is(
    acme: Tenant, alice: User, person: Person
) -> None:
    await added(person, acme, SoftPasskey(ORIGIN))
    page = await person.visit(f"{acme.issuer}/second-factor/set-up?return_to=/")
    assert "You get new recovery codes with it." in page.text
    assert "takes the place of the app" not in page.text
    with use_tenant(acme):
        await totp_secrets.replace(alice.id, b"sealed", step=1, now=utc_now())
    page = await person.visit(f"{acme.issuer}/account/security")
    assert "Your passkeys are your second factor then." in page.text
    with use_tenant(acme):
        await passkeys.remove_all(alice.id)
    page = await person.visit(f"{acme.issuer}/account/security")
    assert "Your password alone signs you in then." in page.text


@on_sqlite
async def test_a_passkey_of_a_host_that_the_tenant_has_left_is_offered_nowhere(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    await added(person, acme, SoftPasskey(ORIGIN))
    for host, offered in (("localhost", True), ("former.example", False)):
        with use_tenant(acme):
            await PasskeyRow.all().update(rp_id=host)
        other = Person(server.browser())
        page = await other.visit(f"{acme.issuer}/login")
        assert any(each.action.endswith("/passkey") for each in forms(page.text)) is offered
        page = await other.sign_in(acme.issuer, "alice")
        assert is_asked(other), "it is hers all the same"
        assert any(each.action.endswith("/passkey") for each in forms(page.text)) is offered


@on_sqlite
async def test_lg_16_a_passkey_is_the_second_factor_of_nobody_else(
    server: RunningServer, acme: Tenant, alice: User, carol: User, person: Person, colleague: Person
) -> None:
    carols = SoftPasskey(ORIGIN)
    await added(person, acme, SoftPasskey(ORIGIN))
    await added(colleague, acme, carols)
    browser = Person(server.browser())
    await browser.sign_in(acme.issuer, "carol")
    signed = carols.signed(await options(browser, "/second-factor/passkey"))
    await browser.sign_in(acme.issuer, "alice")
    assert is_asked(browser)
    page = await browser.submit({"credential": signed}, to="/second-factor/passkey")
    assert page.status_code == 400
    page = await browser.visit(f"{acme.issuer}{HOME}")
    assert page.url.path.endswith("/login")


@on_sqlite
async def test_lg_16_what_a_device_did_not_make_here_and_now_for_this_person_is_not_added(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    carol: User,
    person: Person,
    colleague: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known, device = SoftPasskey(ORIGIN), SoftPasskey(ORIGIN)

    async def asked(by: Person = person) -> dict[str, Any]:
        await by.visit(f"{acme.issuer}/account/security")
        return await options(by, "/passkeys")

    async def is_added(made: str, to: Person = person) -> bool:
        await to.visit(f"{acme.issuer}/account/security")
        page = await to.submit({"credential": made, "name": "Key"}, to="/passkeys")
        return "done=no-passkey" not in str(page.url)

    made = known.created(await asked())
    assert await is_added(made)
    await person.visit(f"{acme.issuer}/account/security")
    await person.submit({}, to="/passkeys/remove")
    assert not await is_added(made), "a challenge is good once"
    assert await is_added(known.created(await asked()))
    for liar in (
        replace(device, origin="https://evil.example"),
        replace(device, rp_id="evil.example"),
        replace(device, verifies=False),
        replace(device, credential_id=b"y" * 1024),
        known,
    ):
        assert not await is_added(liar.created(await asked())), liar
    for rubbish in ("", "{", "[" * 5_000, '{"id": 1}', "x" * 20_000):
        await asked()
        assert not await is_added(rubbish)
    made = device.created(await asked())
    server.clock.advance(LIFETIME.total_seconds() + 1)
    assert not await is_added(made), "its time is over"
    assert not await is_added(known.created(await asked(colleague)), colleague), "it is alice's"
    for_carol = device.created(await asked(colleague))
    lent(colleague, person, acme)
    assert not await is_added(for_carol), "another asked for it"
    half = Person(server.browser())
    await half.sign_in(acme.issuer, "alice")
    to_sign = await options(half, "/second-factor/passkey")
    lent(half, person, acme)
    assert not await is_added(device.created(to_sign | {"user": {"id": "AA"}})), "for another end"
    monkeypatch.setattr(passkeys, "MOST", 1)
    assert not await is_added(device.created(await asked())), "there are as many as one can have"
    monkeypatch.undo()
    assert await is_added(device.created(await asked()))


def lent(one: Person, other: Person, tenant: Tenant) -> None:
    """Have the one's challenge in the other's browser."""
    name = "authgate_passkey"
    value = dict(one.http.cookies)[name]
    other.http.cookies.set(name, value, domain="localhost.local", path=tenant.prefix)


@on_sqlite
async def test_lg_16_what_another_page_person_or_moment_has_signed_is_refused(
    server: RunningServer, acme: Tenant, alice: User, person: Person, ledger: Ledger
) -> None:
    await limited(server, acme, "99/min burst 99")
    device = SoftPasskey(ORIGIN)
    await added(person, acme, device)
    browser = Person(server.from_address("198.51.100.1"))

    async def tried(liar: SoftPasskey, **changed: str) -> bool:
        await browser.visit(f"{acme.issuer}/login")
        asked = await options(browser, "/passkey") | changed
        page = await browser.submit({"credential": liar.signed(asked)}, to="/passkey")
        return page.url.path.endswith(HOME)

    async with ledger.nothing_granted(acme):
        for liar in (
            replace(device, origin="https://evil.example"),
            replace(device, rp_id="evil.example"),
            replace(device, verifies=False),
            replace(device, user_handle=b"x" * 32),
            replace(device, key=SoftPasskey(ORIGIN).key),
            replace(device, credential_id=b"y" * 16),
        ):
            assert not await tried(liar)
        assert not await tried(device, challenge="A" * 43)
        page = await browser.visit(f"{acme.issuer}/login")
        for rubbish in ("", "{", "[" * 5_000, '{"id": 1}', "x" * 20_000):
            page = await browser.submit({"credential": rubbish}, to="/passkey")
            assert page.status_code == 200
    # Once, and in its time.
    await browser.visit(f"{acme.issuer}/login")
    asked = await options(browser, "/passkey")
    server.clock.advance(LIFETIME.total_seconds() + 1)
    page = await browser.submit({"credential": device.signed(asked)}, to="/passkey")
    assert not page.url.path.endswith(HOME)


@on_sqlite
async def test_lg_16_a_challenge_is_good_once_and_no_counter_goes_back(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    device = SoftPasskey(ORIGIN)
    await added(person, acme, device)
    first = Person(server.browser())
    page = await first.visit(f"{acme.issuer}/login")
    form = next(each for each in forms(page.text) if each.action.endswith("/passkey"))
    # A device that does not count: of such a one nothing but the challenge tells a second time.
    signed = replace(device, count=-1).signed(await options(first, "/passkey"))
    cookies = dict(first.http.cookies)
    body = form.hidden | {"credential": signed}
    again = Person(server.browser())
    for name, value in cookies.items():
        again.http.cookies.set(name, value, domain="localhost.local", path=acme.prefix)
    answers = [await each.http.post(f"{acme.issuer}/passkey", data=body) for each in (first, again)]
    assert ["problem=passkey" in each.headers["location"] for each in answers] == [False, True]
    assert await by_passkey(Person(server.browser()), acme, device)
    assert not await by_passkey(Person(server.browser()), acme, replace(device, count=0))
    assert await by_passkey(Person(server.browser()), acme, device)


@on_sqlite
async def test_lg_16_a_passkey_of_one_tenant_is_nothing_at_another_of_the_same_host(
    server: RunningServer, acme: Tenant, globex: Tenant, alice: User, person: Person
) -> None:
    device = SoftPasskey(ORIGIN)
    await added(person, acme, device)
    with use_tenant(globex):
        await users.create(username="alice", password_hash=alice.password_hash)
    there, other = Person(server.browser()), SoftPasskey(ORIGIN)
    assert not await by_passkey(there, globex, device)
    # The same person has another handle there.
    await there.sign_in(globex.issuer, "alice")
    await added(there, globex, other)
    assert other.user_handle != device.user_handle
    # Nor is what was signed for one tenant taken at the other.
    stranger, here = Person(server.browser()), Person(server.browser())
    await stranger.visit(f"{globex.issuer}/login")
    asked = await options(stranger, "/passkey")
    await here.visit(f"{acme.issuer}/login")
    await options(here, "/passkey")
    page = await here.submit({"credential": device.signed(asked)}, to="/passkey")
    assert not page.url.path.endswith(HOME)


@on_sqlite
async def test_the_last_factor_of_somebody_who_needs_one_stays(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    await added(person, acme, SoftPasskey(ORIGIN))
    await choose(server, acme, second_factor="required")
    await person.visit(f"{acme.issuer}/account/security")
    page = await person.submit({}, to="/passkeys/remove")
    assert page.status_code == 409
    assert "Passkey" in (await person.visit(f"{acme.issuer}/account/security")).text


@on_sqlite
async def test_lg_03_what_a_passkey_is_said_to_have_signed_is_slowed_down_by_address(
    server: RunningServer, acme: Tenant, ledger: Ledger
) -> None:
    await limited(server, acme, "3/min burst 3")
    person = Person(server.browser())
    page = await person.visit(f"{acme.issuer}/login")
    sent = {"csrf_token": forms(page.text)[0].hidden["csrf_token"], "credential": "{}"}
    told = [(await person.http.post(f"{acme.issuer}/passkey", data=sent)) for _ in range(5)]
    assert [each.status_code for each in told] == [303] * 3 + [429] * 2
    assert len(await ledger.events(acme, Event.AUTHENTICATION_FAILURE)) == 3


@on_sqlite
async def test_a_passkey_is_called_by_what_made_it_until_its_person_calls_it_otherwise(
    server: RunningServer, acme: Tenant, alice: User, person: Person, ledger: Ledger
) -> None:
    keychain = UUID("fbfc3007-154e-4ecc-8c0b-6e020557d7bd")
    await added(person, acme, SoftPasskey(ORIGIN, aaguid=keychain.bytes), "")
    page = (await person.visit(f"{acme.issuer}/account/security")).text
    assert "<bdi>iCloud Keychain</bdi>" in page
    page = (await person.submit({"name": " My\u202e  telephone "}, to="/passkeys/rename")).text
    assert ("<bdi>My telephone</bdi>" in page, "iCloud Keychain · " in page) == (True, True)
    await person.submit({"name": "  "}, to="/passkeys/rename")
    with use_tenant(acme):
        [known] = await passkeys.of(alice.id)
        other = await users.create(username="other")
        assert await passkeys.rename(known.id, "Theirs", user_id=other.id) is None
        [known] = await passkeys.of(alice.id)
    assert known.name == "My telephone"
    [event] = await ledger.events(acme, Event.PASSKEY_RENAMED)
    assert event.details == {"before": "iCloud Keychain", "after": "My telephone"}


async def test_who_has_to_have_a_second_factor_may_set_up_a_passkey_on_the_way_in(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    await choose(server, acme, second_factor="required")
    person, device = Person(server.browser()), SoftPasskey(ORIGIN)
    await person.sign_in(acme.issuer, "alice")
    forged = await person.submit({"credential": "{}"}, to="/set-up/passkey")
    assert forged.url.path.endswith("/second-factor/set-up"), "nobody is let on by nothing"
    made = device.created(await options(person, "/set-up/passkey"))
    page = await person.submit({"credential": made, "name": "Key"}, to="/set-up/passkey")
    assert len(recovery_codes(page.text)) == 10
    assert (await person.visit(f"{acme.issuer}{HOME}")).url.path.endswith(HOME)
    assert await by_passkey(Person(server.browser()), acme, device)


@on_sqlite
async def test_lg_14_who_has_shown_the_password_alone_adds_no_passkey_to_what_there_is(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    await choose(server, acme, second_factor="required")
    person, device = Person(server.browser()), SoftPasskey(ORIGIN)
    page = await person.sign_in(acme.issuer, "alice")
    made = device.created(await options(person, "/set-up/passkey"))
    await enrolled(server, acme, alice)
    sent = forms(page.text)[0].hidden | {"credential": made}
    there = f"{acme.issuer}/second-factor/set-up/passkey"
    for path in (there, f"{there}/options"):
        refused = await person.http.post(path, data=sent)
        assert refused.headers["location"].endswith("/second-factor"), path
    with use_tenant(acme):
        assert await passkeys.of(alice.id) == []
