"""``/account/password``: choosing another password."""

import pytest

from authgate import provisioning
from authgate.audit import Event
from authgate.provisioning import users as accounts
from authgate.storage.mail.mails import Mail
from authgate.storage.people.users import User, UserRow
from authgate.storage.sign_in import login_failures
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

PASSWORD = "correct-horse-battery-staple"
OTHER = "several words of another kind"


async def change(person: Person, tenant: Tenant, current: str, **more: str) -> tuple[int, str]:
    await person.visit(f"{tenant.issuer}/account/password")
    page = await person.submit({"current": current, "password": OTHER, **more}, to="/password")
    return page.status_code, page.text


async def is_signed_in(person: Person, tenant: Tenant) -> bool:
    page = await person.visit(f"{tenant.issuer}/account/sessions")
    return page.url.path.endswith("/account/sessions")


async def test_who_changes_their_password_stays_here_and_is_signed_out_everywhere_else(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    person: Person,
    console: Application,
    ledger: Ledger,
) -> None:
    granted = await console.signed_in(person, scope="openid offline_access")
    elsewhere = Person(server.browser())
    await elsewhere.sign_in(acme.issuer, "alice", PASSWORD)
    key = person.http.cookies["authgate_session"]
    status, text = await change(person, acme, PASSWORD)
    assert (status, "Your password is changed." in text) == (200, True)
    assert person.http.cookies["authgate_session"] != key, "a thief of the cookie is out as well"
    assert await is_signed_in(person, acme)
    assert not await is_signed_in(elsewhere, acme)
    assert (await console.refresh(granted["refresh_token"])).status_code == 400
    [event] = await ledger.events(acme, Event.USER_PASSWORD_CHANGED)
    assert (event.success, event.details) == (True, {"sessions": 1})
    with use_tenant(acme):
        assert [each.recipient for each in await Mail.all()] == ["alice@acme.example"]
    await elsewhere.sign_in(acme.issuer, "alice", OTHER)
    assert await is_signed_in(elsewhere, acme)


@on_sqlite
async def test_who_does_not_tick_it_stays_signed_in_elsewhere_unless_the_tenant_wants_it(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    elsewhere = Person(server.browser())
    await elsewhere.sign_in(acme.issuer, "alice", PASSWORD)
    await change(person, acme, PASSWORD, sign_out_others="0")
    assert await is_signed_in(elsewhere, acme)
    await provisioning.change_tenant(
        server.parts,
        acme,
        change=lambda before: before.changed({"password_change_signs_out": True}),
    )
    await person.visit(f"{acme.issuer}/account/password")
    await person.submit({"current": OTHER, "password": PASSWORD}, to="/password")
    assert not await is_signed_in(elsewhere, acme)


@on_sqlite
async def test_lg_01_who_does_not_know_the_password_does_not_change_it_and_is_counted(
    server: RunningServer, acme: Tenant, alice: User, person: Person, ledger: Ledger
) -> None:
    told = [await change(person, acme, "wrong-horse-battery-staple") for _ in range(6)]
    assert [status for status, _ in told] == [400] * 5 + [429]
    assert "This is not your password." in told[0][1]
    assert (await change(person, acme, PASSWORD))[0] == 429
    events = await ledger.events(acme, Event.USER_PASSWORD_CHANGED)
    assert [each.success for each in events] == [False] * 5
    with use_tenant(acme):
        assert (await UserRow.get(id=alice.id)).password_hash == alice.password_hash
    # And strangers' guesses at the door are counted elsewhere.
    server.clock.advance(61)
    assert (await change(person, acme, PASSWORD))[0] == 200


@on_sqlite
@pytest.mark.usefixtures("looked_at_as_ever")
async def test_another_password_is_another_one_and_long_enough_and_not_easily_guessed(
    acme: Tenant, alice: User, person: Person
) -> None:
    for chosen, told in (
        (PASSWORD, "This is the password that you have."),
        ("brief-one", "at least 15"),
        ("alice-liddell-acme", "easily guessed"),
    ):
        status, text = await change(person, acme, PASSWORD, password=chosen)
        assert (status, told in text) == (400, True), text


@on_sqlite
async def test_who_signs_in_with_a_new_browser_is_written_to(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    async def told() -> list[str]:
        with use_tenant(acme):
            return [each.recipient for each in await Mail.all()]

    server.clock.advance(3_601)
    await person.sign_in(acme.issuer, "alice", PASSWORD)
    assert await told() == [], "this one is known"
    await Person(server.browser()).sign_in(acme.issuer, "alice", PASSWORD)
    assert await told() == ["alice@acme.example"]
    await provisioning.change_tenant(
        server.parts, acme, change=lambda before: before.changed({"new_sign_in_mail": False})
    )
    await Person(server.browser()).sign_in(acme.issuer, "alice", PASSWORD)
    assert len(await told()) == 1


@on_sqlite
async def test_lg_01_who_guesses_at_somebody_elses_browser_closes_nothing_for_good(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    async def guess() -> int:
        await person.sign_in(acme.issuer, "alice", PASSWORD)
        return (await change(person, acme, "a wrong one"))[0]

    with use_tenant(acme):
        for _ in range(49):
            await login_failures.count_attempt(accounts.own_change(alice), now=server.clock())
            server.clock.advance(16 * 60)
    assert [await guess(), await guess()] == [400, 429]
    server.clock.advance(86_401)
    assert [await guess(), await guess()] == [400, 429]
    with use_tenant(acme):
        await accounts.open_account(alice)
    assert await guess() == 400
