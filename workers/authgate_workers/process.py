"""What one process of the pool keeps open: an event loop, and the installation on it.

Celery's tasks are plain functions, ours are coroutines. One loop lives as long as the process, in
a thread of its own, so connections stay open from one job to the next.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context
from typing import TypeVar

import structlog

from authgate import background, installation, readings
from authgate.jobs import BadArguments, Performer, Periodic, Result, UnknownJob
from authgate.jobs.envelope import Envelopes, Forged
from authgate.jobs.performer import AGAIN_AFTER_SECONDS
from authgate.settings import Settings
from authgate.telemetry import job_metrics, tracing
from authgate.telemetry.sampling import Sampler

Outcome = TypeVar("Outcome")

_OPEN_SECONDS = 3.0  # Celery takes a process that is silent for four for a dead one
_CLOSE_SECONDS = 5.0
_TRY_AGAIN_SECONDS = 5.0

_log = structlog.get_logger(__name__)


class WorkerProcess:
    """Does jobs one after the other, each in a context of its own."""

    def __init__(self, read_settings: Callable[[], Settings]) -> None:
        self._read_settings = read_settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._living: Future[None] | None = None
        self._leave: asyncio.Event | None = None
        self._performer: Performer | None = None
        self._envelopes: Envelopes | None = None
        self._periodic: Mapping[str, Periodic] = {}

    def start(self) -> None:
        """Begin the loop and open the installation. What goes wrong is logged."""
        settings = self._read_settings()
        self._envelopes = background.envelopes(settings)
        self._periodic = {each.job.name: each for each in background.schedule(settings)}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="jobs", daemon=True).start()
        tried = threading.Event()
        self._living = self._spawn(self._live(settings, tried))
        tried.wait(_OPEN_SECONDS)

    def stop(self) -> None:
        """Close what is open and end the loop."""
        loop, leave, living = self._loop, self._leave, self._living
        if loop is None:
            return
        if leave is not None and living is not None:
            loop.call_soon_threadsafe(leave.set)
            living.exception(_CLOSE_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        self._loop = self._performer = None

    def do(
        self,
        name: str,
        sealed: Mapping[str, object],
        *,
        message_id: str,
        attempt: int = 1,
        is_again: bool = False,
        traceparent: str = "",
    ) -> Result | None:
        """Do the job in an envelope; ``None`` where nothing came of it.

        ``is_again`` says that the message came before. An envelope that is not ours is refused,
        logged and counted.
        """
        if self._performer is None or self._envelopes is None:
            return Result.FAILED
        try:
            message = self._envelopes.open(name, sealed)
            job = self._performer.handlers.read(message.name, message.arguments)
        except (Forged, UnknownJob, BadArguments) as error:
            _log.error("job refused", job=name, message_id=message_id, reason=str(error))
            job_metrics.job_seconds.observe(0, name, "refused")
            return None
        if message.in_turn and name in self._periodic:
            turn = self._performer.perform_in_turn(
                self._periodic[name],
                runner=message_id,
                is_again=is_again,
                traceparent=traceparent,
            )
            return self._spawn(turn).result().result
        done = self._performer.perform(
            job,
            tenant_id=message.tenant_id,
            kept=message.kept,
            traceparent=traceparent,
            attempt=attempt,
            is_last=attempt > len(AGAIN_AFTER_SECONDS),
        )
        return self._spawn(done).result()

    def _spawn(self, work: Coroutine[object, object, Outcome]) -> Future[Outcome]:
        assert self._loop is not None  # noqa: S101 - set before anything is spawned
        # The loop takes over the context of whoever hands it something.
        return Context().run(asyncio.run_coroutine_threadsafe, work, self._loop)

    async def _live(self, settings: Settings, tried: threading.Event) -> None:
        self._leave = asyncio.Event()
        while not self._leave.is_set():
            try:
                async with (
                    tracing.opened(settings.tracing) as tracer,
                    installation.opened(settings, tracer=tracer) as parts,
                    Sampler(readings.of(parts)),
                    background.queue_of_workers(parts),
                ):
                    self._performer = background.performer(parts)
                    tried.set()
                    await self._leave.wait()
            except Exception:  # noqa: BLE001 - whatever it is, it may be over in a while
                _log.exception("the installation cannot be opened")
            self._performer = None
            tried.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._leave.wait(), _TRY_AGAIN_SECONDS)
