"""What is over goes, whoever's it is; nothing else does."""

import asyncio
import contextlib
from datetime import timedelta
from functools import partial
from itertools import accumulate, chain, count, repeat
from types import SimpleNamespace

import asyncpg
import pytest
from pydantic import SecretStr

from authgate.clock import utc_now
from authgate.settings import DatabaseSettings
from authgate.storage import database
from authgate.storage.sweep import expiry
from authgate.storage.sweep.expiry import remove_expired
from authgate_testing import PgBouncer, PostgresServer
from authgate_testing.expired_rows import OVER, STAYING, ExpiredRows, store_expired_rows

_SPREAD = """
UPDATE tokens SET expires_at = now() - random() * interval '1 day' - interval '1 hour'
WHERE expires_at < now()
"""
_READ = """
SELECT sum(idx_tup_read) FROM pg_stat_user_indexes JOIN pg_index USING (indexrelid)
WHERE relname = 'tokens' AND pg_get_indexdef(indexrelid) LIKE '%(expires_at)'
"""

OF_BOTH = {table: 2 * rows for table, rows in OVER.items()}


async def test_expired_rows_go_and_the_others_stay_in_every_tenant(
    expired_rows: ExpiredRows,
) -> None:
    removed = await remove_expired(expired_rows.settings, batch=1000, now=utc_now())
    assert removed == OF_BOTH
    assert await expired_rows.left() == [STAYING, STAYING]


async def test_removing_twice_removes_once(expired_rows: ExpiredRows) -> None:
    await remove_expired(expired_rows.settings, batch=1000, now=utc_now())
    again = await remove_expired(expired_rows.settings, batch=1000, now=utc_now())
    assert not any(again.values())
    assert await expired_rows.left() == [STAYING, STAYING]


async def test_one_row_at_a_time_removes_the_same(expired_rows: ExpiredRows) -> None:
    removed = await remove_expired(expired_rows.settings, batch=1, now=utc_now())
    assert removed == OF_BOTH
    assert await expired_rows.left() == [STAYING, STAYING]


async def test_two_at_once_get_in_nobodys_way(expired_rows: ExpiredRows) -> None:
    await expired_rows.more_tokens(1000, now=utc_now())
    runs = [remove_expired(expired_rows.settings, batch=50, now=utc_now()) for _ in range(4)]
    removed = await asyncio.gather(*runs)
    assert sum(each["tokens"] for each in removed) == 1000 + OF_BOTH["tokens"]
    assert await expired_rows.left() == [STAYING, STAYING]


async def test_a_run_without_time_stops_and_the_next_one_goes_on(
    expired_rows: ExpiredRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    await expired_rows.more_tokens(100, now=utc_now())
    settings, runs, total = expired_rows.settings, 0, 0
    # A clock by which each batch takes all the time that there is, however fast the machine.
    monkeypatch.setattr(expiry, "time", SimpleNamespace(monotonic=partial(next, count(0, 0.001))))
    while total < 100 + sum(OF_BOTH.values()):
        removed = await remove_expired(settings, batch=20, now=utc_now(), seconds=0.0015)
        runs, total = runs + 1, total + sum(removed.values())
    assert runs > 5
    assert await expired_rows.left() == [STAYING, STAYING]


async def test_batches_grow_while_they_are_quick_and_become_smaller_when_they_take_long(
    expired_rows: ExpiredRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    await expired_rows.more_tokens(2000, now=utc_now())
    # The clock is read three times for each batch. After all kinds tokens have turns of their own:
    # to the second one each takes half a millisecond, and then four.
    quick, half, four = 3 * len(expiry.KINDS) + 5, 2**-11, 2**-8
    clock = accumulate(chain(repeat(half, quick), repeat(four)))
    monkeypatch.setattr(expiry, "time", SimpleNamespace(monotonic=partial(next, clock)))
    four_turns = half * (quick - 1) + four * 4.5
    removed = await remove_expired(
        expired_rows.settings, batch=400, now=utc_now(), seconds=four_turns
    )
    is_sqlite = expired_rows.settings.is_sqlite
    turns = (50, 204, 400, 204) if is_sqlite else (200, 400, 400, 204)
    assert removed["tokens"] == sum(turns)


async def test_a_batch_does_not_read_what_those_before_have_deleted(
    postgres: PostgresServer, postgres_settings_of_own: DatabaseSettings
) -> None:
    rows = await store_expired_rows(postgres_settings_of_own, now=utc_now())
    await rows.more_tokens(1000, now=utc_now())
    name = postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]
    postgres.execute(_SPREAD, database=name)
    # As with many rows: of a few PostgreSQL would read all.
    for way in ("seqscan", "bitmapscan"):
        postgres.execute(f"ALTER DATABASE {name} SET enable_{way} = off")
    [before] = postgres.execute(_READ, database=name)
    reader = await asyncpg.connect(database.dsn(postgres_settings_of_own.url.get_secret_value()))
    try:
        # While somebody looks at what was, PostgreSQL keeps what is deleted where it is found.
        async with reader.transaction(isolation="repeatable_read"):
            await reader.fetchval("SELECT count(*) FROM tenants")
            removed = await remove_expired(rows.settings, batch=100, now=utc_now())
    finally:
        await reader.close()
    [after] = postgres.execute(_READ, database=name)
    assert removed["tokens"] == 1000 + OF_BOTH["tokens"]
    assert int(after) - int(before) < 3000, "ten batches that read all of it read more"


async def test_many_rows_of_one_table_do_not_keep_the_others_waiting(
    expired_rows: ExpiredRows,
) -> None:
    await expired_rows.more_tokens(2000, now=utc_now())
    run = asyncio.create_task(remove_expired(expired_rows.settings, batch=2, now=utc_now()))
    async with asyncio.timeout(60):
        left = await expired_rows.left()
        while _of_both(left, "login_failures") > 2 * STAYING["login_failures"]:
            left = await expired_rows.left()
    run.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await run
    assert _of_both(left, "tokens") > 2 * STAYING["tokens"]


def _of_both(left: list[dict[str, int]], table: str) -> int:
    """How many rows the two tenants have left in a table."""
    return sum(each[table] for each in left)


async def test_a_run_that_is_broken_off_leaves_whole_batches(expired_rows: ExpiredRows) -> None:
    await expired_rows.more_tokens(1000, now=utc_now())
    run = asyncio.create_task(remove_expired(expired_rows.settings, batch=10, now=utc_now()))
    await asyncio.sleep(0.05)
    run.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await run
    assert (await expired_rows.left())[1]["tokens"] >= STAYING["tokens"]
    await remove_expired(expired_rows.settings, batch=1000, now=utc_now())
    assert await expired_rows.left() == [STAYING, STAYING]


async def test_a_clock_that_is_years_ahead_removes_nothing_that_postgres_knows_to_be_valid(
    postgres_settings_of_own: DatabaseSettings,
) -> None:
    rows = await store_expired_rows(postgres_settings_of_own, now=utc_now())
    ahead = utc_now() + timedelta(days=3650)
    await remove_expired(rows.settings, batch=1000, now=ahead)
    for left in await rows.left():
        assert left["tokens"] == STAYING["tokens"]
        assert left["browser_sessions"] == STAYING["browser_sessions"]
        assert left["device_codes"] >= 1


async def test_the_sweep_role_cannot_read_or_remove_what_is_still_valid(
    postgres_settings_of_own: DatabaseSettings,
) -> None:
    await store_expired_rows(postgres_settings_of_own, now=utc_now())
    sweep = await asyncpg.connect(database.dsn(database.sweep_url(postgres_settings_of_own)))
    try:
        assert await sweep.fetchval("SELECT count(*) FROM tokens") == 2 * OVER["tokens"]
        assert await sweep.execute("DELETE FROM tokens") == f"DELETE {2 * OVER['tokens']}"
        assert await sweep.fetchval("SELECT count(id) FROM users") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await sweep.fetchval("SELECT username FROM users")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await sweep.execute("UPDATE tokens SET status = 'active'")
    finally:
        await sweep.close()


async def test_it_works_through_a_pooler_in_transaction_mode(
    postgres_settings_of_own: DatabaseSettings, pgbouncer: PgBouncer
) -> None:
    rows = await store_expired_rows(postgres_settings_of_own, now=utc_now())
    name = postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]
    pooled = postgres_settings_of_own.model_copy(
        update={"url": SecretStr(pgbouncer.dsn(name, user="authgate_app")), "pgbouncer": True}
    )
    assert await remove_expired(pooled, batch=1000, now=utc_now()) == OF_BOTH
    assert await rows.left() == [STAYING, STAYING]
