"""Second factors: codes of an authenticator app (RFC 6238), and recovery codes in their stead."""

import asyncio
from contextvars import copy_context
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from authgate.accounts import second_factors, totp
from authgate.accounts.second_factors import SecondFactors
from authgate.audit import Event
from authgate.clock import utc_now
from authgate.provisioning import people
from authgate.storage import transaction
from authgate.storage.mail.mails import Mail
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.sign_in import passkeys
from authgate.storage.sign_in import recovery_codes as stored_codes
from authgate.vocabulary import MailPurpose
from authgate_tenants import Tenant, use_tenant
from authgate_testing.authenticator import (
    Authenticator,
    enrolled,
    is_asked,
    let_in,
    recovery_codes,
    show,
)
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import PASSWORD, Person, forms
from authgate_testing.server import RunningServer
from authgate_testing.soft_passkey import SoftPasskey
from authgate_testing.tenants import choose

HOME = "/account/sessions"


async def is_signed_in(person: Person, tenant: Tenant) -> bool:
    page = await person.visit(f"{tenant.issuer}{HOME}")
    return page.url.path.endswith(HOME)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_standard(at: int, code: str) -> None:
    assert totp.value(b"12345678901234567890", at, digits=8) == code  # RFC 6238 appendix B


def test_the_code_before_and_the_next_are_good_and_no_others() -> None:
    secret, now = totp.new_secret(), utc_now()
    good = [
        totp.step(secret, totp.value(secret, now.timestamp() + 30 * away), now=now) is not None
        for away in (-2, -1, 0, 1, 2)
    ]
    assert good == [False, True, True, True, False]
    assert totp.step(secret, "\uff11\uff12\uff13\uff14\uff15\uff16", now=now) is None


async def test_somebody_sets_up_an_app_and_shows_its_code_from_then_on(
    server: RunningServer, acme: Tenant, alice: User, person: Person, ledger: Ledger
) -> None:
    page = await person.visit(f"{acme.issuer}/account/security")
    page = await person.visit(
        f"{acme.issuer}/second-factor/set-up?return_to={acme.prefix}/account/security"
    )
    app = Authenticator.scanned(server, page.text)
    assert '<svg class="qr"' in page.text
    page = await person.submit({"code": "000000"}, to="/set-up")
    assert page.status_code == 400
    assert Authenticator.scanned(server, page.text).secret == app.secret, "it goes on with the same"
    code = app.code
    page = await person.submit({"code": f" {code[:3]} {code[3:]} "}, to="/set-up")
    codes = recovery_codes(page.text)
    assert len(set(codes)) == 10
    page = await person.visit(f"{acme.issuer}/account/security")
    assert "10 are left." in page.text
    assert codes[0] not in page.text

    other = Person(server.browser())
    await other.sign_in(acme.issuer, "alice")
    assert is_asked(other)
    assert await show(other, code) == 400, "what has set it up is used"
    assert await show(other, app.next_code) == 200
    assert other.page is not None
    assert other.page.url.path.endswith(HOME)
    events = [each.event_type for each in await ledger.events(acme)]
    assert events.count(Event.SECOND_FACTOR_ENROLLED) == 1
    [failed] = await ledger.events(acme, Event.AUTHENTICATION_FAILURE)
    assert failed.details == {"method": "second_factor", "reason": "mismatch"}
    mails = (await server.http.get(f"{acme.issuer}/mails")).text
    assert "An authenticator app was set up for your account." in mails


@on_sqlite
async def test_lg_14_whoever_has_shown_one_factor_only_gets_nowhere(
    server: RunningServer, acme: Tenant, globex: Tenant, alice: User, ledger: Ledger
) -> None:
    await enrolled(server, acme, alice)
    with use_tenant(globex):
        await users.create(username="alice", password_hash=alice.password_hash)
    half = Person(server.browser())
    async with ledger.nothing_granted(acme):
        await half.sign_in(acme.issuer, "alice")
        assert is_asked(half)
        for path in (HOME, "/account/security", "/account/apps", "/admin", "/device"):
            page = await half.visit(f"{acme.issuer}{path}")
            assert page.url.path.endswith("/login"), path
        # Nor may the password alone put another app in the place of the one that there is.
        page = await half.visit(f"{acme.issuer}/second-factor/set-up")
        assert is_asked(half)
        token = forms(page.text)[0].hidden["csrf_token"]
        forced = await half.http.post(
            f"{acme.issuer}/second-factor/set-up",
            data={"csrf_token": token, "code": "000000", "enrolment": "x"},
        )
        assert forced.headers["location"].endswith("/second-factor")
    # What opens the page here opens none at another tenant.
    cookie = half.http.cookies["authgate_half"]
    there = Person(server.browser())
    there.http.cookies.set("authgate_half", cookie, domain="localhost.local", path=globex.prefix)
    page = await there.visit(f"{globex.issuer}/second-factor")
    assert page.url.path == f"{globex.prefix}/login"


@on_sqlite
async def test_a_password_that_was_changed_meanwhile_is_no_first_factor(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    app, _ = await enrolled(server, acme, alice)
    half = Person(server.browser())
    await half.sign_in(acme.issuer, "alice")
    with use_tenant(acme):
        await users.set_password_hash(alice.id, "another")
    page = await half.submit({"code": app.code}, to="/second-factor")
    assert page.url.path.endswith("/login")


async def test_lg_13_a_code_is_good_once_however_many_bring_it_at_once(
    server: RunningServer, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    app, _ = await enrolled(server, acme, alice)
    halves = [Person(server.browser()) for _ in range(4)]
    for half in halves:
        await half.sign_in(acme.issuer, "alice")
    code = app.code
    await asyncio.gather(*(show(each, code) for each in halves))
    assert [await is_signed_in(each, acme) for each in halves].count(True) == 1
    assert (await ledger.granted(acme))["acme", "browser_sessions"] == 1


@on_sqlite
async def test_lg_13_guesses_are_paused_and_the_right_password_forgives_none(
    server: RunningServer, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    app, _ = await enrolled(server, acme, alice)

    async def guess(number: int) -> int:
        # Each with the password, and from somewhere else.
        half = Person(server.from_address(f"198.51.100.{number}"))
        await half.sign_in(acme.issuer, "alice")
        return await show(half, "000000")

    assert [await guess(number) for number in range(7)] == [400] * 5 + [429] * 2
    late = Person(server.from_address("203.0.113.1"))
    await late.sign_in(acme.issuer, "alice")
    assert await show(late, app.code) == 429, "the right one is not looked at either"
    assert late.page is not None
    assert int(late.page.headers["retry-after"]) >= 1
    [alarm] = await ledger.events(acme, Event.ACCOUNT_LOCKED)
    assert alarm.actor_id == str(alice.id)
    server.clock.advance(61)
    assert await show(late, app.code) == 200
    assert await is_signed_in(late, acme)


@on_sqlite
async def test_lg_13_however_many_guesses_there_were_nobody_is_locked_out_for_ever(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    app, _ = await enrolled(server, acme, alice)
    moment, heard = utc_now(), 0
    with use_tenant(acme):
        counted = second_factors.account(alice)
        for _ in range(200):
            heard += await second_factors.count_attempt(counted, now=moment) is not None
            moment += timedelta(minutes=16)
    assert heard < 55, "one a day from the fiftieth on"
    server.clock.advance(10 * 86_400)
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "alice")
    assert await show(person, app.code) == 200


async def test_lg_15_a_recovery_code_signs_in_once(
    server: RunningServer, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    _, codes = await enrolled(server, acme, alice)
    halves = [Person(server.browser()) for _ in range(4)]
    for half in halves:
        await half.sign_in(acme.issuer, "alice")
    typed = codes[3].upper().replace("-", " ")
    await asyncio.gather(*(show(each, typed) for each in halves))
    assert [await is_signed_in(each, acme) for each in halves].count(True) == 1
    with use_tenant(acme):
        assert await stored_codes.left(alice.id) == 9
    used = [
        each.details["method"] for each in await ledger.events(acme, Event.AUTHENTICATION_SUCCESS)
    ]
    assert used == ["recovery_code"]
    mails = (await server.http.get(f"{acme.issuer}/mails")).text
    assert "A recovery code was used" in mails


@on_sqlite
async def test_new_recovery_codes_void_the_former_and_removal_voids_all(
    server: RunningServer, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    app, codes = await enrolled(server, acme, alice)
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "alice")
    await show(person, app.code)
    await person.visit(f"{acme.issuer}/account/security")
    page = await person.submit({}, to="/recovery-codes")
    fresh = recovery_codes(page.text)
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)
    other = Person(server.browser())
    await other.sign_in(acme.issuer, "alice")
    assert await show(other, codes[0]) == 400
    assert await show(other, fresh[0]) == 200
    await person.visit(f"{acme.issuer}/account/security")
    page = await person.submit({}, to="/authenticator/remove")
    assert page.url.query == b"done=removed"
    third = Person(server.browser())
    await third.sign_in(acme.issuer, "alice")
    assert await is_signed_in(third, acme)
    assert len(await ledger.events(acme, Event.SECOND_FACTOR_REMOVED)) == 1


@on_sqlite
async def test_a_remembered_browser_is_asked_for_no_code_until_it_is_forgotten(
    server: RunningServer, acme: Tenant, alice: User, carol: User
) -> None:
    await enrolled(server, acme, carol)
    person = await let_in(server, acme, alice, remember_device="1")
    assert not await is_asked_again(person, acme)
    # What changes the factors still asks for one.
    await person.visit(f"{acme.issuer}/account/security")
    assert person.page is not None
    assert "Remembered browsers" in person.page.text
    await person.submit({}, to="/authenticator/remove")
    assert is_asked(person)
    assert await is_asked_again(person, acme, "carol"), "of somebody else nothing is remembered"
    assert not await is_asked_again(person, acme)
    await person.visit(f"{acme.issuer}/account/security")
    await person.submit({}, to="/devices/forget")
    assert await is_asked_again(person, acme)


@on_sqlite
async def test_a_browser_is_remembered_no_longer_than_its_time_and_its_password(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    app, _ = await enrolled(server, acme, alice)
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "alice")
    await show(person, app.code, remember_device="1")
    await other_password(acme, alice)
    assert await is_asked_again(person, acme)
    await show(person, app.next_code, remember_device="1")
    server.clock.advance(29 * 86_400)
    assert not await is_asked_again(person, acme)
    server.clock.advance(2 * 86_400)
    assert await is_asked_again(person, acme)


async def is_asked_again(person: Person, tenant: Tenant, name: str = "alice") -> bool:
    """Whether a code is asked for where somebody signs out and in once more."""
    page = await person.visit(f"{tenant.issuer}{HOME}")
    if page.url.path.endswith(HOME):
        await person.submit({}, to="/logout")
    await person.sign_in(tenant.issuer, name)
    return is_asked(person)


async def other_password(tenant: Tenant, user: User) -> None:
    """Another hash of the same one: what is stored tells nobody that it is."""
    other = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with use_tenant(tenant):
        await users.set_password_hash(user.id, other)


@on_sqlite
async def test_another_password_makes_an_old_sign_in_no_recent_one(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    person = await let_in(server, acme, alice)
    server.clock.advance(16 * 60)
    await person.visit(f"{acme.issuer}/account/password")
    key = person.http.cookies["authgate_session"]
    chosen = {"current": PASSWORD, "password": "several words of another kind"}
    page = await person.submit(chosen, to="/password")
    assert page.url.query == b"done=changed"
    assert person.http.cookies["authgate_session"] != key
    await person.visit(f"{acme.issuer}/account/security")
    page = await person.submit({}, to="/recovery-codes")
    assert page.url.path.endswith("/login"), "the password alone is not both factors"


@on_sqlite
async def test_who_shows_a_second_factor_in_a_new_browser_is_written_to_once(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    app, _ = await enrolled(server, acme, alice)
    server.clock.advance(3_601)
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "alice")
    assert await notices(acme) == 0, "the password alone is no sign-in"
    await show(person, app.code)
    assert await notices(acme) == 1
    await is_asked_again(person, acme)
    await show(person, app.next_code)
    assert await notices(acme) == 1
    await choose(server, acme, second_factor="required")
    with use_tenant(acme):
        async with transaction():
            await SecondFactors(server.parts.encryption).remove(alice)
    other = Person(server.browser())
    await other.sign_in(acme.issuer, "alice")
    assert other.page is not None
    app = Authenticator.scanned(server, other.page.text)
    await other.submit({"code": app.code}, to="/set-up")
    assert await notices(acme) == 2, "and who sets one up"


async def notices(tenant: Tenant) -> int:
    """How many mails tell of something new."""
    with use_tenant(tenant):
        return await Mail.filter(purpose=MailPurpose.NOTICE).count()


@on_sqlite
async def test_who_was_asked_for_a_factor_sets_up_none_once_it_was_taken_from_them(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    await enrolled(server, acme, alice)
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "alice")
    assert is_asked(person)
    with use_tenant(acme):
        async with transaction():
            await SecondFactors(server.parts.encryption).remove(alice)
    for path in ("/second-factor", "/second-factor/set-up"):
        page = await person.visit(f"{acme.issuer}{path}")
        assert page.url.path.endswith("/login"), path


@on_sqlite
async def test_who_is_signed_out_everywhere_is_remembered_nowhere(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    person = await let_in(server, acme, alice, remember_device="1")
    assert not await is_asked_again(person, acme)
    with use_tenant(acme):
        await people.sign_out_person(alice.id, now=server.clock())
    assert await is_asked_again(person, acme)


@on_postgres
async def test_of_two_last_factors_that_go_at_once_one_stays(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    person, device = await let_in(server, acme, alice), SoftPasskey("http://localhost:8080")
    await choose(server, acme, second_factor="required")
    page = await person.visit(f"{acme.issuer}/account/security")
    sent = {"csrf_token": forms(page.text)[0].hidden["csrf_token"]}
    passkeys_here = f"{acme.issuer}/account/security/passkeys"
    asked = await person.http.post(f"{passkeys_here}/options", data=sent)
    made = sent | {"credential": device.created(asked.json()), "name": "Key"}
    await person.http.post(passkeys_here, data=made)
    page = await person.visit(f"{acme.issuer}/account/security")
    outside = copy_context()
    with use_tenant(acme):
        async with transaction():
            await users.held(alice.id)
            assert await passkeys.remove_all(alice.id) == 1
            removing = asyncio.create_task(
                person.submit({}, to="/authenticator/remove"), context=outside
            )
            await asyncio.wait({removing}, timeout=0.3)
    assert (await removing).status_code == 409


@on_sqlite
async def test_what_changes_how_somebody_signs_in_asks_for_the_factor_that_they_have(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    person = await let_in(server, acme, alice, remember_device="1")
    assert not await is_asked_again(person, acme)
    page = await person.visit(f"{acme.issuer}/account/security")
    sent = {"csrf_token": forms(page.text)[0].hidden["csrf_token"]}
    for path in ("password", "profile/address", "identities/unlink", "identities/link"):
        answer = await person.http.post(f"{acme.issuer}/account/{path}", data=sent)
        assert "/second-factor?" in answer.headers.get("location", ""), path
