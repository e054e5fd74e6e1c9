"""What a tenant chooses about signing in and about sessions: each choice, by what comes of it."""

import pytest

from authgate import provisioning
from authgate.accounts.connection_setup import ConnectionSetup
from authgate.accounts.passwords import BadPassword, Passwords
from authgate.audit import Event
from authgate.plugin_manager import ConnectorTypes, load
from authgate.storage.people.users import User
from authgate.storage.sign_in.sessions import Session
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import PASSWORD, Person
from authgate_testing.server import RunningServer
from authgate_testing.tenants import choose

pytestmark = on_sqlite


async def now(server: RunningServer) -> Tenant:
    """Acme, with what it chooses now."""
    tenant = await server.parts.resolver.find("acme")
    assert tenant is not None
    return tenant


async def is_signed_in(person: Person, tenant: Tenant) -> bool:
    page = await person.visit(f"{tenant.issuer}/account/sessions")
    return page.url.path.endswith("/account/sessions")


async def test_a_shorter_lifetime_holds_for_whoever_is_signed_in_already(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    await person.sign_in(acme.issuer, "alice")
    server.clock.advance(1000)
    await choose(server, acme, session_idle_lifetime=1200)
    assert await is_signed_in(person, acme)
    server.clock.advance(500)
    await choose(server, acme, session_absolute_lifetime=1400)
    assert not await is_signed_in(person, acme)
    await person.sign_in(acme.issuer, "alice")
    server.clock.advance(600)
    await choose(server, acme, session_idle_lifetime=500)
    assert not await is_signed_in(person, acme)


async def test_where_nobody_may_stay_signed_in_it_is_not_offered_and_nobody_does(
    server: RunningServer, acme: Tenant, alice: User, person: Person
) -> None:
    offered = await person.visit(f"{acme.issuer}/login")
    assert 'name="remember"' in offered.text
    await person.sign_in(acme.issuer, "alice", remember="1")
    server.clock.advance(7200)
    assert await is_signed_in(person, acme)
    await choose(server, acme, remember_sign_in=False)
    assert 'name="remember"' not in (await person.visit(f"{acme.issuer}/login")).text
    server.clock.advance(7200)
    assert not await is_signed_in(person, acme), "what was promised before is over as well"
    await person.sign_in(acme.issuer, "alice", remember="1")
    with use_tenant(acme):
        latest = await Session.all().order_by("-id").first()
        assert latest is not None
        assert not latest.remembered


async def test_who_is_signed_in_at_too_many_browsers_is_signed_out_of_the_one_left_longest_ago(
    server: RunningServer, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    await choose(server, acme, sessions_per_person=2)
    first, second, third = (Person(server.browser()) for _ in range(3))
    for each in (first, second):
        await each.sign_in(acme.issuer, "alice")
        server.clock.advance(120)
    assert await is_signed_in(first, acme)
    await third.sign_in(acme.issuer, "alice")
    held = [await is_signed_in(each, acme) for each in (first, second, third)]
    assert held == [True, False, True]
    [event] = await ledger.events(acme, Event.SESSION_REVOKED)
    assert event.details["reason"] == "More than 2 of one person"


async def test_a_tenant_without_passwords_offers_none_and_takes_none(
    server: RunningServer, acme: Tenant, alice: User
) -> None:
    person = Person(server.browser())
    await choose(server, acme, enabled_plugins=("github",))
    setup = ConnectionSetup(connectors=ConnectorTypes(load()), encryption=server.parts.encryption)
    with use_tenant(await now(server)):
        config = {"client_id": "hub", "client_secret": "hub-secret-4711"}
        await setup.add(slug="hub", connector="github", config=config)
    await person.visit(f"{acme.issuer}/login")
    await choose(server, acme, password_sign_in=False)
    refused = await person.submit({"username": "alice", "password": PASSWORD}, to="/login")
    assert refused.status_code == 403
    assert 'name="password"' not in refused.text
    assert "GitHub" in refused.text
    assert not await is_signed_in(person, acme)


async def test_a_password_is_as_long_as_the_tenant_asks_for(
    server: RunningServer, acme: Tenant, passwords: Passwords
) -> None:
    await choose(server, acme, password_min_length=32)
    with use_tenant(await now(server)):
        with pytest.raises(BadPassword, match="at least 32"):
            await provisioning.add_user(passwords, username="bob", password=PASSWORD)
        await provisioning.add_user(
            passwords, username="bob", password=PASSWORD + "-and-more-of-it"
        )


async def test_pages_of_an_origin_that_the_tenant_names_may_read_answers(
    server: RunningServer, acme: Tenant, globex: Tenant
) -> None:
    await choose(server, acme, allowed_origins=("https://portal.example",))
    asked = {"Origin": "https://portal.example", "Access-Control-Request-Method": "POST"}
    for tenant, allowed in ((acme, "https://portal.example"), (globex, None)):
        answer = await server.http.options(f"{tenant.issuer}/oauth/token", headers=asked)
        assert answer.headers.get("access-control-allow-origin") == allowed
