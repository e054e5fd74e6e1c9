"""Hosts that serve one database, each by lines of its own that can be cut."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from authgate.serving.options import ServerKind
from authgate_testing.databases import postgres_settings
from authgate_testing.faults import stored
from authgate_testing.faults.checker import Checker, Violation
from authgate_testing.faults.history import History
from authgate_testing.faults.host import Host
from authgate_testing.faults.site import Site
from authgate_testing.limits import NEVER_REACHED
from authgate_testing.line import Line, line_to
from authgate_testing.postgres import PostgresServer
from authgate_testing.processes import LOOPBACK

STATEMENT_SECONDS = 1.0
"""A third of the default: a line that stalls is given up sooner, and more often in a run."""

_SERVICES = Path(__file__).parents[2]
_MOST_EXPLAINED = 20

_ENVIRONMENT = {
    "AUTHGATE_DATABASE__STATEMENT_SECONDS": str(STATEMENT_SECONDS),
    "AUTHGATE_SERVER__DRAIN_SECONDS": "3",
    "PYTHONPATH": str(_SERVICES),
} | NEVER_REACHED


@dataclass(frozen=True, slots=True)
class Lines:
    """How one host reaches what it needs."""

    postgres: Line
    redis: Line


Stricken = tuple[Host, Lines]


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that serves one database."""

    site: Site
    database: str
    stricken: Sequence[Stricken]

    @property
    def hosts(self) -> list[Host]:
        """Those that serve."""
        return [host for host, _ in self.stricken]

    async def violations(self, history: History) -> list[Violation]:
        """What did not hold, once everybody has gone home."""
        after = await stored.read(self.site.server.superuser_dsn(self.database))
        return Checker(history, after, self.site.households).violations()

    def explained(self, violations: Sequence[Violation]) -> str:
        """What did not hold, with what the hosts have logged of it."""
        lines = [f"{len(violations)} violations"]
        for violation in violations[:_MOST_EXPLAINED]:
            lines.append(str(violation))
            if violation.request_id:
                lines += [line for host in self.hosts for line in host.lines(violation.request_id)]
        return "\n".join(lines)


@asynccontextmanager
async def deployed(
    site: Site,
    *kinds: ServerKind,
    workers: int = 2,
    program: str = "authgate serve",
) -> AsyncIterator[Deployment]:
    """A host of each kind, on a database of their own that holds the site's tenants."""
    async with site.database() as database, AsyncExitStack() as stack:
        up = (_host(site, kind, database, workers, program) for kind in kinds)
        stricken = await asyncio.gather(*map(stack.enter_async_context, up))
        yield Deployment(site, database, stricken)


@asynccontextmanager
async def _host(
    site: Site, kind: ServerKind, database: str, workers: int, program: str
) -> AsyncIterator[Stricken]:
    async with line_to(site.postgres.port) as postgres, line_to(site.redis.port) as redis:
        url = postgres_settings(PostgresServer(port=postgres.port), database).url
        environment = _ENVIRONMENT | {
            "AUTHGATE_DATABASE__URL": url.get_secret_value(),
            "AUTHGATE_REDIS_URL": f"redis://{LOOPBACK}:{redis.port}/0",
            "AUTHGATE_KEYS__KEK_FILE": str(site.kek_file),
            "AUTHGATE_BASE_URL": "http://localhost:8080",
        }
        host = Host(
            kind,
            kind=kind,
            workers=workers,
            environment=environment,
            log=site.folder / f"{database}-{kind}.log",
            program=program,
        )
        await host.start()
        try:
            yield host, Lines(postgres, redis)
        finally:
            await host.stop()
