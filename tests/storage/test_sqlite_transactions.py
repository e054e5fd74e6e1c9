"""SQLite's one writer: whoever is cancelled or refused, the next one gets its turn."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
from tortoise import connections
from tortoise.exceptions import OperationalError

from authgate import storage
from authgate.settings import DatabaseSettings
from authgate.storage.database import sqlite_path
from authgate_tenants.models import TenantRow
from authgate_testing.tenants import create_tenant


@pytest.fixture(autouse=True)
async def opened(sqlite_settings: DatabaseSettings) -> AsyncIterator[None]:
    """An SQLite database that waits only briefly for another process."""
    async with storage.opened(sqlite_settings):
        await connections.get("default").execute_script("PRAGMA busy_timeout=20")
        yield


@pytest.fixture
def another_process(sqlite_settings: DatabaseSettings) -> Iterator[sqlite3.Connection]:
    """Somebody else who writes to the same file."""
    connection = sqlite3.connect(sqlite_path(sqlite_settings), isolation_level=None)
    yield connection
    connection.close()


async def _next_one_writes(slug: str = "next") -> None:
    async with asyncio.timeout(30):
        async with storage.transaction():
            await create_tenant(slug=slug, name="Next")
        assert await TenantRow.filter(slug=slug).count() == 1


async def _write(number: int) -> None:
    async with storage.transaction():
        await create_tenant(slug=f"first{number}", name="First")
        await create_tenant(slug=f"second{number}", name="Second")


async def test_transactions_cancelled_anywhere_are_whole_or_absent_and_the_next_one_writes() -> (
    None
):
    chance = random.Random(7)  # noqa: S311  # the same moments every time
    tasks = [asyncio.create_task(_write(number)) for number in range(60)]
    for task in chance.sample(tasks, len(tasks)):
        for _ in range(chance.randrange(12)):
            await asyncio.sleep(0.0001)
        task.cancel()
    await asyncio.wait(tasks)

    await _next_one_writes()
    slugs = {row.slug for row in await TenantRow.exclude(slug="next")}
    assert {slug.removeprefix("first") for slug in slugs if slug.startswith("first")} == {
        slug.removeprefix("second") for slug in slugs if slug.startswith("second")
    }


@pytest.mark.parametrize("turns", range(12))
async def test_a_transaction_cancelled_after_any_number_of_steps_leaves_the_turn(
    turns: int,
) -> None:
    task = asyncio.create_task(_write(0))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await _next_one_writes()


async def test_a_refused_begin_is_an_outage_and_leaves_the_turn(
    another_process: sqlite3.Connection,
) -> None:
    another_process.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked") as refused:
        await _write(0)
    assert storage.is_outage(refused.value)
    another_process.execute("ROLLBACK")
    await _next_one_writes()


async def _in_a_transaction(statement: str) -> None:
    async with storage.transaction():
        await connections.get("default").execute_query(statement)


async def test_a_refused_commit_is_told_and_leaves_no_transaction_behind() -> None:
    await _in_a_transaction(
        "CREATE TABLE child (id REFERENCES tenants (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    with pytest.raises(sqlite3.IntegrityError):
        await _in_a_transaction("INSERT INTO child VALUES (1)")
    await _next_one_writes()


async def test_a_transaction_that_sqlite_gave_up_is_not_taken_for_committed() -> None:
    with pytest.raises(sqlite3.OperationalError, match="no transaction"):
        await _in_a_transaction("ROLLBACK")
    await _next_one_writes()


async def test_rows_added_together_and_cancelled_leave_no_transaction_behind() -> None:
    client = connections.get("default")
    await client.execute_script("CREATE TABLE numbers (n)")
    for turns in range(6):
        many = asyncio.create_task(
            client.execute_many("INSERT INTO numbers VALUES (?)", [[1], [2]])
        )
        for _ in range(turns):
            await asyncio.sleep(0)
        many.cancel()
        with suppress(asyncio.CancelledError):
            await many
    await _next_one_writes()


async def test_a_connection_that_cannot_be_made_leaves_the_turn(
    another_process: sqlite3.Connection,
) -> None:
    client = connections.get("default")
    await client.close()
    path, client.filename = client.filename, "/nowhere/at/all.db"
    for _ in range(2):
        with pytest.raises((sqlite3.OperationalError, OperationalError), match="unable to open"):
            async with asyncio.timeout(30):
                await client.execute_query("SELECT 1")
    client.filename = path
    await _next_one_writes()
