"""What is under way while the tokens of a sign-in end: it is waited for, and ends with them."""

from collections.abc import Coroutine
from typing import Any

import pytest

from authgate import provisioning, storage
from authgate.accounts import access
from authgate.audit import Event
from authgate.oauth import families
from authgate.storage import authorization_requests, clients, consents, refresh_tokens
from authgate.storage.authorization_requests import AuthorizationRequestRow
from authgate.storage.users import User
from authgate.tokens.refresh_rotation import RefreshRotation
from authgate_tenants import Tenant, use_tenant
from authgate_testing.application import Application, decided, sent_on
from authgate_testing.databases import on_postgres
from authgate_testing.ledger import Ledger
from authgate_testing.meanwhile import meanwhile
from authgate_testing.person import Person
from authgate_testing.postgres import PostgresServer
from authgate_testing.server import RunningServer

pytestmark = on_postgres
"""SQLite has one writer: nobody ends what another has begun."""


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
        following = await RefreshRotation(clock=server.clock).follow(presented, client, token)
        assert following is not None
        await storage.append(*following.rows)
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
