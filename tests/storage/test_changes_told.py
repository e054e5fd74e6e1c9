"""What the database itself tells of changes, from process to process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from authgate import installation, provisioning, storage
from authgate.clock import utc_now
from authgate.settings import DatabaseSettings, Settings
from authgate.storage.invalidation import EVERY_TOPIC, Listening
from authgate.storage.postgres.invalidation import PostgresInvalidations
from authgate.storage.sqlite.invalidation import SqliteInvalidations
from authgate_tenants import use_tenant
from authgate_tenants.models import TenantDataKey
from authgate_testing import PgBouncer, PostgresServer
from authgate_testing.databases import on_postgres
from authgate_testing.line import line_to

ACME = uuid4()
CLI = ("clients", ACME, "cli")
EVERYTHING = ("clients", None)
WITHIN = 1.2
"""The second that is promised, and somebody else's turn."""
PATIENCE = 20.0
"""For what nobody has promised: on a busy machine an attempt to connect may be given up."""


class _Process:
    """What one of several remembers, and what it has been told to forget."""

    def __init__(self, settings: DatabaseSettings) -> None:
        kind = SqliteInvalidations if settings.is_sqlite else PostgresInvalidations
        self.invalidations: Listening = kind(settings)
        self.told: list[tuple[str, UUID | None, *tuple[str, ...]]] = []
        self._rang = asyncio.Event()
        self.invalidations.subscribe("clients", self._forget)

    def _forget(self, tenant_id: UUID | None, *parts: str) -> None:
        self.told.append(("clients", tenant_id, *parts))
        self._rang.set()

    async def hears(self) -> None:
        """Wait until it does: what was said before that it has missed."""
        async with asyncio.timeout(PATIENCE):
            while not self.invalidations.are_heard:
                assert await self.next(PATIENCE) == EVERYTHING
        self.told.clear()

    async def next(self, within: float = WITHIN) -> tuple[str, UUID | None, *tuple[str, ...]]:
        async with asyncio.timeout(within):
            while not self.told:
                self._rang.clear()
                await self._rang.wait()
        return self.told.pop(0)


@asynccontextmanager
async def listening(settings: DatabaseSettings) -> AsyncIterator[_Process]:
    process = _Process(settings)
    async with process.invalidations as invalidations:
        invalidations.begin()
        await process.hears()
        yield process


@pytest.fixture
async def one(database: DatabaseSettings) -> AsyncIterator[_Process]:
    async with listening(database) as process:
        yield process


@pytest.fixture
async def two(database: DatabaseSettings) -> AsyncIterator[_Process]:
    async with listening(database) as process:
        yield process


async def undone(process: _Process) -> None:
    async with storage.transaction() as unit:
        await process.invalidations.publish("clients", ACME, "undone")
        unit.doom()


async def test_a_change_is_told_once_it_is_committed_and_not_before(
    one: _Process, two: _Process, database: DatabaseSettings
) -> None:
    await undone(one)
    async with storage.transaction():
        await one.invalidations.publish(*CLI)
        assert one.told == two.told == []
    assert await one.next() == CLI
    assert await two.next() == (EVERYTHING if database.is_sqlite else CLI)


async def test_a_process_that_remembers_nothing_does_not_listen(
    database: DatabaseSettings,
) -> None:
    process = _Process(database)
    async with process.invalidations as invalidations:
        await invalidations.publish(*CLI)
        assert (invalidations._task, process.told) == (None, [CLI])


async def test_on_sqlite_a_process_keeps_the_rest_when_it_changes_something_itself(
    sqlite_settings: DatabaseSettings,
) -> None:
    async with storage.opened(sqlite_settings), listening(sqlite_settings) as process:
        for _ in range(3):
            await process.invalidations.publish(*CLI)
            await undone(process)
            assert await process.next() == CLI
        command = _Process(sqlite_settings)
        await process.invalidations.publish(*CLI)
        await command.invalidations.publish("clients", ACME, "another")
        assert [await process.next() for _ in range(2)] == [CLI, EVERYTHING]


async def test_a_process_whose_session_was_ended_forgets_everything_and_listens_again(
    postgres_settings_of_own: DatabaseSettings, postgres: PostgresServer
) -> None:
    settings = postgres_settings_of_own
    async with storage.opened(settings), listening(settings) as process:
        await asyncio.to_thread(
            postgres.execute,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query ILIKE '%listen%' AND pid <> pg_backend_pid()"
            " AND datname = current_database()",
            database=settings.url.get_secret_value().rpartition("/")[2],
        )
        assert await process.next() == EVERYTHING
        await process.hears()
        await process.invalidations.publish(*CLI)
        assert await process.next() == CLI


async def test_a_process_that_hears_nothing_any_more_forgets_within_a_second_again_and_again(
    postgres_settings_of_own: DatabaseSettings, postgres: PostgresServer
) -> None:
    direct = postgres_settings_of_own.url.get_secret_value()
    async with line_to(postgres.port) as line:
        url = direct.replace(f":{postgres.port}/", f":{line.port}/")
        settings = DatabaseSettings(url=SecretStr(url))
        async with listening(settings) as process:
            line.stall()
            assert [await process.next() for _ in range(2)] == [EVERYTHING] * 2
            assert not process.invalidations.are_heard
            await line.heal()
            await process.hears()


async def test_an_attempt_to_hear_is_given_up_in_time_however_many_steps_it_takes(
    postgres_settings_of_own: DatabaseSettings, postgres: PostgresServer
) -> None:
    direct = postgres_settings_of_own.url.get_secret_value()
    async with line_to(postgres.port) as line:
        line.slow_down(0.07)  # no step takes half a second, and all of them do
        url = direct.replace(f":{postgres.port}/", f":{line.port}/")
        process = _Process(DatabaseSettings(url=SecretStr(url)))
        async with process.invalidations as invalidations:
            invalidations.begin()
            assert await process.next() == EVERYTHING
            assert not invalidations.are_heard


async def test_a_process_behind_a_pooler_that_nobody_told_of_knows_that_it_cannot_hear(
    postgres_settings_of_own: DatabaseSettings, pgbouncer: PgBouncer
) -> None:
    name = postgres_settings_of_own.url.get_secret_value().rpartition("/")[2]
    pooled = DatabaseSettings(url=SecretStr(pgbouncer.dsn(name, user="authgate_app")))
    process = _Process(pooled)
    async with process.invalidations as invalidations:
        invalidations.begin()
        for _ in range(2):
            assert await process.next() == EVERYTHING
            assert not invalidations.are_heard
    with pytest.raises(ConnectionError, match="pooler"):
        await invalidations._listen()


@on_postgres
async def test_a_process_that_keeps_nothing_but_opened_keys_hears_of_their_end(
    settings: Settings,
) -> None:
    async with installation.opened(settings) as parts:
        tenant = await provisioning.add_tenant(parts, slug="acme", name="Acme")
        with use_tenant(tenant):
            # Those of this minute are not kept.
            await TenantDataKey.all().update(created_at=utc_now() - timedelta(hours=1))
    # As a worker that only sends mail.
    async with installation.opened(settings) as parts:
        told = asyncio.Event()
        parts.invalidations.subscribe("secrets", lambda *_: told.set())
        with use_tenant(tenant):
            await parts.encryption.cipher(tenant.id)
            async with asyncio.timeout(PATIENCE):
                await told.wait()
            kept = await parts.encryption.cipher(tenant.id)
            assert kept is await parts.encryption.cipher(tenant.id)
            told.clear()
            await PostgresInvalidations(settings.database).publish(EVERY_TOPIC, tenant.id)
            async with asyncio.timeout(WITHIN):
                await told.wait()
            assert kept is not await parts.encryption.cipher(tenant.id)


async def test_what_nobody_understands_is_taken_for_the_worst(
    one: _Process, database: DatabaseSettings
) -> None:
    del database
    for message in (b"?", b"{}", b'["clients"]', b'["clients","acme","cli"]', b"3"):
        one.invalidations._heard(message)
        assert await one.next() == EVERYTHING
    await one.invalidations.publish(EVERY_TOPIC, ACME)
    assert await one.next() == ("clients", ACME)
