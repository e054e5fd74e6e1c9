"""Where any part of a server leaves a job: with whatever queue the process has opened.

A command has none. What must not be forgotten is stored in the database with what it follows from;
a job only says that there is something to do, so that nobody has to wait for the next round.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog

from authgate.jobs.job import Job, JobQueue, QueueUnavailable

_open: list[JobQueue] = []
_log = structlog.get_logger(__name__)


@contextmanager
def served_by(queue: JobQueue) -> Iterator[None]:
    """Leave jobs here until the block ends."""
    _open.append(queue)
    try:
        yield
    finally:
        _open.remove(queue)


def is_served() -> bool:
    """Whether anybody in this process takes jobs; nobody does in a command's."""
    return bool(_open)


async def hint(job: Job, *, tenant_id: UUID, kept: UUID | None = None) -> None:
    """Have a job done soon that is done anyway, if later."""
    try:
        if _open:
            await _open[-1].enqueue(job, tenant_id=tenant_id, kept=kept)
    except QueueUnavailable:
        _log.warning("job left for the next round", job=job.name)
