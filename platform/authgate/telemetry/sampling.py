"""Levels are looked at beside the requests, which then pay nothing for them.

Every five seconds, and whenever this process is asked for its measurements. Twice a second it is
noted how late the event loop comes round: so late is everything that it does.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Self

import structlog

from authgate.telemetry import metrics

_SECONDS = 0.5
_ROUNDS = 10

Reading = Callable[[], None]
"""Looks at something and states it as measurements."""

_log = structlog.get_logger(__name__)


class Sampler:
    """Looks at everything again and again. Open it with ``async with``."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = list(readings)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.look()
        self._task = asyncio.create_task(self._live(), context=Context())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for _ in range(_ROUNDS):
                due = loop.time() + _SECONDS
                await asyncio.sleep(_SECONDS)
                metrics.event_loop_lag_seconds.observe(max(loop.time() - due, 0.0))
            self.look()

    def look(self) -> None:
        """Look at everything now."""
        for reading in list(self._readings):
            try:
                reading()
            except Exception:  # noqa: BLE001  # the others are looked at all the same
                self._readings.remove(reading)
                _log.exception("a measurement failed and is given up")
