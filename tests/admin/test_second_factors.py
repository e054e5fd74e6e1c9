"""``/users/{user_id}/second-factors``, and what the API asks of people who have to have one."""

from datetime import timedelta

from authgate import provisioning
from authgate.audit import Event
from authgate.permissions import UserRole
from authgate.storage.people.users import User, UserRow
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import Tenant, use_tenant
from authgate_testing.api import ApiClient, administering, is_problem
from authgate_testing.authenticator import enrolled, is_asked
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer

pytestmark = on_sqlite


async def test_an_administrator_takes_the_factors_of_somebody_who_has_lost_theirs(
    server: RunningServer,
    acme: Tenant,
    carol: User,
    colleague: Person,
    api: ApiClient,
    foreign_api: ApiClient,
    ledger: Ledger,
) -> None:
    here = f"/users/{carol.id}/second-factors"
    await enrolled(server, acme, carol)
    told = (await api.get(here)).json()
    assert told["totp_since"] is not None
    assert (told["required"], told["recovery_codes"], told["remembered_devices"]) == (False, 10, [])
    assert is_problem(await foreign_api.delete(here), 404, "not-found")
    assert (await api.delete(here)).status_code == 204
    told = (await api.get(here)).json()
    assert (told["totp_since"], told["recovery_codes"]) == (None, 0)
    page = await colleague.visit(f"{acme.issuer}/account/sessions")
    assert page.url.path.endswith("/login"), "signed out everywhere"
    page = await colleague.sign_in(acme.issuer, "carol", "correct-horse-battery-staple")
    assert not is_asked(colleague)
    [event] = await ledger.events(acme, Event.SECOND_FACTOR_RESET)
    assert event.resource_id == str(carol.id)
    mails = (await server.http.get(f"{acme.issuer}/mails")).text
    assert "An administrator has removed the second factors of your account." in mails


async def test_ad_04_operators_who_are_here_as_guests_take_no_factors_away(
    server: RunningServer, acme: Tenant, alice: User, carol: User, person: Person
) -> None:
    await enrolled(server, acme, carol)
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.ADMIN)
    application = await administering(server, acme, Scope.USERS_READ, Scope.USERS_WRITE)
    scopes = f"{Scope.USERS_READ} {Scope.USERS_WRITE}"
    issued = await application.signed_in(person, scope=scopes)
    by_alice = ApiClient(server.http, acme, issued["access_token"])
    here = f"/users/{carol.id}/second-factors"
    with use_tenant(acme):
        until = server.clock() + timedelta(hours=1)
        await UserRow.filter(id=alice.id).update(guest_until=until)
    assert is_problem(await by_alice.delete(here), 403, "beyond-own-role")
    assert (await by_alice.get(here)).json()["totp_since"] is not None


async def test_who_has_to_have_a_second_factor_administers_by_no_token_without(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    with use_tenant(acme):
        await UserRow.filter(id=alice.id).update(role=UserRole.ADMIN)
    application = await administering(server, acme, Scope.USERS_READ)
    issued = await application.signed_in(person, scope=Scope.USERS_READ)
    by_alice = ApiClient(server.http, acme, issued["access_token"])
    assert (await by_alice.get("/users")).status_code == 200
    await provisioning.change_tenant(
        server.parts,
        acme,
        change=lambda before: before.changed({"second_factor": "administrators"}),
    )
    refused = await by_alice.get("/users")
    assert is_problem(refused, 401, "second-factor-required")
    challenge = refused.headers["www-authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'acr_values="2"' in challenge
