"""The checker sees what it looks for: builds that break one promise each are caught."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from authgate.serving.options import ServerKind
from authgate_testing.faults.aftermath import Usage
from authgate_testing.faults.checker import Rule, Violation
from authgate_testing.faults.deployment import Deployment, deployed
from authgate_testing.faults.errands import Clerk
from authgate_testing.faults.history import History, Kind
from authgate_testing.faults.load import Device, Machine, crowd
from authgate_testing.faults.site import Site

ENOUGH = {Kind.MACHINE: 20, Kind.REDEMPTION: 3}
BROKEN = {
    "answers_before_commit": Rule.KEPT,
    "reads_then_writes": Rule.ONCE,
    "takes_the_tenant_from_the_token": Rule.APART,
    "takes_outages_for_failures": Rule.ANSWERED,
}

_FOLLOWING_SECONDS = 3.0

_MUCH = 10_000
"""Bytes of some tokens in PostgreSQL's log."""

_CRASHES = 2
"""At one of them nothing may have been on its way."""

_AWAY_SECONDS = 1.0
"""Long enough for what was to be written later to find nobody there."""

RIVALS: tuple[ServerKind, ...] = ("uvicorn", "hypercorn")
"""Two processes: within one, whoever wants the same code waits for their turn."""


async def _enough(history: History) -> None:
    """Wait until machines and devices have been given so many tokens more."""
    wanted = {kind: _given(history, kind) + count for kind, count in ENOUGH.items()}
    await _until(
        history, lambda: all(_given(history, kind) >= count for kind, count in wanted.items())
    )


async def _until(history: History, holds: Callable[[], bool]) -> None:
    give_up_at = asyncio.get_running_loop().time() + 60
    while not holds():
        assert asyncio.get_running_loop().time() < give_up_at, [str(call) for call in history.calls]
        await asyncio.sleep(0.05)


def _given(history: History, kind: Kind) -> int:
    return sum(bool(call.gave) for call in history.of(kind))


@asynccontextmanager
async def _at_work(deployment: Deployment, history: History) -> AsyncIterator[None]:
    clients = [Machine, Device, Machine, Device]
    async with crowd(history, deployment.hosts, deployment.site.households, clients, seed=1):
        await _enough(history)
        yield


async def _found(site: Site, build: str, together: asyncio.Barrier) -> list[Violation]:
    history = History()
    program = f"authgate_testing.faults.broken {build}"
    kinds = RIVALS if BROKEN[build] is Rule.ONCE else RIVALS[:1]
    async with deployed(site, *kinds, workers=1, program=program) as deployment:
        async with _at_work(deployment, history):
            for _ in range(_CRASHES):
                await together.wait()  # PostgreSQL crashes now,
                await together.wait()  # and is back again
                await _enough(history)
        return await deployment.violations(history)


@pytest.fixture(scope="module")
async def found(site: Site) -> dict[str, list[Violation]]:
    """What the checker says of each build, all of them under fire at once."""
    together = asyncio.Barrier(len(BROKEN) + 1)
    async with asyncio.TaskGroup() as group:
        tasks = {build: group.create_task(_found(site, build, together)) for build in BROKEN}
        for _ in range(_CRASHES):
            await together.wait()
            await site.end_postgres()
            await asyncio.sleep(_AWAY_SECONDS)
            await site.start_postgres()
            await together.wait()
    return {build: task.result() for build, task in tasks.items()}


@pytest.mark.parametrize("build", BROKEN)
def test_a_build_that_breaks_a_promise_is_caught(
    found: dict[str, list[Violation]], build: str
) -> None:
    assert BROKEN[build] in {violation.rule for violation in found[build]}, found[build]


FORGOTTEN = {
    "sealer that skips what comes late": (Rule.SEALED, "events without a seal"),
    "file that is appended to twice": (Rule.ONCE, "more than once"),
    "mail that is tried once": (Rule.FOLLOWED, "no mail has arrived"),
}


@pytest.fixture(scope="module")
async def forgotten(site: Site) -> list[Violation]:
    """What the checker says of a build that forgets what follows."""
    history = History()
    program = "authgate_testing.faults.broken forgets_what_follows"
    async with deployed(site, "uvicorn", workers=1, program=program) as deployment:
        site.outside.be_unwell()
        clients = [Machine, Device, Clerk, Machine, Clerk]
        async with crowd(history, deployment.hosts, site.households, clients, seed=1):
            await _until(history, lambda: _has_forgotten(history))
        found, _ = await deployment.following(history, Usage({}, {}), within=_FOLLOWING_SECONDS)
    return found


def _has_forgotten(history: History) -> bool:
    return _given(history, Kind.INVITATION) >= 4 and any(each.parts for each in history.files)


@pytest.mark.parametrize("what", FORGOTTEN)
def test_a_build_is_caught_that_has_a(forgotten: list[Violation], what: str) -> None:
    rule, words = FORGOTTEN[what]
    told = [each for each in forgotten if each.rule is rule and words in each.text]
    assert told, forgotten


async def test_a_database_that_answers_before_it_has_written_is_caught(site: Site) -> None:
    """The product itself, on a PostgreSQL that is told to lie to it."""
    history = History()
    async with deployed(site, "uvicorn", workers=1) as deployment:
        site.server.execute(
            f'ALTER DATABASE "{deployment.database}" SET synchronous_commit = off',
            "ALTER SYSTEM SET wal_writer_delay = '10s'",
            "SELECT pg_reload_conf()",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename LIKE 'authgate_app%'",
        )
        async with _at_work(deployment, history):
            for _ in range(3):  # what was unwritten may have been acknowledged to nobody yet
                await _much_is_unwritten(site.server.superuser_dsn(deployment.database))
                await site.end_postgres()
                await site.start_postgres()
        violations = await deployment.violations(history)
    site.server.execute("ALTER SYSTEM RESET wal_writer_delay", "SELECT pg_reload_conf()")
    assert Rule.KEPT in {violation.rule for violation in violations}, violations


async def _much_is_unwritten(dsn: str) -> None:
    """Wait until PostgreSQL has acknowledged what it has not written: whoever else commits does."""
    connection = await asyncpg.connect(dsn)
    unwritten = "SELECT pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn()"
    async with asyncio.timeout(60):
        while await connection.fetchval(unwritten) < _MUCH:  # noqa: ASYNC110 - at the server
            await asyncio.sleep(0.005)
    connection.terminate()
