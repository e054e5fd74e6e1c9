"""A line to PostgreSQL that falls silent: told within seconds, and over when it heals."""

import asyncio
import time
from collections.abc import AsyncIterator

import asyncpg
import pytest
from pydantic import SecretStr
from tortoise import connections
from uuid_utils.compat import uuid7

from authgate import storage
from authgate.clock import utc_now
from authgate.settings import DatabaseSettings
from authgate.storage.audit import audit_events
from authgate.storage.audit.audit_events import NewEvent
from authgate.storage.batches.lookups import Lookup
from authgate.storage.connection import find
from authgate.storage.people import users
from authgate.storage.postgres.client import TenantClient
from authgate.storage.postgres.line import PostgresLine
from authgate_tenants import Tenant, TenantSettings, TenantStatus, use_tenant
from authgate_tenants.models import TenantRow
from authgate_testing import PostgresServer
from authgate_testing.line import Line, line_to
from authgate_testing.tenants import create_tenant

STATEMENT_SECONDS = 0.3
PROMISED = STATEMENT_SECONDS + 1 + 5  # a statement, the line, the way back on a busy machine

_USER = Lookup("users", "canonical_username", ("id",))


@pytest.fixture
async def line(
    postgres: PostgresServer, postgres_settings_of_own: DatabaseSettings
) -> AsyncIterator[Line]:
    """The line over which this process is connected."""
    async with line_to(postgres.port) as line:
        url = postgres_settings_of_own.url.get_secret_value()
        through = url.replace(f":{postgres.port}/", f":{line.port}/")
        settings = postgres_settings_of_own.model_copy(
            update={
                "url": SecretStr(through),
                "pool_size": 3,
                "statement_seconds": STATEMENT_SECONDS,
            }
        )
        async with storage.opened(settings):
            yield line
            await line.heal()


@pytest.fixture
async def tenant(line: Line) -> AsyncIterator[Tenant]:
    row = await create_tenant(slug="acme", name="Acme")
    tenant = Tenant(
        id=row.id,
        slug="acme",
        name="Acme",
        status=TenantStatus.ACTIVE,
        issuer="http://localhost:8080/t/acme",
        prefix="/t/acme",
        settings=TenantSettings(),
    )
    with use_tenant(tenant):
        yield tenant


async def _read() -> None:
    await users.find_by_login("alice")


async def _look_up() -> None:
    await find(_USER, "alice")


def _event(**details: str) -> NewEvent:
    return NewEvent(
        id=str(uuid7()),
        event_type="token.issued",
        severity="info",
        occurred_at=utc_now(),
        success=True,
        actor_type="client",
        actor_id="cli",
        actor_name="",
        client_id="cli",
        resource_type="",
        resource_id="",
        ip="",
        user_agent="",
        request_id="",
        session_id="",
        details=details,
    )


async def _append() -> None:
    await audit_events.append(_event())


async def _write_together() -> None:
    async with storage.transaction():
        await users.find_by_login("alice")
        await _append()


EVERYTHING = (_read, _look_up, _append, _write_together)


def _pool() -> "asyncpg.Pool[asyncpg.Record]":
    client = connections.get("default")
    assert isinstance(client, TenantClient)
    assert client._pool is not None
    return client._pool


async def _all_work() -> None:
    async with asyncio.timeout(30):
        await asyncio.gather(*(work() for work in EVERYTHING * 5))


async def _pool_is_whole() -> None:
    pool = _pool()
    lent = [await pool.acquire(timeout=1) for _ in range(pool.get_max_size())]
    for connection in lent:
        await pool.release(connection)


async def test_a_line_that_cannot_be_told_how_to_plan_is_not_used(
    postgres_settings_of_own: DatabaseSettings,
) -> None:
    url = postgres_settings_of_own.url.get_secret_value()
    line = PostgresLine(url, pgbouncer=False, seconds=5, plans="by_guessing")
    for _ in range(2):
        with pytest.raises(asyncpg.InvalidParameterValueError):
            async with line.connection():
                pass
    await line.close()


@pytest.mark.usefixtures("tenant")
async def test_a_line_that_falls_silent_fails_every_request_in_time_and_works_when_it_heals(
    line: Line,
) -> None:
    await _all_work()
    line.stall()
    for _ in range(2):  # the second find their predecessors' lines given up
        began = time.monotonic()
        outcomes = await asyncio.gather(
            *(work() for work in EVERYTHING * 3), return_exceptions=True
        )
        assert time.monotonic() - began < PROMISED
        assert all(
            isinstance(outcome, BaseException) and storage.is_outage(outcome)
            for outcome in outcomes
        ), outcomes
    await line.heal()
    await _all_work()
    await _pool_is_whole()


@pytest.mark.usefixtures("tenant")
async def test_more_rows_than_a_silent_line_takes_are_given_up_like_few(line: Line) -> None:
    await _all_work()
    line.stall()
    much = [audit_events.append(_event(note="x" * 50_000)) for _ in range(500)]
    began = time.monotonic()
    outcomes = await asyncio.gather(*much, return_exceptions=True)
    assert time.monotonic() - began < PROMISED
    assert all(
        isinstance(outcome, BaseException) and storage.is_outage(outcome) for outcome in outcomes
    )
    await line.heal()
    await _all_work()


@pytest.mark.usefixtures("tenant")
@pytest.mark.parametrize("ends_with", [None, ValueError("no")])
async def test_a_line_that_falls_silent_before_the_end_of_a_transaction_is_given_up(
    line: Line, ends_with: Exception | None
) -> None:
    async def work() -> None:
        async with storage.transaction():
            await users.find_by_login("alice")
            line.stall()
            if ends_with is not None:
                raise ends_with

    began = time.monotonic()
    with pytest.raises((TimeoutError, ValueError)) as failed:
        await work()
    assert time.monotonic() - began < PROMISED
    assert storage.is_outage(failed.value) or failed.value is ends_with
    await line.heal()
    await _all_work()
    await _pool_is_whole()


@pytest.mark.usefixtures("tenant")
async def test_a_line_that_is_cut_costs_one_attempt_at_most(line: Line) -> None:
    await _all_work()
    line.cut()
    for work in EVERYTHING:
        try:
            await work()
        except Exception as error:  # noqa: BLE001  # which it is depends on who notices first
            assert storage.is_outage(error), repr(error)  # noqa: PT017
    await _all_work()
    await _pool_is_whole()


@pytest.mark.usefixtures("tenant")
async def test_a_line_that_is_lost_between_two_statements_of_a_transaction_is_an_outage(
    line: Line,
) -> None:
    async def work() -> None:
        async with storage.transaction():
            await users.find_by_login("alice")
            line.cut()
            await asyncio.sleep(0.1)  # the driver notices, and the pool takes its connection back
            await users.find_by_login("alice")

    [outcome] = await asyncio.gather(work(), return_exceptions=True)
    assert outcome is not None
    assert storage.is_outage(outcome), repr(outcome)
    await _all_work()
    await _pool_is_whole()


@pytest.mark.usefixtures("tenant")
async def test_requests_that_leave_a_silent_line_take_no_place_with_them(line: Line) -> None:
    await _all_work()
    line.stall()
    tasks = [asyncio.create_task(work()) for work in EVERYTHING * 5]
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=PROMISED)
    assert all(task.done() for task in tasks)
    await line.heal()
    await _all_work()
    await _pool_is_whole()


async def test_whoever_opens_the_first_connection_into_silence_keeps_nobody_waiting(
    postgres_settings_of_own: DatabaseSettings, postgres: PostgresServer
) -> None:
    async with line_to(postgres.port) as line:
        line.stall()
        url = postgres_settings_of_own.url.get_secret_value()
        through = SecretStr(url.replace(f":{postgres.port}/", f":{line.port}/"))
        settings = postgres_settings_of_own.model_copy(update={"url": through})
        async with storage.opened(settings):
            began = time.monotonic()
            outcomes = await asyncio.gather(
                *(TenantRow.all().count() for _ in range(5)), return_exceptions=True
            )
            assert time.monotonic() - began < 8
            assert all(isinstance(outcome, TimeoutError) for outcome in outcomes)
            await line.heal()
            assert await TenantRow.all().count() == 0
