"""Where a process leaves its jobs: with itself, or with workers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Protocol

import structlog

from authgate.background.handlers import performer
from authgate.background.schedule import schedule
from authgate.installation import Installation, key_encryption_keys
from authgate.jobs import InProcessRunner, JobQueue, QueueUnavailable, port
from authgate.jobs.envelope import Envelopes
from authgate.settings import Settings
from authgate.telemetry import job_metrics
from authgate.telemetry.tracing import UNTRACED

if TYPE_CHECKING:
    from authgate.jobs.celery_queue import CeleryQueue

_WATCH_SECONDS = 15.0

_log = structlog.get_logger(__name__)


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
            with port.served_by(runner):
                yield runner
        return
    async with queue_of_workers(parts) as queue:
        watch = asyncio.create_task(_watch(queue), context=Context())
        try:
            yield queue
        finally:
            watch.cancel()
            await asyncio.wait([watch])


@asynccontextmanager
async def queue_of_workers(parts: Installation) -> AsyncIterator["CeleryQueue"]:
    """Where whoever stands before workers, or is one, leaves what is to be done next."""
    from authgate.jobs.celery_queue import CeleryQueue

    settings, tracer = parts.settings, parts.tracer or UNTRACED
    queue = CeleryQueue(settings, envelopes(settings), tracer=tracer)
    try:
        with port.served_by(queue):
            yield queue
    finally:
        queue.close()


async def _watch(queue: "_MeasuredQueue") -> None:
    """Measure the line at the broker: if every worker is gone, nobody else would."""
    while True:
        try:
            job_metrics.jobs_queued.set(await queue.length())
        except QueueUnavailable:
            pass  # whoever leaves a job there says so
        except Exception:  # noqa: BLE001 - whatever it is, nobody else would measure
            _log.exception("line at the broker not measured")
        await asyncio.sleep(_WATCH_SECONDS)


def envelopes(settings: Settings) -> Envelopes:
    """What jobs travel in between this installation's processes.

    Raises ``KeyEncryptionKeyError``.
    """
    keks = key_encryption_keys(settings.keys, may_create=settings.profile == "dev")
    return Envelopes.from_key_encryption_keys(keks)
