"""What goes on beside the requests: who does each job, when the periodic ones are due, and where.

The server, the workers and the clock of the workers all read it here, so they agree.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from functools import partial
from typing import Protocol

import structlog

from authgate.clock import Clock
from authgate.installation import Installation, key_encryption_keys
from authgate.jobs import (
    Handlers,
    InProcessRunner,
    JobQueue,
    Performer,
    Periodic,
    QueueUnavailable,
    RemoveExpired,
)
from authgate.jobs.envelope import Envelopes
from authgate.settings import Settings
from authgate.storage.expiry import remove_expired
from authgate.telemetry import metrics
from authgate.telemetry.tracing import UNTRACED

_log = structlog.get_logger(__name__)

_WATCH_SECONDS = 15.0


class _MeasuredQueue(Protocol):
    async def length(self) -> int:
        """How many jobs wait. Raises ``QueueUnavailable``."""


@asynccontextmanager
async def job_queue(parts: Installation) -> AsyncIterator[JobQueue]:
    """Where the server leaves its jobs: with itself, or with workers."""
    settings, tracer = parts.settings, parts.tracer or UNTRACED
    if settings.jobs.runner == "in-process":
        runner = InProcessRunner(
            performer(parts),
            schedule=schedule(settings),
            drain_seconds=settings.server.drain_seconds,
            tracer=tracer,
        )
        async with runner:
            yield runner
        return
    from authgate.jobs.celery_queue import CeleryQueue

    queue = CeleryQueue(settings, envelopes(settings), tracer=tracer)
    watch = asyncio.create_task(_watch(queue), context=Context())
    try:
        yield queue
    finally:
        watch.cancel()
        await asyncio.wait([watch])
        queue.close()


async def _watch(queue: "_MeasuredQueue") -> None:
    """Measure the line at the broker: if every worker is gone, nobody else would."""
    while True:
        with suppress(QueueUnavailable):
            metrics.jobs_queued.set(await queue.length())
        await asyncio.sleep(_WATCH_SECONDS)


def performer(parts: Installation) -> Performer:
    """What does every job there is."""
    handlers = Handlers()
    handlers.add(RemoveExpired, partial(_remove_expired, parts.settings, parts.clock))
    return Performer(
        handlers, find_tenant=parts.resolver.find_by_id, tracer=parts.tracer or UNTRACED
    )


def schedule(settings: Settings) -> tuple[Periodic, ...]:
    """The jobs that come again. Done twice in a period they do no harm."""
    return (Periodic(RemoveExpired(), settings.jobs.cleanup_seconds),)


def envelopes(settings: Settings) -> Envelopes:
    """What jobs travel in between this installation's processes.

    Raises ``KeyEncryptionKeyError``.
    """
    keks = key_encryption_keys(settings.keys, may_create=settings.profile == "dev")
    return Envelopes.from_key_encryption_keys(keks)


async def _remove_expired(settings: Settings, clock: Clock, _job: RemoveExpired) -> None:
    removed = await remove_expired(
        settings.database, batch=settings.jobs.cleanup_batch, now=clock()
    )
    for table, rows in removed.items():
        metrics.expired_rows_removed.add(table, by=rows)
    _log.info("expired rows removed", rows=removed)
