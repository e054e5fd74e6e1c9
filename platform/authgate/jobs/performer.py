"""Doing one job: in its tenant's scope, within its time, and never felt by the next one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from contextvars import Context
from enum import StrEnum
from uuid import UUID

import structlog

from authgate.jobs.handlers import Handlers
from authgate.jobs.job import Job
from authgate.telemetry import metrics
from authgate.telemetry.tracing import UNTRACED, Attribute, Tracer
from authgate_tenants import Tenant, use_tenant

AGAIN_AFTER_SECONDS = (1.0, 5.0, 20.0, 60.0)
"""A job that went wrong is tried again after these pauses; then it is given up."""

FindTenant = Callable[[UUID], Awaitable[Tenant | None]]

_log = structlog.get_logger(__name__)


class Result(StrEnum):
    """How a job ended."""

    DONE = "done"
    FAILED = "failed"
    TOO_SLOW = "too_slow"
    NO_TENANT = "no_tenant"
    """Its tenant is no more, and so there is nothing to do."""
    SUSPENDED = "suspended"
    """Its tenant is not served, and so nothing is done for it."""

    @property
    def may_end_well_later(self) -> bool:
        """Whether it is worth to try again."""
        return self in (Result.FAILED, Result.TOO_SLOW)


class Performer:
    """Does jobs. What goes wrong is logged and counted, and is not the caller's to handle."""

    def __init__(
        self,
        handlers: Handlers,
        *,
        find_tenant: FindTenant,
        tracer: Tracer = UNTRACED,
    ) -> None:
        for name in handlers.names():
            metrics.jobs_given_up.expect(name)
        self.handlers = handlers
        self._find_tenant = find_tenant
        self._tracer = tracer

    async def perform(self, job: Job, *, tenant_id: UUID | None, traceparent: str = "") -> Result:
        """Do the job. A cancellation breaks it off and is passed on.

        ``traceparent`` names the trace in which it was asked for.
        """
        # An empty context: neither the request that asked for it nor the job before may be seen.
        task = asyncio.create_task(self._perform(job, tenant_id, traceparent), context=Context())
        return await task

    async def _perform(self, job: Job, tenant_id: UUID | None, traceparent: str) -> Result:
        structlog.contextvars.bind_contextvars(job=job.name)
        about = {Attribute.JOB: job.name}
        with self._tracer.root(f"process {job.name}", "consumer", about, traceparent=traceparent):
            result = await self._timed(job, tenant_id)
            failed = result.may_end_well_later
            self._tracer.note({Attribute.JOB_RESULT: result}, failed=failed)
        return result

    async def _timed(self, job: Job, tenant_id: UUID | None) -> Result:
        began = time.monotonic()
        result = await self._result(job, tenant_id)
        seconds = time.monotonic() - began
        metrics.job_seconds.observe(seconds, job.name, result)
        if result is Result.DONE:
            metrics.job_done_at.set(time.time(), job.name)
        _log.info("job ended", result=result, seconds=round(seconds, 3))
        return result

    async def _result(self, job: Job, tenant_id: UUID | None) -> Result:
        limit = asyncio.timeout(job.seconds)
        try:
            async with limit:
                return await self._in_scope(job, tenant_id)
        except Exception:  # noqa: BLE001 - a job that fails ends no runner
            if limit.expired():
                _log.error("job broken off", limit=job.seconds)
                return Result.TOO_SLOW
            _log.exception("job failed")
            return Result.FAILED

    async def _in_scope(self, job: Job, tenant_id: UUID | None) -> Result:
        tenant = await self._find_tenant(tenant_id) if tenant_id is not None else None
        if tenant_id is not None and tenant is None:
            return Result.NO_TENANT
        if tenant is not None and not (tenant.is_served or job.while_suspended):
            return Result.SUSPENDED
        with use_tenant(tenant) if tenant else nullcontext():
            await self.handlers.handle(job)
        return Result.DONE
