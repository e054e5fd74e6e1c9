"""Hosts that serve one database, each by lines of its own that can be cut."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import asyncpg

from authgate.serving.options import ServerKind
from authgate.settings import KeySettings, Settings
from authgate_testing.databases import postgres_settings
from authgate_testing.faults import aftermath, stored
from authgate_testing.faults.aftermath import Usage
from authgate_testing.faults.checker import Checker, Violation
from authgate_testing.faults.crew import Hand, What, have_celery_imported
from authgate_testing.faults.following import Following
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
    settings: Settings
    """By which commands find it."""

    crew: Sequence[Hand] = ()
    """Who does what happens later while they are at work, where the hosts do not do all of it."""

    @property
    def hosts(self) -> list[Host]:
        """Those that serve."""
        return [host for host, _ in self.stricken]

    async def violations(self, history: History) -> list[Violation]:
        """What did not hold, once everybody has gone home."""
        after = await stored.read(self.site.server.superuser_dsn(self.database))
        return Checker(history, after, self.site.households).violations()

    async def following(
        self, history: History, before: Usage, *, within: float = aftermath.SECONDS
    ) -> tuple[list[Violation], float]:
        """The same of what follows from it, once it is done or that takes too long, and how long
        it took."""
        seen = await aftermath.seen(self, before=before, within=within)
        tokens = (await stored.read(self.site.server.superuser_dsn(self.database))).tokens
        following = Following(history, seen, self.site.households, tokens)
        return following.violations(), seen.seconds

    @contextmanager
    def crew_at_work(self) -> Iterator[None]:
        """Have workers and beat run until the block ends."""
        with ExitStack() as stack:
            for hand in self.crew:
                hand.start()
                stack.callback(hand.stop)
            yield

    async def have_people_leave(self, luck: Random, *, within: float) -> None:
        """Have the time come of everybody who leaves, one after the other."""
        connection = await asyncpg.connect(self.site.server.superuser_dsn(self.database))
        try:
            for household in self.site.households:
                for leaver in household.leavers:
                    await connection.execute(
                        "UPDATE account_deletions SET due_at = now() + $2 WHERE user_id = $1",
                        leaver,
                        timedelta(seconds=luck.uniform(0.0, within)),
                    )
        finally:
            await connection.close()

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
    crew: Sequence[What] = (),
) -> AsyncIterator[Deployment]:
    """A host of each kind, on a database of their own that holds the site's tenants. With a crew
    the first of them leaves its jobs to it, and the others do theirs."""
    async with site.database() as database, AsyncExitStack() as stack:
        hands = [_hand(site, what, n, database) for n, what in enumerate(crew)]
        if hands:
            await asyncio.to_thread(have_celery_imported)
        runners = ["celery" if hands and not n else "in-process" for n in range(len(kinds))]
        up = (
            _host(site, kind, database, workers, program, runner)
            for kind, runner in zip(kinds, runners, strict=True)
        )
        stricken = await asyncio.gather(*map(stack.enter_async_context, up))
        settings = Settings(
            database=postgres_settings(site.server, database),
            keys=KeySettings(kek_file=site.kek_file),
        )
        yield Deployment(site, database, stricken, settings, hands)


def _hand(site: Site, what: What, number: int, database: str) -> Hand:
    environment = _environment(site, database, site.postgres.port, site.redis.port)
    name = f"{what} {number}"
    log = site.folder / f"{database}-{what}-{number}.log"
    return Hand(what, name, environment=environment | {"AUTHGATE_JOBS__RUNNER": "celery"}, log=log)


@asynccontextmanager
async def _host(
    site: Site, kind: ServerKind, database: str, workers: int, program: str, runner: str
) -> AsyncIterator[Stricken]:
    async with line_to(site.postgres.port) as postgres, line_to(site.redis.port) as redis:
        host = Host(
            kind,
            kind=kind,
            workers=workers,
            environment=_environment(site, database, postgres.port, redis.port)
            | {"AUTHGATE_JOBS__RUNNER": runner},
            log=site.folder / f"{database}-{kind}.log",
            program=program,
        )
        await host.start()
        try:
            yield host, Lines(postgres, redis)
        finally:
            await host.stop()


def _environment(site: Site, database: str, postgres: int, redis: int) -> dict[str, str]:
    url = postgres_settings(PostgresServer(port=postgres), database).url
    return {
        **_ENVIRONMENT,
        **site.outside.environment,
        "AUTHGATE_DATABASE__URL": url.get_secret_value(),
        "AUTHGATE_REDIS_URL": f"redis://{LOOPBACK}:{redis}/0",
        "AUTHGATE_KEYS__KEK_FILE": str(site.kek_file),
        "AUTHGATE_BASE_URL": "http://localhost:8080",
    }
