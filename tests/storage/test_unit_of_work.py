"""One transaction for one request: what counts as committed, and what follows."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from structlog.testing import capture_logs
from tortoise import connections

from authgate import storage
from authgate.settings import DatabaseSettings
from authgate.storage.postgres.client import NotCommitted
from authgate_tenants.lifecycle import SlugTaken
from authgate_tenants.models import TenantRow
from authgate_testing import PostgresServer
from authgate_testing.tenants import create_tenant


async def test_a_transaction_that_postgresql_aborted_is_not_taken_for_committed(
    postgres_settings_of_own: DatabaseSettings,
) -> None:
    async def overlooks_an_error() -> None:
        async with storage.transaction():
            await create_tenant(slug="lost", name="Lost")
            with pytest.raises(SlugTaken):
                await create_tenant(slug="lost", name="Lost")

    async with storage.opened(postgres_settings_of_own):
        with pytest.raises(NotCommitted):
            await overlooks_an_error()
        assert await TenantRow.all().count() == 0
        await create_tenant(slug="next", name="Next")


@pytest.mark.usefixtures("database")
async def test_what_follows_a_commit_is_done_although_something_before_it_fails() -> None:
    called = []

    async def fails() -> None:
        raise RuntimeError("nobody hears me")

    async def works() -> None:
        called.append(await TenantRow.all().count())

    with capture_logs() as logs:
        async with storage.transaction():
            await create_tenant(slug="acme", name="Acme")
            for callback in (fails, works, fails, works):
                await storage.after_commit(callback)
    assert called == [1, 1]
    assert [line["event"] for line in logs] == ["after commit failed"] * 2


@pytest.mark.usefixtures("database")
async def test_nothing_follows_a_rollback() -> None:
    called = []

    async def follows() -> None:
        called.append(True)

    async with storage.transaction() as unit:
        await storage.after_commit(follows)
        unit.doom()
    assert called == []


COMMIT_SECONDS = 0.3


@pytest.fixture
async def slow_commit(
    database: DatabaseSettings, postgres: PostgresServer
) -> Callable[[], Awaitable[None]]:
    """Begins a unit of work whose COMMIT, once there is a tenant in it, takes its time."""

    async def begin() -> None:
        if not database.is_sqlite:
            return
        driver = connections.get("default")._connection
        await driver.set_trace_callback(
            lambda statement: time.sleep(COMMIT_SECONDS) if statement == "COMMIT" else None
        )

    if not database.is_sqlite:
        name = database.url.get_secret_value().rpartition("/")[2]
        postgres.slow_commits(name, table="tenants", seconds=COMMIT_SECONDS)
    return begin


@pytest.mark.parametrize("cancellations", [1, 3])
async def test_who_is_cancelled_during_commit_has_committed_and_what_follows_is_done(
    slow_commit: Callable[[], Awaitable[None]], cancellations: int
) -> None:
    called, body_done = [], asyncio.Event()

    async def follows() -> None:
        await asyncio.sleep(0.01)
        called.append(await TenantRow.all().count())

    async def work() -> None:
        async with storage.transaction():
            await slow_commit()
            await create_tenant(slug="acme", name="Acme")
            await storage.after_commit(follows)
            body_done.set()

    working = asyncio.create_task(work())
    await body_done.wait()
    for _ in range(cancellations):
        await asyncio.sleep(COMMIT_SECONDS / 5)
        assert not working.done()
        working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert called == [1]
    assert await TenantRow.all().count() == 1


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("turns", range(24))
async def test_whenever_a_unit_is_cancelled_it_is_whole_or_absent_with_what_follows(
    turns: int,
) -> None:
    called = []

    async def follows() -> None:
        called.append(True)

    async def work() -> None:
        async with storage.transaction():
            await create_tenant(slug="acme", name="Acme")
            await storage.after_commit(follows)

    working = asyncio.create_task(work())
    for _ in range(turns):
        await asyncio.sleep(0.0002)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    assert len(called) == await TenantRow.all().count()
    async with asyncio.timeout(30), storage.transaction():
        await create_tenant(slug="next", name="Next")


@pytest.mark.usefixtures("database")
async def test_what_follows_a_commit_is_no_part_of_the_unit() -> None:
    seen = []

    async def follows() -> None:
        seen.append(storage.in_transaction())
        await storage.after_commit(later)

    async def later() -> None:
        seen.append(storage.in_transaction())

    async with storage.transaction():
        await storage.after_commit(follows)
    assert seen == [False, False]
