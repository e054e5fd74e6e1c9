"""What stands on the ground: PostgreSQL and Redis, which may be ended, and tenants."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from authgate import installation
from authgate.settings import EgressSettings, KeySettings, Settings
from authgate_testing.databases import make_migrated
from authgate_testing.faults import outside
from authgate_testing.faults.household import Household, settled
from authgate_testing.faults.outside import Outside
from authgate_testing.postgres import PostgresServer, postgres_service
from authgate_testing.processes import Service
from authgate_testing.redis_server import RedisServer, redis_service

_TEMPLATE = "settled"
_SLUGS = ("acme", "globex", "initech")


@dataclass(frozen=True, slots=True)
class Site:
    """Services and tenants; a test deploys its hosts here."""

    postgres: Service
    redis: Service
    outside: Outside
    folder: Path
    households: list[Household]

    @property
    def kek_file(self) -> Path:
        """What seals the tenants' keys."""
        return _kek_file(self.folder)

    @property
    def server(self) -> PostgresServer:
        """What runs on ``postgres``."""
        return PostgresServer(port=self.postgres.port)

    async def end_postgres(self) -> None:
        """End PostgreSQL as a crash does: nobody is waited for ("immediate")."""
        await asyncio.to_thread(self.postgres.end, signal.SIGQUIT)

    async def start_postgres(self) -> None:
        """Start it again, and wait until it has replayed its log and answers."""
        await _started(self.postgres)

    async def end_redis(self) -> None:
        """End Redis, which forgets everything."""
        await asyncio.to_thread(self.redis.end, signal.SIGKILL)

    async def start_redis(self) -> None:
        """Start it again, and wait until it answers."""
        await _started(self.redis)

    def empty_redis(self) -> None:
        """Have Redis forget everything, and stay."""
        RedisServer(port=self.redis.port).flush()

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """The name of a database of a test's own, with the tenants in it."""
        name = f"fire_{uuid4().hex}"
        self.server.create_database(name, template=_TEMPLATE)
        self.empty_redis()
        try:
            yield name
        finally:
            self.server.drop_database(name)


def _kek_file(folder: Path) -> Path:
    return folder / "kek"


async def _started(service: Service) -> None:
    service.start()  # not in the thread: what it starts would end with it
    await asyncio.to_thread(service.wait_until_up)


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """Services of its own, which tests may end, and three tenants."""
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(postgres_service())
        redis = stack.enter_context(redis_service())
        settings = Settings(
            database=await make_migrated(PostgresServer(port=postgres.port), _TEMPLATE),
            keys=KeySettings(kek_file=_kek_file(folder)),
            egress=EgressSettings(allowed_networks=("127.0.0.0/8",)),
        )
        told = await stack.enter_async_context(outside.listening(folder))
        async with installation.opened(settings) as parts:
            uri = told.party.uri
            households = [await settled(parts, slug, logout_uri=uri) for slug in _SLUGS]
        yield Site(postgres, redis, told, folder, households)
