"""``/system``: whether the installation is well, as far as the server that is asked knows."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPMethod
from typing import Literal

from authgate import __version__
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation
from authgate.installation import Installation
from authgate.jobs.catalogue import JOBS, DeliverLogouts, RollUpUsage
from authgate.storage import migrate
from authgate.storage.jobs import periodic_jobs
from authgate.storage.sweep import due_kept_jobs, due_logouts, due_usage, outbox_lag
from authgate.telemetry.exposition import levels
from authgate.tokens.operator_scopes import Scope
from authgate.web import health

MOST = 100
"""Tenants that are counted where there is something to do."""

_A_DAY = timedelta(days=1)


class PartDocument(Document):
    """A part of the installation."""

    model_config = exemplified(name="database", verdict="ok")

    name: str
    verdict: str
    """`ok`, or what is wrong in one word."""


class JobDocument(Document):
    """A job that is done beside the requests."""

    model_config = exemplified(
        kind="roll-up-usage",
        last_done_at="2026-03-02T09:12:44Z",
        seconds=300.0,
        next_at="2026-03-02T09:17:40Z",
        held_by=None,
        failures=0,
        error="",
        given_up=0,
        tenants_due=0,
    )

    kind: str
    last_done_at: datetime | None
    """When it ended well last: of a job that comes again whoever did it, of others as far as this
    server's processes know."""

    seconds: float | None
    """The period of one that comes again; `null` of others, and before it was begun once."""

    next_at: datetime | None
    """When it is due next; what is past was missed, or goes wrong, and is done soon."""

    held_by: str | None
    """Which runner is at it: until it has ended, or says so no more, nobody else begins it."""

    failures: int
    """How often a job that comes again went wrong since, in a row."""

    error: str
    """What went wrong the last time, in one word."""

    given_up: int
    """How many of tenants were given up and wait for somebody to look after them."""

    tenants_due: int | None
    """How many tenants it has something to do for, counted up to 100; `null` where nobody can say
    without doing it."""


class QueueDocument(Document):
    """What changes have left to be done, of one kind."""

    model_config = exemplified(name="mails", lag_seconds=0.0)

    name: str
    """`mails`, `kept_jobs`, `logout_deliveries`, …"""

    lag_seconds: float
    """For how long the oldest of it has been due, whoever's it is."""


class SystemDocument(Document):
    """The installation's state."""

    model_config = exemplified(
        version="1.0.0",
        database="postgres",
        migrations_pending=[],
        parts=[{"name": "database", "verdict": "ok"}],
        runner="celery",
        jobs_waiting=0,
        jobs_queued=3,
        queues=[{"name": "mails", "lag_seconds": 0.0}],
        jobs=[],
    )

    version: str
    database: Literal["postgres", "sqlite"]
    migrations_pending: Sequence[str]
    """Steps that this version needs and the database lacks."""

    parts: Sequence[PartDocument]
    runner: Literal["in-process", "celery"]
    """Who does jobs."""

    jobs_waiting: int
    """In the servers' own queues."""

    jobs_queued: int | None
    """At the broker, for workers; `null` where there is none."""

    queues: Sequence[QueueDocument]
    jobs: Sequence[JobDocument]


async def read_system(call: Call[Nothing, Nothing]) -> Answer[SystemDocument]:
    """Read whether the installation is well."""
    return Answer(await state(call.parts))


async def state(parts: Installation) -> SystemDocument:
    """What there is to know at this moment."""
    settings, runner = parts.settings, parts.settings.jobs.runner
    waiting, queued, done_at = _measured()
    return SystemDocument(
        version=__version__,
        database="sqlite" if settings.database.is_sqlite else "postgres",
        migrations_pending=await migrate.pending(settings.database),
        parts=await _parts(parts),
        runner=runner,
        jobs_waiting=waiting,
        jobs_queued=queued if runner == "celery" else None,
        queues=await _queues(parts),
        jobs=await _jobs(parts, done_at),
    )


async def _queues(parts: Installation) -> list[QueueDocument]:
    lags = await outbox_lag.of_each(parts.settings.database, now=parts.clock())
    return [QueueDocument(name=name, lag_seconds=lag.total_seconds()) for name, lag in lags.items()]


async def _parts(parts: Installation) -> list[PartDocument]:
    checks = health.checks(parts.settings.database, parts.redis)
    verdicts = await asyncio.gather(*(health.verdict(each) for each in checks.values()))
    return [
        PartDocument(name=name, verdict=verdict)
        for name, verdict in zip(checks, verdicts, strict=True)
    ]


async def _jobs(parts: Installation, done_at: dict[str, float]) -> list[JobDocument]:
    now, database = parts.clock(), parts.settings.database
    due = {
        DeliverLogouts.name: len(await due_logouts.tenants(database, now=now, limit=MOST)),
        RollUpUsage.name: len(await due_usage.tenants(database, before=now - _A_DAY, limit=MOST)),
    }
    periodic = {each.name: each for each in await periodic_jobs.every()}
    failed = await due_kept_jobs.failed(database, now=now)
    given_up = Counter(each.name for each in failed)

    def document(kind: str) -> JobDocument:
        known, seen = periodic.get(kind), done_at.get(kind)
        return JobDocument(
            kind=kind,
            last_done_at=(known and known.succeeded_at)
            or (datetime.fromtimestamp(seen, UTC) if seen else None),
            seconds=known.seconds if known else None,
            next_at=known.next_at if known else None,
            held_by=known.runner if known and known.is_running else None,
            failures=known.failures if known else 0,
            error=known.error if known else "",
            given_up=given_up[kind],
            tenants_due=due.get(kind),
        )

    return [document(each.name) for each in JOBS]


def _measured() -> tuple[int, int, dict[str, float]]:
    """Jobs that wait in the servers and at the broker, and when each kind was done last."""
    waiting, queued, done = (
        "authgate_jobs_waiting",
        "authgate_jobs_queued",
        "authgate_job_last_done_timestamp_seconds",
    )
    found = levels(waiting, queued, done)
    return (
        int(sum(found.get(waiting, {}).values())),
        int(sum(found.get(queued, {}).values())),
        found.get(done, {}),
    )


OPERATIONS = [operation(HTTPMethod.GET, "/system", read_system, scope=Scope.SYSTEM_READ)]
