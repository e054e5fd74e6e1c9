"""Clients are told that a session is over (OpenID Connect Back-Channel Logout 1.0), however it ends
and whatever goes wrong on the way."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest

from authgate import background, provisioning, storage
from authgate.accounts.passwords import Passwords
from authgate.jobs import DeliverLogouts, Result
from authgate.oidc.backchannel_logout import AGAIN_AFTER_SECONDS
from authgate.provisioning import UnfitClient, people
from authgate.settings import EgressSettings, Settings
from authgate.storage.clients.drafts import ClientChange, ClientDraft
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.clients.rows import ClientRow
from authgate.storage.people.users import User
from authgate.storage.sign_in import logout_deliveries
from authgate.storage.sign_in.logout_deliveries import LogoutDelivery
from authgate.storage.sweep import due_logouts
from authgate.vocabulary import DeliveryStatus
from authgate_tenants import Tenant, TenantStatus, use_tenant
from authgate_testing import relying_party
from authgate_testing.application import Application, claims
from authgate_testing.databases import on_postgres, on_sqlite
from authgate_testing.doors import PASSWORD
from authgate_testing.meanwhile import meanwhile
from authgate_testing.person import Person
from authgate_testing.postgres import PostgresServer
from authgate_testing.relying_party import RelyingParty
from authgate_testing.server import RunningServer

HERE = "/account/sessions"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def settings(
    settings: Settings,
    certificate: tuple[Path, Path],
    request: pytest.FixtureRequest,
    nothing_scheduled: None,
) -> Settings:
    """Clients may have their servers on this machine; rounds are done by the tests."""
    allowed: tuple[str, ...] = getattr(request, "param", ("127.0.0.0/8",))
    egress = EgressSettings(ca_file=certificate[0], allowed_networks=allowed)
    return settings.model_copy(update={"egress": egress})


@pytest.fixture
async def party(certificate: tuple[Path, Path]) -> AsyncIterator[RelyingParty]:
    """The application's own server."""
    async with relying_party.listening(certificate) as listening:
        yield listening


async def register(server: RunningServer, application: Application, uri: str) -> None:
    """Have the application told there."""
    client = application.client.client
    change = ClientChange(metadata=replace(client.metadata, backchannel_logout_uri=uri))
    with use_tenant(application.tenant):
        await provisioning.change_client(server.parts, client.client_id, change)


@pytest.fixture
async def told(server: RunningServer, console: Application, party: RelyingParty) -> RelyingParty:
    """The application's own server, which is registered."""
    await register(server, console, party.uri)
    return party


async def sign_out(person: Person, tenant: Tenant) -> None:
    """By the person's own page."""
    await person.visit(f"{tenant.issuer}{HERE}")
    await person.submit({}, to="/logout", follow=False)


async def deliveries(tenant: Tenant) -> list[LogoutDelivery]:
    with use_tenant(tenant):
        return await LogoutDelivery.all().order_by("id")


async def a_round(server: RunningServer) -> None:
    """What is done every few seconds."""
    performer = background.performer(server.parts)
    assert await performer.perform(DeliverLogouts(), tenant_id=None) is Result.DONE


async def settled(tenant: Tenant, *, attempts: int) -> LogoutDelivery:
    """The one delivery, once so many attempts are over."""
    async with asyncio.timeout(30):
        while True:
            [found] = await deliveries(tenant)
            if found.attempts == attempts and (found.last_status or found.last_error):
                return found


async def test_ti_27_a_suspended_tenants_clients_are_told_once_it_is_served_again(
    server: RunningServer, acme: Tenant, told: RelyingParty
) -> None:
    with use_tenant(acme):
        now = server.clock()
        await logout_deliveries.add(uuid4(), "console", subject="alice", now=now)
    await provisioning.set_tenant_status(server.parts, acme, TenantStatus.SUSPENDED)
    database = server.parts.settings.database
    assert await due_logouts.tenants(database, now=server.clock(), limit=9) == []
    await a_round(server)
    [waiting] = await deliveries(acme)
    assert (waiting.status, waiting.attempts) == (DeliveryStatus.PENDING, 0)
    await provisioning.set_tenant_status(server.parts, acme, TenantStatus.ACTIVE)
    await a_round(server)
    assert (await settled(acme, attempts=1)).status is DeliveryStatus.DELIVERED


async def test_a_client_is_told_by_a_token_that_nothing_else_is_taken_for(
    server: RunningServer,
    acme: Tenant,
    alice: User,
    console: Application,
    person: Person,
    told: RelyingParty,
) -> None:
    id_token = (await console.signed_in(person, scope="openid"))["id_token"]
    known = await claims(server.http, acme, id_token, audience="console")
    await sign_out(person, acme)
    token = await told.next()
    assert jwt.get_unverified_header(token)["typ"] == "logout+jwt"
    said = await claims(server.http, acme, token, audience="console")
    assert said.keys() == {"iss", "sub", "aud", "iat", "exp", "jti", "sid", "events"}
    assert (said["sub"], said["sid"]) == (str(alice.id), known["sid"])
    assert said["events"] == {EVENT: {}}
    assert said["exp"] - said["iat"] == 120  # type: ignore[operator]
    delivery = await settled(acme, attempts=1)
    assert (delivery.status, delivery.last_status) == (DeliveryStatus.DELIVERED, 200)
    # JW-09: it is no access token, and no hint of who is signed in.
    bearer = {"Authorization": f"Bearer {token}"}
    answer = await server.http.get(f"{acme.issuer}/oauth/userinfo", headers=bearer)
    assert answer.status_code == 401
    answer = await server.http.get(
        f"{acme.issuer}/oauth/logout", params={"id_token_hint": token}, follow_redirects=True
    )
    assert answer.status_code == 400


@on_sqlite
async def test_a_client_is_told_by_the_algorithm_of_its_id_tokens(
    server: RunningServer,
    acme: Tenant,
    console: Application,
    person: Person,
    told: RelyingParty,
) -> None:
    said = ClientMetadata(backchannel_logout_uri=told.uri, id_token_signed_response_alg="RS256")
    with use_tenant(acme):
        await provisioning.change_client(server.parts, "console", ClientChange(metadata=said))
    await console.signed_in(person, scope="openid")
    await sign_out(person, acme)
    token = await told.next()
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    assert (await claims(server.http, acme, token, audience="console"))["events"] == {EVENT: {}}


async def known_sid(console: Application, person: Person) -> str:
    """The session as the application knows it, once Alice has signed in to it."""
    await person.sign_in(console.tenant.issuer, "alice", PASSWORD)
    id_token = (await console.signed_in(person, scope="openid"))["id_token"]
    sid: str = jwt.decode(id_token, options={"verify_signature": False})["sid"]
    return sid


async def told_sid(party: RelyingParty) -> str:
    """The session that it is told of next."""
    sid: str = jwt.decode(await party.next(), options={"verify_signature": False})["sid"]
    return sid


async def test_a_client_is_told_when_a_browser_ends_the_session(
    server: RunningServer,
    acme: Tenant,
    carol: User,
    console: Application,
    person: Person,
    told: RelyingParty,
) -> None:
    elsewhere = Person(server.browser())
    await elsewhere.sign_in(acme.issuer, "alice", PASSWORD)
    sid = await known_sid(console, person)
    await elsewhere.visit(f"{acme.issuer}{HERE}")
    await elsewhere.submit({"session": sid}, to="/end")
    assert await told_sid(told) == sid
    sid = await known_sid(console, person)
    await elsewhere.visit(f"{acme.issuer}{HERE}")
    await elsewhere.submit({}, to="/end-others")
    assert await told_sid(told) == sid
    sid = await known_sid(console, person)
    await person.sign_in(acme.issuer, "carol", PASSWORD)
    assert await told_sid(told) == sid
    sid = await known_sid(console, person)
    await person.visit(f"{acme.issuer}/oauth/logout?client_id=console")
    await person.submit({}, to="", follow=False)
    assert await told_sid(told) == sid
    assert len(await deliveries(acme)) == 4


async def test_a_client_is_told_when_an_administrator_ends_the_session(
    server: RunningServer,
    acme: Tenant,
    console: Application,
    alice: User,
    person: Person,
    told: RelyingParty,
    passwords: Passwords,
) -> None:
    now = server.clock
    for end in (
        lambda: provisioning.reset_password(passwords, "alice", password=PASSWORD, now=now()),
        lambda: people.sign_out_person(alice.id, now=now()),
        lambda: provisioning.disable_user("alice", now=now()),
    ):
        sid = await known_sid(console, person)
        with use_tenant(acme):
            await end()
        assert await told_sid(told) == sid
    assert len(await deliveries(acme)) == 3


@on_sqlite
async def test_only_who_knows_the_session_is_told_of_it(
    server: RunningServer,
    acme: Tenant,
    console: Application,
    native: Application,
    person: Person,
    told: RelyingParty,
) -> None:
    elsewhere = Person(server.browser())
    await elsewhere.sign_in(acme.issuer, "alice", PASSWORD)
    await console.signed_in(elsewhere, scope="openid")
    await console.signed_in(person, scope="read")  # no ID token
    await native.signed_in(person, scope="openid")  # no address
    await sign_out(person, acme)
    assert await deliveries(acme) == []
    page = await elsewhere.visit(f"{acme.issuer}{HERE}")
    assert "Acme Console" in page.text.partition("Apps and devices")[2]


async def test_a_client_that_does_not_answer_is_told_again_later(
    server: RunningServer, acme: Tenant, console: Application, person: Person, told: RelyingParty
) -> None:
    told.answers += [500, 302]
    await console.signed_in(person, scope="openid")
    await sign_out(person, acme)
    seen, delivery = [await told.next()], await settled(acme, attempts=1)
    assert (delivery.status, delivery.last_status) == (DeliveryStatus.PENDING, 500)
    await a_round(server)
    assert told.told.empty(), "not yet"
    for attempts in (2, 3):
        server.clock.advance(AGAIN_AFTER_SECONDS[attempts - 2] * 1.25)
        await a_round(server)
        seen.append(await told.next())
        delivery = await settled(acme, attempts=attempts)
    assert (delivery.status, delivery.last_status) == (DeliveryStatus.DELIVERED, 200)
    ids = {jwt.decode(each, options={"verify_signature": False})["jti"] for each in seen}
    assert len(ids) == 3, "whoever has seen the first must not take the second for a replay"


@on_sqlite
async def test_a_client_that_never_answers_is_given_up(
    server: RunningServer, acme: Tenant, console: Application, person: Person, told: RelyingParty
) -> None:
    told.answers += [503] * 20
    await console.signed_in(person, scope="openid")
    await sign_out(person, acme)
    await settled(acme, attempts=1)
    for pause in AGAIN_AFTER_SECONDS:
        server.clock.advance(pause * 1.25)
        await a_round(server)
    [delivery] = await deliveries(acme)
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.FAILED, 8)
    server.clock.advance(10**6)
    await a_round(server)
    assert told.told.qsize() == 8


async def test_two_rounds_at_once_tell_a_client_once(
    server: RunningServer, acme: Tenant, console: Application, person: Person, told: RelyingParty
) -> None:
    told.answers += [500]
    await console.signed_in(person, scope="openid")
    await sign_out(person, acme)
    await settled(acme, attempts=1)
    await told.next()
    server.clock.advance(10)
    await asyncio.gather(*(a_round(server) for _ in range(3)))
    assert (await deliveries(acme))[0].attempts == 2
    assert told.told.qsize() == 1


@on_postgres  # SQLite has one writer
async def test_who_signs_out_while_an_administrator_ends_the_session_is_told_of_once(
    server: RunningServer,
    postgres: PostgresServer,
    acme: Tenant,
    console: Application,
    alice: User,
    person: Person,
    told: RelyingParty,
) -> None:
    await console.signed_in(person, scope="openid")
    with use_tenant(acme):
        async with meanwhile(postgres, sign_out(person, acme)):
            await people.sign_out_person(alice.id, now=server.clock())
    assert person.page is not None
    assert person.page.status_code == 303
    assert len(await deliveries(acme)) == 1


async def test_what_was_taken_by_a_process_that_died_is_taken_by_another(
    server: RunningServer, acme: Tenant, console: Application, person: Person, told: RelyingParty
) -> None:
    told.answers += [500]
    await console.signed_in(person, scope="openid")
    await sign_out(person, acme)
    await told.next()
    await settled(acme, attempts=1)
    server.clock.advance(10)
    with use_tenant(acme):
        [taken] = await logout_deliveries.take(now=server.clock(), limit=9)
    await a_round(server)
    assert told.told.empty()
    server.clock.advance(61)
    await a_round(server)
    await told.next()
    with use_tenant(acme):
        # Whoever comes back from the dead has nothing to say.
        await logout_deliveries.give_up(taken, http_status=None, error="late", now=server.clock())
    assert (await deliveries(acme))[0].status is DeliveryStatus.DELIVERED


async def test_nobody_is_told_of_a_logout_that_was_not_committed(
    server: RunningServer, acme: Tenant, console: Application, person: Person, told: RelyingParty
) -> None:
    await console.signed_in(person, scope="openid")
    with use_tenant(acme):
        async with storage.transaction() as unit:
            await provisioning.disable_user("alice", now=server.clock())
            unit.doom()
    assert await deliveries(acme) == []
    await a_round(server)
    assert told.told.empty()


@pytest.fixture
async def theirs(
    server: RunningServer, globex: Tenant, console: Application, told: RelyingParty
) -> Application:
    """An application of another tenant, which is told at the same address."""
    with use_tenant(globex):
        draft = ClientDraft(
            name="Globex Console",
            client_id="console",
            grant_types=["authorization_code"],
            scopes=["openid"],
            redirect_uris=[console.redirect_uri],
        )
        client = await provisioning.add_client(server.parts, draft)
    application = Application(server.http, globex, client, console.redirect_uri)
    await register(server, application, told.uri)
    return application


async def test_ti_25_each_tenant_s_clients_are_told_in_its_own_name(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    console: Application,
    theirs: Application,
    person: Person,
    stranger: Person,
    told: RelyingParty,
) -> None:
    for application, somebody in ((console, person), (theirs, stranger)):
        told.answers += [500]
        await application.signed_in(somebody, scope="openid")
        await sign_out(somebody, application.tenant)
        await told.next()
        await settled(application.tenant, attempts=1)
    server.clock.advance(10)
    await a_round(server)
    told_now = [await told.next() for _ in range(2)]
    issuers = {jwt.decode(each, options={"verify_signature": False})["iss"] for each in told_now}
    assert issuers == {acme.issuer, globex.issuer}


@on_sqlite
async def test_ti_25_a_fault_of_one_tenant_s_does_not_keep_the_others_waiting(
    server: RunningServer,
    acme: Tenant,
    globex: Tenant,
    console: Application,
    theirs: Application,
    person: Person,
    stranger: Person,
    told: RelyingParty,
) -> None:
    for application, somebody in ((console, person), (theirs, stranger)):
        told.answers += [500]
        await application.signed_in(somebody, scope="openid")
        await sign_out(somebody, application.tenant)
        await told.next()
        await settled(application.tenant, attempts=1)
    with use_tenant(acme):
        await ClientRow.filter(client_id="console").update(scopes=5)  # nobody can read that
    server.clock.advance(10)
    await a_round(server)
    assert (
        jwt.decode(await told.next(), options={"verify_signature": False})["iss"] == globex.issuer
    )
    assert (await settled(globex, attempts=2)).status is DeliveryStatus.DELIVERED
    broken = await settled(acme, attempts=2)
    assert (broken.status, broken.last_status) == (DeliveryStatus.PENDING, None)
    assert broken.last_error == "An error of our own: the log says which."


@on_sqlite
@pytest.mark.parametrize("settings", [()], indirect=True, ids=["guarded"])
async def test_dc_03_no_request_reaches_an_inner_address(
    server: RunningServer, acme: Tenant, console: Application, person: Person, told: RelyingParty
) -> None:
    await console.signed_in(person, scope="openid")
    await sign_out(person, acme)
    delivery = await settled(acme, attempts=1)
    assert delivery.status is DeliveryStatus.PENDING
    assert delivery.last_error == "The name leads to no address that may be reached."
    assert told.told.empty()


@on_sqlite
async def test_who_is_not_served_any_more_is_not_told(
    server: RunningServer, acme: Tenant, console: Application, person: Person, told: RelyingParty
) -> None:
    told.answers += [500]
    await console.signed_in(person, scope="openid")
    await sign_out(person, acme)
    await told.next()
    await settled(acme, attempts=1)
    await register(server, console, "")
    server.clock.advance(10)
    await a_round(server)
    [delivery] = await deliveries(acme)
    assert delivery.status is DeliveryStatus.FAILED
    assert told.told.empty()


_NOWHERE: list[dict[str, Any]] = [
    {"backchannel_logout_uri": "http://localhost/logout"},
    {"backchannel_logout_uri": "https://rp.example/logout#x"},
    {"backchannel_logout_uri": "ftp://rp.example/"},
    {"backchannel_logout_uri": "https://a@rp.example/"},
    {"frontchannel_logout_uri": "https://other.example/logout"},
    {"frontchannel_logout_uri": "http://console.example/logout"},
    {"frontchannel_logout_uri": "https://console.example:8443/logout"},
    {"frontchannel_logout_uri": "javascript:alert(1)"},
    {"frontchannel_logout_uri": "https://console.example; script-src *"},
    {"post_logout_redirect_uris": ("http://console.example/",)},
    {"post_logout_redirect_uris": ("javascript:alert(1)",)},
]


@on_sqlite
async def test_an_address_that_nobody_may_be_told_at_is_not_registered(
    server: RunningServer, acme: Tenant, console: Application
) -> None:
    for said in _NOWHERE:
        change = ClientChange(metadata=replace(console.client.client.metadata, **said))
        with use_tenant(acme), pytest.raises(UnfitClient) as refused:
            await provisioning.change_client(server.parts, "console", change)
        assert {refused.value.field} == said.keys()
