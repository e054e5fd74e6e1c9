"""Doing one job: in its tenant's scope, within its time, and never felt by the next one."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from contextvars import Context
from enum import StrEnum
from typing import NamedTuple, TypeVar
from uuid import UUID

import structlog

from authgate.jobs import port
from authgate.jobs.handlers import Handlers
from authgate.jobs.job import Job, Periodic, give_up
from authgate.jobs.keeping import Fault, Keeping, Unfinished
from authgate.jobs.turns import KEEP_SECONDS, EveryTurn, Turn, Turns
from authgate.telemetry import job_metrics, redaction
from authgate.telemetry.tracing import UNTRACED, Attribute, Tracer
from authgate_tenants import Tenant, use_tenant

AGAIN_AFTER_SECONDS = (1.0, 5.0, 20.0, 60.0)
"""A job that went wrong is tried again after these pauses, more or less; then it is given up."""

_JITTER = 0.25

FindTenant = Callable[[UUID], Awaitable[Tenant | None]]

T = TypeVar("T")

_log = structlog.get_logger(__name__)


def pause_before_again(seconds: float) -> float:
    """About so long: what failed together is not to be tried again together."""
    return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - nobody's secret


class Result(StrEnum):
    """How a job ended."""

    DONE = "done"
    FAILED = "failed"
    TOO_SLOW = "too_slow"
    NO_TENANT = "no_tenant"
    """Its tenant is no more, and so there is nothing to do."""
    SUSPENDED = "suspended"
    """Its tenant is not served, and so nothing is done for it."""
    NOT_DUE = "not_due"
    """Somebody else has done it in this window, or is at it."""
    UNFINISHED = "unfinished"
    """There is more of it, which is done by the next one."""
    POSTPONED = "postponed"
    """It went wrong, and is kept to be tried again."""
    GIVEN_UP = "given_up"
    """It went wrong too often, and is kept to be looked at."""
    HELD = "held"
    """Whoever was asked the same before is at it, or was killed over it a moment ago."""

    @property
    def may_end_well_later(self) -> bool:
        """Whether it is worth to try again."""
        return self in (Result.FAILED, Result.TOO_SLOW, Result.HELD)


_WELL = Fault("", "")


class Ending(NamedTuple):
    """How a job ended, and what went wrong in it."""

    result: Result
    fault: Fault = _WELL


class TurnEnding(NamedTuple):
    """What came of asking for a turn."""

    result: Result
    next_in: float
    """Seconds until the next one, from when it was asked for."""


class Performer:
    """Does jobs. What goes wrong is logged and counted, and is not the caller's to handle."""

    def __init__(
        self,
        handlers: Handlers,
        *,
        find_tenant: FindTenant,
        turns: Turns | None = None,
        keeping: Keeping | None = None,
        tracer: Tracer = UNTRACED,
    ) -> None:
        for name in handlers.names():
            job_metrics.jobs_given_up.expect(name)
        self.handlers = handlers
        self._find_tenant = find_tenant
        self._turns = turns or EveryTurn()
        self._keeping = keeping
        self._tracer = tracer

    async def perform(
        self,
        job: Job,
        *,
        tenant_id: UUID | None,
        kept: UUID | None = None,
        traceparent: str = "",
        attempt: int = 1,
        is_last: bool = False,
    ) -> Result:
        """Do the job. A cancellation breaks it off and is passed on.

        ``kept`` names what is kept of it until it is done, ``traceparent`` the trace in which it
        was asked for. Where the last attempt goes wrong, too, the job is kept to be looked at.
        """
        if self._keeping is None or tenant_id is None:
            return (await self._begun(job, tenant_id, traceparent)).result
        if kept is not None:
            return await self._perform_kept(self._keeping, job, tenant_id, kept, traceparent)
        ending = await self._begun(job, tenant_id, traceparent)
        if ending.result.may_end_well_later and is_last and not job.has_file:
            await _safely(self._keeping.bury(tenant_id, job, attempt, ending.fault))
        if ending.result is Result.DONE and not job.has_file:
            await _safely(self._keeping.went_well(tenant_id, job))
        if ending.result is Result.UNFINISHED:
            await port.hint(job, tenant_id=tenant_id)
        return ending.result

    async def _perform_kept(
        self, keeping: Keeping, job: Job, tenant_id: UUID, kept: UUID, traceparent: str
    ) -> Result:
        try:
            hold = await keeping.begin(tenant_id, kept, job)
        except Exception:  # noqa: BLE001 - it is asked for again
            _log.exception("job failed", job=job.name)
            return Result.POSTPONED
        if hold is None:
            return Result.NOT_DUE
        result, fault = await self._begun(job, tenant_id, traceparent)
        match result:
            case Result.DONE:
                await _safely(keeping.done(tenant_id, hold))
            case Result.UNFINISHED:
                await _safely(keeping.unfinished(tenant_id, hold))
                await port.hint(job, tenant_id=tenant_id, kept=kept)
            case Result.SUSPENDED:
                await _safely(keeping.idle(tenant_id, hold))
            case Result.FAILED | Result.TOO_SLOW:
                if await _safely(keeping.failed(tenant_id, hold, fault)):
                    give_up(job.name)
                    return Result.GIVEN_UP
                return Result.POSTPONED
        return result

    async def perform_in_turn(
        self, periodic: Periodic, *, runner: str, is_again: bool = False, traceparent: str = ""
    ) -> TurnEnding:
        """Do a job that comes again, if it is this runner's turn.

        ``is_again`` says that it was asked the same before, and perhaps killed over it.
        """
        try:
            turn, next_in = await self._turns.take(periodic, runner=runner)
            if turn is None:
                is_held = is_again and await self._turns.is_held(periodic, runner=runner)
                return TurnEnding(Result.HELD if is_held else Result.NOT_DUE, next_in)
        except Exception:  # noqa: BLE001 - whatever it is, it may be over in a while
            _log.exception("job failed", job=periodic.job.name)
            return TurnEnding(Result.FAILED, periodic.seconds)
        async with self._kept(turn) as endings:
            endings.append(await self._begun(periodic.job, None, traceparent, turn.number))
        return TurnEnding(endings[-1].result, next_in)

    @asynccontextmanager
    async def _kept(self, turn: Turn) -> AsyncIterator[list[Ending]]:
        """Be at it until the block ends; then say how it ended."""
        endings = [Ending(Result.FAILED, Fault("BrokenOff", ""))]
        keeping = asyncio.create_task(self._keep(turn), context=Context())
        try:
            yield endings
        finally:
            keeping.cancel()
            await self._end(turn, endings[-1].fault.error)

    async def _keep(self, turn: Turn) -> None:
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            try:
                await self._turns.keep(turn)
            except Exception:  # noqa: BLE001 - it is said again
                _log.warning("turn not kept", job=turn.job, exc_info=True)

    async def _end(self, turn: Turn, error: str) -> None:
        try:
            await self._turns.end(turn, error=error)
        except Exception:  # noqa: BLE001 - it ends by itself
            _log.warning("turn not ended", job=turn.job, exc_info=True)

    async def _begun(
        self, job: Job, tenant_id: UUID | None, traceparent: str, window: int | None = None
    ) -> Ending:
        # An empty context: neither the request that asked for it nor the job before may be seen.
        context = Context()
        numbered = {} if window is None else {"window": window}
        context.run(structlog.contextvars.bind_contextvars, job=job.name, **numbered)
        work = self._perform(job, tenant_id, traceparent)
        return await asyncio.create_task(work, context=context)

    async def _perform(self, job: Job, tenant_id: UUID | None, traceparent: str) -> Ending:
        about = {Attribute.JOB: job.name}
        with self._tracer.root(f"process {job.name}", "consumer", about, traceparent=traceparent):
            ending = await self._timed(job, tenant_id)
            failed = ending.result.may_end_well_later
            self._tracer.note({Attribute.JOB_RESULT: ending.result}, failed=failed)
        return ending

    async def _timed(self, job: Job, tenant_id: UUID | None) -> Ending:
        began = time.monotonic()
        ending = await self._ending(job, tenant_id)
        result, seconds = ending.result, time.monotonic() - began
        job_metrics.job_seconds.observe(seconds, job.name, result)
        if result is Result.DONE:
            job_metrics.job_done_at.set(time.time(), job.name)
        _log.info("job ended", result=result, seconds=round(seconds, 3))
        return ending

    async def _ending(self, job: Job, tenant_id: UUID | None) -> Ending:
        limit = asyncio.timeout(job.seconds)
        try:
            async with limit:
                return Ending(await self._in_scope(job, tenant_id))
        except Unfinished:
            return Ending(Result.UNFINISHED)
        except Exception as error:  # noqa: BLE001 - a job that fails ends no runner
            if limit.expired():
                _log.error("job broken off", limit=job.seconds)
                return Ending(Result.TOO_SLOW, Fault("TooSlow", f"It took over {job.seconds:g} s."))
            _log.exception("job failed")
            return Ending(Result.FAILED, Fault(type(error).__name__, redaction.text(str(error))))

    async def _in_scope(self, job: Job, tenant_id: UUID | None) -> Result:
        tenant = await self._find_tenant(tenant_id) if tenant_id is not None else None
        if tenant_id is not None and tenant is None:
            return Result.NO_TENANT
        if tenant is not None and not (tenant.is_served or job.while_suspended):
            return Result.SUSPENDED
        with use_tenant(tenant) if tenant else nullcontext():
            await self.handlers.handle(job)
        return Result.DONE


async def _safely(work: Awaitable[T | None]) -> T | None:
    """What comes of it; whatever it fails with is logged: what is kept is looked at again."""
    try:
        return await work
    except Exception:  # noqa: BLE001 - see above
        _log.exception("job not kept")
        return None
