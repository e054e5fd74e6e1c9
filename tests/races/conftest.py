"""Two server processes that race each other on one database.

They and the server that sets the scene are started once for each file and database; each test has a
tenant of its own there. They are gone before the next file: a process has one database open, and
the jobs of a server that stayed would be done on somebody else's.
"""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr

from authgate import provisioning
from authgate.app import serving
from authgate.settings import DatabaseSettings, KeySettings, LimitSettings, Settings
from authgate_tenants import Tenant
from authgate_testing import PostgresServer
from authgate_testing.databases import postgres_settings
from authgate_testing.doors import alice, console, password_hash, person  # noqa: F401 - fixtures
from authgate_testing.racer import Racers
from authgate_testing.server import BASE_URL, MovableClock, RunningServer
from authgate_testing.terminal import environment

ROUNDS = 5
SERVICES = Path(__file__).parent.parent / "services"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database_settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DatabaseSettings]:
    """A migrated, empty database of these tests' own, once of each kind."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("races") / "authgate.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield DatabaseSettings(url=SecretStr(f"sqlite://{path}"))
        return
    postgres: PostgresServer = request.getfixturevalue("postgres")
    name = f"races_{uuid4().hex}"
    postgres.create_database(name, template=request.getfixturevalue("postgres_template"))
    yield postgres_settings(postgres, name)
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def settings(
    database_settings: DatabaseSettings, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """The settings of everybody who serves that database."""
    return Settings(
        database=database_settings,
        keys=KeySettings(kek_file=tmp_path_factory.mktemp("keys") / "kek"),
        limits=LimitSettings(enabled=False),  # every racer has to get through to the row
        log_level="error",
    )


@pytest.fixture(scope="module")
async def server(settings: Settings) -> AsyncIterator[RunningServer]:
    """Who sets the scene: a server in this process."""
    clock = MovableClock()
    async with serving(settings, clock=clock) as (app, parts):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            yield RunningServer(parts, transport, http, clock)


@pytest.fixture
async def acme(server: RunningServer) -> Tenant:
    """A tenant of this test's own."""
    return await provisioning.add_tenant(server.parts, slug=f"acme-{uuid4().hex}", name="Acme")


@asynccontextmanager
async def _racing(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "authgate_testing.racer",
        env=environment(settings)
        | {"PYTHONPATH": str(SERVICES), "AUTHGATE_LIMITS__ENABLED": "false"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 30)


@pytest.fixture(scope="module")
async def racers(settings: Settings, server: RunningServer) -> AsyncIterator[Racers]:
    """Two processes that serve the database of ``server``."""
    async with AsyncExitStack() as stack:
        yield await Racers.ready(
            [await stack.enter_async_context(_racing(settings)) for _ in range(2)]
        )


@pytest.fixture
async def victim(
    settings: Settings, server: RunningServer
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another such process, to be killed."""
    async with _racing(settings) as process:
        await Racers.ready([process])
        yield process


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How often a race is run."""
    times: int = request.config.getoption("--rounds")
    return ROUNDS * times
