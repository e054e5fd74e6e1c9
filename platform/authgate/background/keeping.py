"""Kept jobs, as the database has them: each in the scope of its tenant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import structlog

from authgate import storage
from authgate.background.one_by_one import in_each
from authgate.installation import Installation
from authgate.jobs import BadArguments, Handlers, Job, UnknownJob, port
from authgate.jobs.handlers import arguments_of
from authgate.jobs.job import give_up
from authgate.jobs.keeping import Fault, Hold
from authgate.jobs.performer import AGAIN_AFTER_SECONDS, pause_before_again
from authgate.storage.jobs import kept_jobs, periodic_jobs
from authgate.storage.sweep import due_kept_jobs, outbox_lag
from authgate.telemetry import job_metrics
from authgate_tenants import current_tenant, use_tenant

_GRACE = timedelta(seconds=30)
_UNTIL_SERVED = timedelta(minutes=5)
_AT_ONCE = 20
_ATTEMPTS = len(AGAIN_AFTER_SECONDS) + 1
_KILLED = Fault("Killed", "Whoever did it was killed each time.")
_TENANTS_IN_ONE_GO = 64

_log = structlog.get_logger(__name__)


class StoredKeeping:
    """Remembers jobs in rows of their tenants."""

    def __init__(self, parts: Installation) -> None:
        self._parts = parts

    async def begin(self, tenant_id: UUID, kept: UUID, job: Job) -> Hold | None:
        """Be the one who does it, for as long as one may."""
        now = self._parts.clock()
        until = now + timedelta(seconds=job.seconds) + _GRACE
        async with self._scope(tenant_id) as is_there:
            attempt = await kept_jobs.begin(kept, now=now, until=until) if is_there else None
            if attempt is None:
                return None
            hold = Hold(kept, attempt, now)
            if attempt <= _ATTEMPTS:
                return hold
            # Who comes to its end says so himself.
            await kept_jobs.give_up(*hold, now=now, error=_KILLED.error, reason=_KILLED.reason)
        give_up(job.name)
        return None

    async def done(self, tenant_id: UUID, hold: Hold) -> None:
        """Forget it."""
        async with self._scope(tenant_id) as is_there:
            if is_there:
                await kept_jobs.done(*hold)

    async def unfinished(self, tenant_id: UUID, hold: Hold) -> None:
        """Keep it to be gone on with now."""
        await self._postpone(tenant_id, hold, timedelta())

    async def idle(self, tenant_id: UUID, hold: Hold) -> None:
        """Keep it until its tenant is served again."""
        await self._postpone(tenant_id, hold, _UNTIL_SERVED)

    async def failed(self, tenant_id: UUID, hold: Hold, fault: Fault) -> bool:
        """Keep it to be tried again, or to be looked at."""
        now, is_over = self._parts.clock(), hold.attempt >= _ATTEMPTS
        async with self._scope(tenant_id) as is_there:
            if is_there and is_over:
                await kept_jobs.give_up(*hold, now=now, error=fault.error, reason=fault.reason)
            elif is_there:
                pause = pause_before_again(AGAIN_AFTER_SECONDS[hold.attempt - 1])
                due_at = now + timedelta(seconds=pause)
                await kept_jobs.postpone(
                    *hold, now=now, due_at=due_at, error=fault.error, reason=fault.reason
                )
        return is_over

    async def bury(self, tenant_id: UUID, job: Job, attempts: int, fault: Fault) -> None:
        """Keep what nobody had kept, to be looked at."""
        async with self._scope(tenant_id) as is_there:
            if is_there:
                await kept_jobs.bury(
                    job.name,
                    arguments_of(job),
                    now=self._parts.clock(),
                    attempts=attempts,
                    error=fault.error,
                    reason=fault.reason,
                )

    async def went_well(self, tenant_id: UUID, job: Job) -> None:
        """Keep it no longer: the same one has ended well."""
        async with self._scope(tenant_id) as is_there:
            if is_there:
                await kept_jobs.went_well(job.name, arguments_of(job))

    async def _postpone(self, tenant_id: UUID, hold: Hold, pause: timedelta) -> None:
        now = self._parts.clock()
        async with self._scope(tenant_id) as is_there:
            if is_there:
                await kept_jobs.postpone(*hold, now=now, due_at=now + pause)

    @asynccontextmanager
    async def _scope(self, tenant_id: UUID) -> AsyncIterator[bool]:
        tenant = await self._parts.resolver.find_by_id(tenant_id)
        if tenant is None:
            yield False
            return
        with use_tenant(tenant):
            async with storage.transaction():
                yield True


async def take_up(parts: Installation, handlers: Handlers) -> None:
    """Ask once more for what nobody has done that should have been done by now."""
    database, now = parts.settings.database, parts.clock()
    due = await due_kept_jobs.tenants(database, now=now, limit=_TENANTS_IN_ONE_GO)
    await in_each(parts, due, lambda: _ask_again(parts, handlers))


async def measure(parts: Installation) -> None:
    """State what waits for too long, as every process would find it."""
    database, now = parts.settings.database, parts.clock()
    for table, lag in (await outbox_lag.of_each(database, now=now)).items():
        job_metrics.outbox_lag_seconds.set(lag.total_seconds(), table)
    job_metrics.jobs_kept_given_up.set(len(await due_kept_jobs.failed(database, now=now)))
    for each in await periodic_jobs.every():
        job_metrics.periodic_job_late.set(each.late, each.name)


async def _ask_again(parts: Installation, handlers: Handlers) -> None:
    for each in await kept_jobs.due(now=parts.clock(), limit=_AT_ONCE):
        try:
            job = handlers.read(each.name, each.arguments)
        except (UnknownJob, BadArguments) as error:
            # Left by another version, which may still be somewhere.
            _log.warning("kept job not known", job=each.name, error=type(error).__name__)
            continue
        await port.hint(job, tenant_id=current_tenant().id, kept=each.id)
