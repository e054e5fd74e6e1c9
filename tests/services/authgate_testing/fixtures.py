"""The fixtures that hand the services to tests.

Session-wide ones start a service when it is first asked for. With pytest-xdist every worker has a
set of its own: nothing is shared, so nothing needs locks.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page

from authgate.pretend.certificate import certificate_in
from authgate_testing.browser import (
    BrowserContextFactory,
    axe_violations,
    browser_contexts,
    browser_running,
    chromium_program,
)
from authgate_testing.collector import Collector, collecting
from authgate_testing.guarded_postgres import GuardedPostgres, guarded_postgres_running
from authgate_testing.guarded_redis import GuardedRedis, guarded_redis_running
from authgate_testing.pgbouncer import PgBouncer, pgbouncer_running
from authgate_testing.postgres import PostgresServer, postgres_running
from authgate_testing.redis_server import RedisServer, redis_running


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of the run's own."""
    with postgres_running() as server:
        yield server


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[str]:
    """The name of an empty database of the test's own."""
    name = f"test_{uuid4().hex}"
    postgres.create_database(name)
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def guarded_postgres() -> Iterator[GuardedPostgres]:
    """One that asks for passwords and speaks TLS."""
    with guarded_postgres_running() as guarded:
        yield guarded


@pytest.fixture(scope="session")
def pgbouncer(postgres: PostgresServer) -> Iterator[PgBouncer]:
    """A pooler in transaction mode in front of ``postgres``."""
    with pgbouncer_running(postgres) as pooler:
        yield pooler


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis server of the run's own."""
    with redis_running() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of Redis, emptied for this test."""
    redis_server.flush()
    return redis_server.url()


@pytest.fixture(scope="session")
def guarded_redis() -> Iterator[GuardedRedis]:
    """One that asks for a password and speaks TLS."""
    with guarded_redis_running() as guarded:
        yield guarded


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser's program."""
    return chromium_program()


@pytest.fixture(scope="session")
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    """One browser for the whole run; people in it come from ``browser_context_factory``."""
    async with browser_running(chromium) as running:
        yield running


@pytest.fixture
async def browser_context_factory(browser: Browser) -> AsyncIterator[BrowserContextFactory]:
    """Open a window of a new person: ``await browser_context_factory(color_scheme="dark")``."""
    async with browser_contexts(browser) as new_context:
        yield new_context


@pytest.fixture
async def browser_page(browser_context_factory: BrowserContextFactory) -> Page:
    """A page of a new person's window."""
    context = await browser_context_factory()
    return await context.new_page()


@pytest.fixture(name="axe_violations")
def _axe_violations() -> Callable[[Page], Awaitable[list[str]]]:
    """Judge a page: ``assert await axe_violations(page) == []``."""
    return axe_violations


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine that vouches for itself, and its key, as files."""
    return certificate_in(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector of traces, to which spans are sent soon."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    with collecting() as running:
        yield running
