"""The days that a tenant gives its people before they have to have a second factor."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urljoin

import pytest

from authgate.permissions import UserRole
from authgate.storage.people import factor_deadlines
from authgate.storage.people.users import User, UserRow
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, administering
from authgate_testing.authenticator import Authenticator, enrolled, recovery_codes
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person
from authgate_testing.server import RunningServer
from authgate_testing.tenants import choose

SESSIONS = "/account/sessions"


def is_told(person: Person) -> bool:
    """Whether somebody was led past the page with the date."""
    return person.page is not None and person.page.url.path.endswith("/second-factor/soon")


def has_to_set_up(person: Person) -> bool:
    return person.page is not None and person.page.url.path.endswith("/second-factor/set-up")


async def days(server: RunningServer, tenant: Tenant, number: int) -> None:
    await choose(server, tenant, second_factor="required", second_factor_grace_days=number)


async def is_in(person: Person, tenant: Tenant) -> bool:
    return (await person.visit(f"{tenant.issuer}{SESSIONS}")).url.path.endswith(SESSIONS)


async def test_people_are_let_in_until_a_date_that_no_other_sign_in_moves(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    before, later = Person(server.browser()), Person(server.browser())
    await before.sign_in(acme.issuer, "alice")
    await days(server, acme, 14)
    assert await is_in(before, acme), "who is in already is given the days as well"
    with use_tenant(acme):
        due_at = await factor_deadlines.find(alice.id)
    assert due_at is not None
    assert timedelta(days=13) < due_at - server.clock() < timedelta(days=14)
    server.clock.advance(7 * 86400)
    page = await later.sign_in(acme.issuer, "alice")
    assert is_told(later)
    assert f'datetime="{due_at:%Y-%m-%dT%H:%M}' in page.text
    await days(server, acme, 90)
    await later.visit(f"{acme.issuer}/account/security")
    with use_tenant(acme):
        assert await factor_deadlines.find(alice.id) == due_at
    server.clock.advance(7 * 86400 - 3600)
    again = Person(server.browser())
    await again.sign_in(acme.issuer, "alice")
    assert is_told(again)
    server.clock.advance(3601)
    assert not await is_in(again, acme)
    await again.sign_in(acme.issuer, "alice")
    assert has_to_set_up(again)


@on_sqlite
async def test_whoever_sets_one_up_in_time_is_let_in_with_it_alone_from_then_on(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    await days(server, acme, 14)
    elsewhere = Person(server.browser())
    await elsewhere.sign_in(acme.issuer, "alice")
    assert await is_in(elsewhere, acme)
    await person.sign_in(acme.issuer, "alice")
    assert person.page is not None
    [there] = re.findall(r'href="([^"]*/second-factor/set-up[^"]*)"', person.page.text)
    page = await person.visit(urljoin(acme.issuer, unescape(there)))
    app = Authenticator.scanned(server, page.text)
    page = await person.submit({"code": app.code}, to="/set-up")
    assert len(recovery_codes(page.text)) == 10
    assert await is_in(person, acme)
    assert not await is_in(elsewhere, acme), "what has one factor counts no longer"


@on_sqlite
async def test_who_had_theirs_taken_away_is_given_no_days(
    server: RunningServer, acme: Tenant, alice: User, api: ApiClient, person: Person
) -> None:
    await enrolled(server, acme, alice)
    await days(server, acme, 14)
    here = f"/users/{alice.id}/second-factors"
    assert (await api.get(here)).json()["due_at"] is None
    assert (await api.delete(here)).status_code == 204
    await person.sign_in(acme.issuer, "alice")
    assert has_to_set_up(person)


@on_sqlite
@pytest.mark.parametrize("number", [0, 14])
async def test_a_number_of_none_ends_the_days_of_all(
    server: RunningServer, acme: Tenant, alice: User, api: ApiClient, person: Person, number: int
) -> None:
    await days(server, acme, 14)
    await person.sign_in(acme.issuer, "alice")
    assert is_told(person)
    told = (await api.get(f"/users/{alice.id}/second-factors")).json()
    assert (told["required"], told["due_at"] is not None) == (True, True)
    await days(server, acme, number)
    assert await is_in(person, acme) is bool(number)


@on_sqlite
async def test_a_token_that_administers_waits_for_no_date(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.ADMIN)
    await days(server, acme, 14)
    await person.sign_in(acme.issuer, "alice")
    assert (await person.visit(f"{acme.issuer}/admin")).status_code == 200
    application = await administering(server, acme, Scope.USERS_READ)
    await person.visit(application.ask(scope=Scope.USERS_READ).url)
    assert has_to_set_up(person)
