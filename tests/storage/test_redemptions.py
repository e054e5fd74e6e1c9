"""What is good once: spent together with what it yields, for many requests in one transaction."""

import asyncio
from collections.abc import Sequence
from contextvars import copy_context
from datetime import datetime
from uuid import UUID

import pytest
from uuid_utils import uuid7

from authgate import audit, storage
from authgate.audit import Event
from authgate.provisioning import NewClient
from authgate.storage.audit import audit_events
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.batches.append_log import Row
from authgate.storage.batches.redemptions import Spend, Spending
from authgate.storage.grants import device_codes
from authgate.storage.grants.device_codes import DeviceCode, DeviceCodeStatus
from authgate.storage.people.users import User
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_postgres
from authgate_testing.device import asked
from authgate_testing.server import RunningServer


@pytest.fixture
def now(server: RunningServer) -> datetime:
    """The moment of it all."""
    return server.clock()


@pytest.fixture
async def codes(acme: Tenant, device_client: NewClient, alice: User, now: datetime) -> list[UUID]:
    """Device codes of acme that Alice has approved."""
    with use_tenant(acme):
        return [await _approved(device_client, alice, now) for _ in range(4)]


async def _approved(client: NewClient, person: User, now: datetime) -> UUID:
    new = asked(client.client.client_id, now)
    await device_codes.issue(new)
    await device_codes.decide(
        UUID(new.id),
        status=DeviceCodeStatus.APPROVED,
        user_id=person.id,
        authenticated_at=now,
        amr=["pwd"],
        now=now,
    )
    return UUID(new.id)


def _event(event_id: str) -> Row:
    happened = audit.event(Event.ACCESS_TOKEN_ISSUED, actor=audit.SYSTEM)
    return audit_events.row(happened._replace(id=event_id))


async def _redeemed(code: UUID, event_id: str, now: datetime) -> bool:
    """Whether whoever brings a code has won."""
    return await _spent(device_codes.redeem(code, now=now), event_id)


async def _spent(spend: Spend, event_id: str) -> bool:
    return await storage.redeem(spend, _event(event_id))


async def _stored(events: Sequence[str]) -> list[bool]:
    known = {str(row.id) for row in await AuditEvent.all()}
    return [event_id in known for event_id in events]


async def _statuses(codes: Sequence[UUID]) -> list[str]:
    return [(await DeviceCode.get(id=code)).status.value for code in codes]


async def test_what_is_brought_twice_in_one_batch_yields_once(
    acme: Tenant, codes: list[UUID], now: datetime
) -> None:
    events = [str(uuid7()) for _ in range(4)]
    brought = zip([codes[0], codes[1], codes[0], codes[1]], events, strict=True)
    with use_tenant(acme):
        told = await asyncio.gather(*(_redeemed(*each, now) for each in brought))
        assert told == [True, True, False, False]
        assert await _stored(events) == told
        assert not await _redeemed(codes[0], str(uuid7()), now)


async def test_what_yields_nothing_that_can_be_stored_is_not_spent_and_harms_nobody(
    acme: Tenant, codes: list[UUID], now: datetime
) -> None:
    events = [str(uuid7()) for _ in range(3)]
    with use_tenant(acme):
        await storage.append(_event(events[1]))
        first, bad, last = await asyncio.gather(
            *(_redeemed(*each, now) for each in zip(codes[:3], events, strict=True)),
            return_exceptions=True,
        )
        assert first is last is True
        assert isinstance(bad, Exception)
        assert await _statuses(codes[:3]) == ["redeemed", "approved", "redeemed"]


async def test_in_a_batch_of_several_tenants_each_finds_its_own_alone(
    acme: Tenant, globex: Tenant, codes: list[UUID], now: datetime
) -> None:
    own, foreign = str(uuid7()), str(uuid7())
    with use_tenant(globex):
        thief = asyncio.create_task(_redeemed(codes[0], foreign, now), context=copy_context())
    with use_tenant(acme):
        told = await asyncio.gather(thief, _redeemed(codes[1], own, now))
        assert list(told) == [False, True]
        assert await _statuses(codes[:2]) == ["approved", "redeemed"]
        assert await _stored([own, foreign]) == [True, False]
    with use_tenant(globex):
        assert await _stored([own, foreign]) == [False, False]


@on_postgres
async def test_the_walls_stand_where_a_statement_forgets_its_tenant(
    acme: Tenant, globex: Tenant, codes: list[UUID], now: datetime
) -> None:
    everything = Spending("device_codes", "status = 'redeemed'", "expires_at < $3 OR true")
    with use_tenant(globex):
        greedy = Spend(everything, globex.id, codes[0], (now,))
        thief = asyncio.create_task(_spent(greedy, str(uuid7())), context=copy_context())
    with use_tenant(acme):
        told = await asyncio.gather(thief, _redeemed(codes[1], str(uuid7()), now))
        assert list(told) == [False, True]
        assert await _statuses(codes[:2]) == ["approved", "redeemed"]


@on_postgres
async def test_whoever_is_busy_with_one_thing_holds_up_nobody_else_of_the_batch(
    acme: Tenant, codes: list[UUID], now: datetime
) -> None:
    with use_tenant(acme):
        outside = [copy_context() for _ in range(2)]
        async with storage.transaction():
            assert await DeviceCode.filter(id=codes[0]).select_for_update()
            held, free = (
                asyncio.create_task(_redeemed(code, str(uuid7()), now), context=context)
                for code, context in zip(codes[:2], outside, strict=True)
            )
            async with asyncio.timeout(5):
                assert await free
            assert not held.done()
        # Left as it was, after all.
        assert await held
