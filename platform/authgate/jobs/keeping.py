"""Jobs that are kept until they are done: who has begun one, and what came of it."""

from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from authgate.jobs.job import Job


class Unfinished(Exception):
    """A handler has done what fits into one job, and there is more: it is to be called again."""


class Fault(NamedTuple):
    """What went wrong."""

    error: str
    """In one word."""
    reason: str
    """In more of them, without secrets."""


class Hold(NamedTuple):
    """What somebody has begun: his say in it ends when another one begins it anew."""

    kept: UUID
    attempt: int
    since: datetime


class Keeping(Protocol):
    """Remembers jobs for as long as something is left of them."""

    async def begin(self, tenant_id: UUID, kept: UUID, job: Job) -> Hold | None:
        """Be the one who does it, or ``None`` where another one is at it, it is kept no longer, or
        those who did it were killed too often."""

    async def done(self, tenant_id: UUID, hold: Hold) -> None:
        """Forget it."""

    async def unfinished(self, tenant_id: UUID, hold: Hold) -> None:
        """Keep it to be gone on with now."""

    async def failed(self, tenant_id: UUID, hold: Hold, fault: Fault) -> bool:
        """Keep it to be tried again; ``True``: it was tried often enough, and is given up."""

    async def idle(self, tenant_id: UUID, hold: Hold) -> None:
        """Keep it until its tenant is served again."""

    async def bury(self, tenant_id: UUID, job: Job, attempts: int, fault: Fault) -> None:
        """Keep one that was given up, and that nobody had kept so far."""

    async def went_well(self, tenant_id: UUID, job: Job) -> None:
        """Keep it no longer: the same one has ended well."""
