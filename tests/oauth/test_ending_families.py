"""What is under way while the tokens of a sign-in end: it is waited for, and ends with them."""

from collections.abc import Coroutine
from typing import Any
from uuid import UUID, uuid4

import httpx2
import jwt
import pytest

from authgate import provisioning, storage
from authgate.accounts import access
from authgate.accounts.passwords import Passwords
from authgate.audit import Event
from authgate.oauth import families
from authgate.storage.clients import clients
from authgate.storage.clients.drafts import ClientChange
from authgate.storage.clients.metadata import ClientMetadata
from authgate.storage.grants import authorization_requests, consents
from authgate.storage.grants.authorization_codes import AuthorizationCode
from authgate.storage.grants.authorization_requests import AuthorizationRequestRow
from authgate.storage.issued import refresh_tokens, tokens
from authgate.storage.issued.tokens import Token
from authgate.storage.people import users
from authgate.storage.people.users import User
from authgate.storage.sign_in import sessions
from authgate.tokens.refresh_rotation import RefreshRotation
from authgate.vocabulary import TokenStatus
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, decided, sent_on
from authgate_testing.databases import on_postgres
from authgate_testing.device import Device, decide
from authgate_testing.ledger import Ledger
from authgate_testing.meanwhile import meanwhile
from authgate_testing.person import Person
from authgate_testing.postgres import PostgresServer
from authgate_testing.server import RunningServer

pytestmark = on_postgres
"""SQLite has one writer: nobody ends what another has begun."""

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


@pytest.fixture
async def online(console: Application, person: Person) -> dict[str, str]:
    """What the application holds of Alice, for as long as she is signed in."""
    return await console.signed_in(person, scope="openid read")


async def successor_during(
    server: RunningServer, postgres: PostgresServer, token: str, work: Coroutine[Any, Any, object]
) -> str:
    """What follows on a token whose refresh is committed while that work waits for it."""
    presented = await refresh_tokens.find(token)
    assert presented is not None
    async with meanwhile(postgres, work):
        client = await clients.find(presented.client_id)
        assert client is not None
        following, spend = RefreshRotation(clock=server.clock).follow(presented, client, token)
        assert await storage.redeem(spend, *following.rows)
    return following.token


async def test_no_successor_outlives_the_family_that_ends_meanwhile(
    server: RunningServer,
    postgres: PostgresServer,
    console: Application,
    online: dict[str, str],
    acme: Tenant,
) -> None:
    with use_tenant(acme):
        presented, client = (
            await refresh_tokens.find(online["refresh_token"]),
            console.client.client,
        )
        assert presented is not None
        ending = families.end(presented.family_id, client, reason="a test")
        successor = await successor_during(server, postgres, online["refresh_token"], ending)
    assert (await console.refresh(successor)).status_code == 400


async def test_no_successor_outlives_the_person_who_is_disabled_meanwhile(
    server: RunningServer,
    postgres: PostgresServer,
    console: Application,
    online: dict[str, str],
    acme: Tenant,
) -> None:
    with use_tenant(acme):
        ending = provisioning.disable_user("alice", now=server.clock())
        successor = await successor_during(server, postgres, online["refresh_token"], ending)
        await provisioning.enable_user("alice")
    assert (await console.refresh(successor)).status_code == 400


async def test_a_no_that_comes_second_is_not_written_down(
    postgres: PostgresServer,
    server: RunningServer,
    console: Application,
    person: Person,
    acme: Tenant,
    ledger: Ledger,
) -> None:
    await sent_on(person, console.ask().url)
    with use_tenant(acme):
        row = await AuthorizationRequestRow.get()
        async with meanwhile(postgres, decided(person, "deny")):
            assert await authorization_requests.answer(row.id, now=server.clock())
    assert await ledger.events(acme, Event.AUTHORIZATION_CODE_DENIED) == []


async def test_whoever_takes_a_consent_back_waits_for_what_it_allows(
    postgres: PostgresServer,
    server: RunningServer,
    online: dict[str, str],
    alice: User,
    acme: Tenant,
) -> None:
    with use_tenant(acme):
        taking_back = access.end_of_client(alice.id, "console", now=server.clock())
        async with meanwhile(postgres, taking_back):
            assert await consents.find(alice.id, "console")
        assert await consents.find(alice.id, "console") is None


async def test_co_08_no_code_is_made_in_a_session_that_ends_meanwhile(
    postgres: PostgresServer,
    server: RunningServer,
    console: Application,
    online: dict[str, str],
    person: Person,
    alice: User,
    acme: Tenant,
) -> None:
    answers: list[httpx2.Response] = []

    async def ask() -> None:
        answers.append(await sent_on(person, console.ask(scope="openid read").url))

    now = server.clock()
    with use_tenant(acme):
        async with meanwhile(postgres, ask()):
            for session in await sessions.end_all(alice.id, now=now):
                await access.end_of_session(session, now=now)
        assert await AuthorizationCode.filter(spent_at=None).count() == 0
    assert [answer.status_code for answer in answers] == [400]


async def test_no_device_is_let_in_from_a_session_that_ends_meanwhile(
    postgres: PostgresServer,
    server: RunningServer,
    device: Device,
    person: Person,
    alice: User,
    acme: Tenant,
) -> None:
    shown = await device.start(scope="read")
    with use_tenant(acme):
        async with meanwhile(postgres, decide(person, shown)):
            await sessions.end_all(alice.id, now=server.clock())
    assert person.page is not None
    assert person.page.url.path.endswith("/login")
    assert (await device.poll(shown["device_code"])).json()["error"] == "authorization_pending"


async def test_nobody_signs_in_with_a_password_that_is_replaced_meanwhile(
    postgres: PostgresServer,
    server: RunningServer,
    passwords: Passwords,
    alice: User,
    acme: Tenant,
) -> None:
    thief, another = Person(server.browser()), await passwords.hash("another-password-of-hers")
    with use_tenant(acme):
        signing_in = thief.sign_in(acme.issuer, "alice", "correct-horse-battery-staple")
        async with meanwhile(postgres, signing_in):
            await users.set_password_hash(alice.id, another)
        assert await sessions.live_of(alice.id, now=server.clock()) == []
    assert thief.page is not None
    assert thief.page.url.path.endswith("/login")


async def test_no_exchanged_token_outlives_the_family_that_ends_meanwhile(
    postgres: PostgresServer,
    server: RunningServer,
    console: Application,
    online: dict[str, str],
    acme: Tenant,
) -> None:
    await allow_exchange(server, acme)
    with use_tenant(acme):
        presented = await refresh_tokens.find(online["refresh_token"])
        assert presented is not None
        answers: list[httpx2.Response] = []

        async def exchange() -> None:
            answers.append(await exchanged(console, online["access_token"]))

        async with meanwhile(postgres, exchange()):
            await families.end(presented.family_id, console.client.client, reason="a test")
    assert [answer.status_code for answer in answers] == [400]


async def test_whoever_ends_a_family_waits_for_an_exchange_and_finds_what_it_gave(
    postgres: PostgresServer,
    console: Application,
    online: dict[str, str],
    acme: Tenant,
) -> None:
    held = jwt.decode(online["access_token"], options={"verify_signature": False})
    with use_tenant(acme):
        presented = await refresh_tokens.find(online["refresh_token"])
        assert presented is not None
        ending = families.end(presented.family_id, console.client.client, reason="a test")
        async with meanwhile(postgres, ending):
            assert await tokens.hold(UUID(held["jti"]))
            [row] = await Token.filter(family_id=presented.family_id)
            exchanged_row = row.clone()
            exchanged_row.id = uuid4()
            await exchanged_row.save(force_create=True)
        assert await Token.filter(status=TokenStatus.ACTIVE).count() == 0


async def allow_exchange(server: RunningServer, tenant: Tenant) -> None:
    """Let the console exchange what it holds for a token for the files."""
    grants = ["authorization_code", "refresh_token", EXCHANGE]
    metadata = ClientMetadata(token_exchange_to=("https://files.example/",))
    with use_tenant(tenant):
        await provisioning.change_client(
            server.parts, "console", ClientChange(grant_types=grants, metadata=metadata)
        )


async def exchanged(application: Application, token: str) -> httpx2.Response:
    """The answer to an exchange."""
    return await application.token(
        grant_type=EXCHANGE,
        subject_token=token,
        subject_token_type="urn:ietf:params:oauth:token-type:access_token",
        audience="https://files.example/",
    )


async def test_whoever_ends_a_family_waits_for_a_repetition(
    postgres: PostgresServer, console: Application, online: dict[str, str], acme: Tenant
) -> None:
    following = (await console.refresh(online["refresh_token"])).json()["refresh_token"]
    with use_tenant(acme):
        presented = await refresh_tokens.find(following)
        assert presented is not None
        ending = families.end(presented.family_id, console.client.client, reason="a test")
        async with meanwhile(postgres, ending):
            assert await refresh_tokens.hold(following)
        assert not await refresh_tokens.hold(following)
