"""A job, and the port that takes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Protocol
from uuid import UUID

import structlog

from authgate.telemetry import job_metrics
from authgate.telemetry.tracing import Attribute, Tracer

_log = structlog.get_logger(__name__)

JOB_SECONDS = 120.0
"""How long most jobs may take. They are bounded far below that by their own means."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done later. A subclass's fields hold what JSON can say."""

    name: ClassVar[str]
    """What it is called on its way. It stays, since jobs of an older version may be waiting."""

    while_suspended: ClassVar[bool] = False
    """Whether it is done for a tenant that is not served: because nobody outside notices it, and
    because it would not come again."""

    has_file: ClassVar[bool] = False
    """Whether it writes or reads a file whose row says how far it has come: its own round goes on
    with that, and nothing else is kept of it."""

    seconds: ClassVar[float] = JOB_SECONDS
    """A job that takes longer is broken off. One that is longer says by itself, for as long as it
    lasts, that somebody does it: workers may give it to another one meanwhile."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that is done again and again, for the installation as a whole."""

    job: Job
    seconds: float


class QueueUnavailable(RuntimeError):
    """The job was not taken: the queue is full, closed or cannot be reached."""


class JobQueue(Protocol):
    """Takes jobs."""

    async def enqueue(self, job: Job, *, tenant_id: UUID | None, kept: UUID | None = None) -> None:
        """Have the job done soon: inside the tenant's scope, or for ``None`` in no scope.

        ``kept`` names what is kept of it until it is done. It may be done twice, and is tried again
        a few times if it fails. Raises ``QueueUnavailable``.
        """


@contextmanager
def sending(job: Job, tracer: Tracer, queue: str) -> Iterator[str]:
    """The span of handing over a job, and the trace that whoever does it goes on with."""
    about = {Attribute.JOB: job.name, Attribute.QUEUE: queue}
    with tracer.child(f"send {job.name}", "producer", about):
        yield tracer.traceparent()


_LONGEST_WAIT = 86400.0
"""A clock that differs by a day tells nothing."""


def note_wait(job: str, seconds: float) -> None:
    """Measure how long a job has waited, where clocks agree enough to say so."""
    if 0 <= seconds < _LONGEST_WAIT:
        job_metrics.job_wait_seconds.observe(seconds, job)


def give_up(job: str) -> None:
    """Say that a job went wrong each time it was tried."""
    job_metrics.jobs_given_up.add(job)
    _log.error("job given up", job=job)
