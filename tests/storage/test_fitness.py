"""A process that is started while its database is away waits for it, and not for ever."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from authgate import storage
from authgate.settings import DatabaseSettings
from authgate.storage import fitness
from authgate.storage.fitness import LoginRefused
from authgate_testing import PostgresServer
from authgate_testing.line import Line, line_to


@pytest.fixture
async def line(postgres: PostgresServer) -> AsyncIterator[Line]:
    """A line to PostgreSQL on which nobody answers yet."""
    async with line_to(postgres.port) as line:
        await line.refuse()
        yield line


@pytest.fixture
async def settings(
    postgres: PostgresServer, postgres_settings_of_own: DatabaseSettings, line: Line
) -> AsyncIterator[DatabaseSettings]:
    """A database at the other end of it, opened in this process."""
    url = postgres_settings_of_own.url.get_secret_value()
    through = SecretStr(url.replace(f":{postgres.port}/", f":{line.port}/"))
    settings = postgres_settings_of_own.model_copy(update={"url": through})
    async with storage.opened(settings):
        yield settings


async def test_a_process_waits_for_a_database_that_is_away(
    settings: DatabaseSettings, line: Line
) -> None:
    waiting = asyncio.create_task(fitness.wait(settings))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await line.heal()
    await asyncio.wait_for(waiting, 30)


async def test_a_process_does_not_wait_for_ever(settings: DatabaseSettings) -> None:
    [outcome] = await asyncio.gather(fitness.wait(settings, seconds=0.3), return_exceptions=True)
    assert outcome is not None
    assert storage.is_outage(outcome), repr(outcome)


async def test_a_process_does_not_wait_for_what_time_cannot_mend(
    settings: DatabaseSettings, line: Line, postgres: PostgresServer
) -> None:
    await line.heal()
    name = settings.url.get_secret_value().rpartition("/")[2]
    postgres.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    async with asyncio.timeout(30):
        with pytest.raises(LoginRefused):
            await fitness.wait(settings)
