"""``authgate migrate`` on PostgreSQL while servers of the version before write."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import asyncpg
import pytest

from authgate.settings import DatabaseSettings
from authgate.storage import migrate as migrating
from authgate.storage.database import dsn
from authgate.storage.migrate import TableBusy, migrate
from authgate.storage.postgres import policies, row_security
from authgate_testing import PostgresServer
from authgate_testing.migrations import MIGRATIONS

_APPEND = (
    "INSERT INTO audit_events (id, tenant_id, event_type, severity, occurred_at, success,"
    " actor_type, actor_id, actor_name, client_id, resource_type, resource_id, ip, user_agent,"
    " request_id, details) VALUES (gen_random_uuid(), gen_random_uuid(), 'ACCESS_TOKEN_ISSUED',"
    " 'INFO', now(), true, 'client', '', '', '', 'token', '', '', '', '', '{}')"
)
_WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock' AND query LIKE $1"
)
_ASKED = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
    " AND query LIKE 'SELECT pg_%advisory_lock%' AND pid <> pg_backend_pid()"
    " AND usename = 'authgate_owner'"
)
_WALLS = (
    "SELECT relname, relacl::text, polname, pg_get_expr(polqual, polrelid) AS seen,"
    " pg_get_expr(polwithcheck, polrelid) AS fit FROM pg_class c JOIN pg_policy p"
    " ON p.polrelid = c.oid ORDER BY relname, polname"
)
_INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
_BEFORE_INDEXES = "0076_log_keeping"
_BEFORE_COLUMNS = "0068_authenticators"

Line = asyncpg.Connection
Lines = Callable[[], Coroutine[None, None, Line]]


@pytest.fixture
async def lines(
    postgres: PostgresServer, postgres_settings_of_own: DatabaseSettings
) -> AsyncIterator[Lines]:
    """Connections to the database, as somebody whom no wall holds."""
    name = postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]
    opened: list[Line] = []

    async def line() -> Line:
        opened.append(await asyncpg.connect(dsn(postgres.superuser_dsn(name))))
        return opened[-1]

    yield line
    for each in opened:
        await each.close()


@asynccontextmanager
async def _migration_waiting(
    settings: DatabaseSettings, watcher: Line, query: str
) -> AsyncIterator[tuple[asyncio.Task[list[str]], int]]:
    """A migration, and the process whose statement waits for a lock."""
    task = asyncio.create_task(migrate(settings))
    async with asyncio.timeout(20):
        while (pid := await watcher.fetchval(_WAITING, query)) is None:
            assert not task.done(), await task
            await asyncio.sleep(0.02)
    yield task, pid


async def test_events_are_written_while_an_index_is_made_and_a_broken_build_is_done_again(
    postgres_settings_of_own: DatabaseSettings, lines: Lines
) -> None:
    settings = postgres_settings_of_own
    holder, writer = await lines(), await lines()
    await migrate(settings, target=_BEFORE_INDEXES)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute(_APPEND)
    async with _migration_waiting(settings, writer, "CREATE INDEX%") as (task, pid):
        await writer.execute(_APPEND, timeout=5)
        assert not task.done()
        await writer.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await task
    await transaction.commit()
    assert await writer.fetchval(_INVALID) == 1
    assert await migrate(settings) == [name for name in MIGRATIONS if name > _BEFORE_INDEXES]
    assert await writer.fetchval(_INVALID) == 0


async def test_whoever_waits_for_another_migration_does_not_hold_its_index_up(
    postgres_settings_of_own: DatabaseSettings, lines: Lines
) -> None:
    first, watcher = await lines(), await lines()
    await first.fetchval("SELECT pg_advisory_lock($1)", migrating._LOCK)
    second = asyncio.create_task(migrate(postgres_settings_of_own))
    async with asyncio.timeout(20):
        while not await watcher.fetchval(_ASKED):  # noqa: ASYNC110 - the database says it
            await asyncio.sleep(0.02)
        await first.execute("CREATE INDEX CONCURRENTLY tried ON audit_events (id)")
        assert not second.done()
        await first.fetchval("SELECT pg_advisory_unlock($1)", migrating._LOCK)
        assert await second == []


async def test_a_column_waits_for_a_free_table_and_keeps_nobody_waiting(
    postgres_settings_of_own: DatabaseSettings, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = postgres_settings_of_own
    holder, writer = await lines(), await lines()
    await migrate(settings, target=_BEFORE_COLUMNS)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute(_APPEND)
    with monkeypatch.context() as impatient:
        impatient.setattr(migrating, "_PAUSES", ())
        with pytest.raises(TableBusy, match="long transaction"):
            await migrate(settings)
    async with _migration_waiting(settings, writer, "ALTER TABLE%") as (task, _):
        await writer.execute(_APPEND, timeout=5)
        assert not task.done()
        await transaction.commit()
        assert await task == [name for name in MIGRATIONS if name > _BEFORE_COLUMNS]


async def test_a_table_has_its_walls_at_each_moment_and_keeps_nobody_waiting(
    postgres_settings_of_own: DatabaseSettings, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, holder, watcher = postgres_settings_of_own, await lines(), await lines()
    await migrate(settings)
    before = await watcher.fetch(_WALLS)
    assert {"sweep_sees_expired", "tenant_isolation"} <= {each["polname"] for each in before}
    with monkeypatch.context() as broken:
        # What breaks off is as it was: neither a policy nor a right is lacking.
        broken.setitem(policies.SWEPT, "mails", "no_such_column < now()")
        with pytest.raises(asyncpg.UndefinedColumnError):
            await migrate(settings)
    assert await watcher.fetch(_WALLS) == before
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("SELECT 1 FROM mails")
    with monkeypatch.context() as impatient:
        impatient.setattr(row_security, "_PAUSES", ())
        with pytest.raises(TableBusy, match="long transaction"):
            await migrate(settings)
    async with _migration_waiting(settings, watcher, "%ALTER TABLE mails%") as (task, _):
        await watcher.execute("SELECT 1 FROM mails", timeout=5)
        assert not task.done()
        await transaction.commit()
        assert await task == []
    assert await watcher.fetch(_WALLS) == before
