"""Jobs beside the requests, in the server's own process: for an installation without workers.

What waits is in memory: a server that is killed loses it. Periodic jobs come again by themselves.
"""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

import structlog

from authgate.jobs.job import Job, Periodic, QueueUnavailable, give_up, note_wait, sending
from authgate.jobs.performer import AGAIN_AFTER_SECONDS, Performer, pause_before_again
from authgate.telemetry import job_metrics
from authgate.telemetry.tracing import UNTRACED, Tracer

_log = structlog.get_logger(__name__)

_FIRST_WITHIN_SECONDS = 10.0
_JITTER = 0.1


@dataclass(frozen=True, slots=True)
class _Waiting:
    job: Job
    tenant_id: UUID | None
    traceparent: str = ""
    kept: UUID | None = None
    failures: int = 0
    due_since: float = field(default_factory=time.monotonic)


class InProcessRunner:
    """Takes jobs and does a few at once. Open it with ``async with``; it ends what it has begun."""

    def __init__(
        self,
        performer: Performer,
        *,
        schedule: Sequence[Periodic] = (),
        at_once: int = 4,
        waiting: int = 1000,
        again_after: Sequence[float] = AGAIN_AFTER_SECONDS,
        drain_seconds: float = 8.0,
        chance: Callable[[], float] = random.random,
        tracer: Tracer = UNTRACED,
    ) -> None:
        self._performer = performer
        self._schedule = schedule
        self._at_once = at_once
        self._again_after = again_after
        self._drain_seconds = drain_seconds
        self._chance = chance
        self._tracer = tracer
        self._name = str(uuid4())
        self._waiting: asyncio.Queue[_Waiting] = asyncio.Queue(waiting)
        self._stopping = asyncio.Event()
        self._takers: list[asyncio.Task[None]] = []
        self._clocks: list[asyncio.Task[None]] = []

    async def enqueue(self, job: Job, *, tenant_id: UUID | None, kept: UUID | None = None) -> None:
        """Have the job done soon. Raises ``QueueUnavailable`` when too many wait."""
        if not self._takers or self._stopping.is_set():
            raise QueueUnavailable("The runner is not running.")
        with sending(job, self._tracer, "in-process") as traceparent:
            try:
                self._put(_Waiting(job, tenant_id, traceparent, kept))
            except asyncio.QueueFull as error:
                raise QueueUnavailable("Too many jobs are waiting.") from error

    async def __aenter__(self) -> Self:
        self._takers = [self._task(self._take()) for _ in range(self._at_once)]
        self._clocks = [self._task(self._again(each)) for each in self._schedule]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        try:
            async with asyncio.timeout(self._drain_seconds):
                await asyncio.gather(self._waiting.join(), *self._clocks)
        except TimeoutError:
            _log.warning("jobs broken off", waiting=self._waiting.qsize())
        finally:
            tasks = self._takers + self._clocks
            self._takers = []
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _task(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work, context=Context())

    async def _take(self) -> None:
        while True:
            waiting = await self._waiting.get()
            job_metrics.jobs_waiting.set(self._waiting.qsize())
            note_wait(waiting.job.name, time.monotonic() - waiting.due_since)
            try:
                result = await self._performer.perform(
                    waiting.job,
                    tenant_id=waiting.tenant_id,
                    kept=waiting.kept,
                    traceparent=waiting.traceparent,
                    attempt=waiting.failures + 1,
                    is_last=waiting.failures == len(self._again_after),
                )
                if result.may_end_well_later:
                    self._postpone(waiting)
            finally:
                self._waiting.task_done()

    def _postpone(self, waiting: _Waiting) -> None:
        if waiting.failures == len(self._again_after):
            give_up(waiting.job.name)
            return
        again = replace(waiting, failures=waiting.failures + 1)
        pause = pause_before_again(self._again_after[waiting.failures])
        asyncio.get_running_loop().call_later(pause, self._put_back, again, context=Context())

    def _put_back(self, waiting: _Waiting) -> None:
        if self._stopping.is_set() or self._waiting.full():
            give_up(waiting.job.name)
        else:
            self._put(replace(waiting, due_since=time.monotonic()))

    def _put(self, waiting: _Waiting) -> None:
        self._waiting.put_nowait(waiting)
        job_metrics.jobs_waiting.set(self._waiting.qsize())

    async def _again(self, periodic: Periodic) -> None:
        # Servers that start together are not to work together.
        await self._pause(min(periodic.seconds, _FIRST_WITHIN_SECONDS) * self._chance())
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            result, next_in = await self._performer.perform_in_turn(periodic, runner=self._name)
            failures = failures + 1 if result.may_end_well_later else 0
            if 0 < failures <= len(self._again_after):
                next_in = min(next_in, pause_before_again(self._again_after[failures - 1]))
            rest = max(0.0, next_in - (time.monotonic() - began))
            # Of those that wait for the same window not all ask at once.
            await self._pause(rest + periodic.seconds * _JITTER * self._chance())

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
