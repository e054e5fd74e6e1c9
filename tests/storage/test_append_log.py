"""Group commit: what is refused, and who is told."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tortoise import connections

from authgate import storage
from authgate.settings import DatabaseSettings
from authgate.storage.append_log import AppendLog, Row, SqliteWriter, Table
from authgate.storage.database import sqlite_path
from authgate.storage.sqlite_client import turn_of

_NOTES = Table("notes", ("n", "text"))


@pytest.fixture
async def log(sqlite_settings: DatabaseSettings) -> AsyncIterator[AppendLog]:
    """A log whose disk has room for a few notes more."""
    path = sqlite_path(sqlite_settings)
    async with storage.opened(sqlite_settings):
        client = connections.get("default")
        await client.execute_script("CREATE TABLE notes (n INTEGER PRIMARY KEY, text)")
        [pages] = await client.execute_query_dict("PRAGMA page_count")
        writer = SqliteWriter(path, turn_of(client))
        limit = f"PRAGMA max_page_count={pages['page_count'] + 4}"
        writer._thread.submit(lambda: writer._connected().execute(limit).close()).result()
        log = AppendLog(writer, "sqlite", seconds=6)
        yield log
        await log.close()


async def _stored() -> int:
    rows = await connections.get("default").execute_query_dict("SELECT count(*) AS n FROM notes")
    count: int = rows[0]["n"]
    return count


async def test_a_full_disk_is_an_outage_for_every_request_of_the_batch(log: AppendLog) -> None:
    outcomes = await asyncio.gather(
        *(log.append(Row(_NOTES, (number, "x" * 3000))) for number in range(50)),
        return_exceptions=True,
    )
    # The first one found nobody to share its transaction with.
    failed = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(failed) == 50 - await _stored() >= 49
    assert all("full" in str(error) and storage.is_outage(error) for error in failed)
    await log.append(Row(_NOTES, (100, "")))


async def test_a_bad_row_fails_its_own_request_alone(log: AppendLog) -> None:
    numbers = [1, 2, 2, 3]
    outcomes = await asyncio.gather(
        *(log.append(Row(_NOTES, (number, ""))) for number in numbers), return_exceptions=True
    )
    assert [outcome is None for outcome in outcomes] == [True, True, False, True]
    assert await _stored() == 3
