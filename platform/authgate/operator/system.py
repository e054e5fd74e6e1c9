"""``/system``: whether the installation is well, as far as the server that is asked knows."""

import asyncio
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
from authgate.storage.sweep import due_logouts, due_usage
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
        kind="roll-up-usage", last_done_at="2026-03-02T09:12:44Z", tenants_due=0
    )

    kind: str
    last_done_at: datetime | None
    """When it ended well last, as far as this server's processes know."""

    tenants_due: int | None
    """How many tenants it has something to do for, counted up to 100; `null` where nobody can say
    without doing it."""


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
        jobs=await _jobs(parts, done_at),
    )


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
    return [
        JobDocument(
            kind=each.name,
            last_done_at=datetime.fromtimestamp(when, UTC)
            if (when := done_at.get(each.name))
            else None,
            tenants_due=due.get(each.name),
        )
        for each in JOBS
    ]


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
