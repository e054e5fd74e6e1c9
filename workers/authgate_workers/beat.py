"""The beat: it sends each job that comes again once in its period, by a clock that never jumps.

Celery's own scheduler reckons by the wall clock: set back by an hour, it would send nothing for an
hour. Several beats may run: each sends everything, and the database says whose turn it is to do it.
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import structlog
from celery.beat import Scheduler

from authgate.jobs.celery_settings import MOST_PERIODIC, PERIODIC_QUEUE
from authgate.settings import HEARTBEAT_SECONDS
from authgate_workers import heartbeat

_AGAIN_SECONDS = 1.0
"""After which what could not be sent is looked at again."""

_log = structlog.get_logger(__name__)


class Round:
    """When each job is due next, in the seconds of a clock that never jumps."""

    def __init__(self, periods: Mapping[str, float], *, now: float) -> None:
        self._periods = periods
        # At once: a period may have been missed.
        self._next_at = dict.fromkeys(periods, now)

    def due(self, now: float) -> list[str]:
        """Those that are due now, until they are sent."""
        return [name for name, at in self._next_at.items() if at <= now]

    def sent(self, name: str, now: float) -> None:
        """It was sent: once, however many periods somebody slept through."""
        self._next_at[name] = max(self._next_at[name] + self._periods[name], now)

    def rest(self, now: float) -> float:
        """Seconds until the next one is due, or the next sign of life."""
        first = min(self._next_at.values(), default=now + HEARTBEAT_SECONDS)
        return min(max(first - now, 0.0), HEARTBEAT_SECONDS)


class MonotonicScheduler(Scheduler):
    """Sends what is due, and gives signs of life each time it has looked round."""

    heartbeat_file: ClassVar[Path | None] = None
    _round: Round | None = None

    def tick(self, *_args: Any, **_kwargs: Any) -> float:
        """Send what is due; the seconds until the next look."""
        now = time.monotonic()
        self._round = self._round or Round(_periods(self.schedule), now=now)
        is_all_sent = self._send(self._round, now)
        heartbeat.sign(self.connection, "beat")
        if self.heartbeat_file is not None:
            self.heartbeat_file.touch()
        rest = self._round.rest(time.monotonic())
        return rest if is_all_sent else max(rest, _AGAIN_SECONDS)

    def close(self) -> None:
        """Leave."""
        super().close()
        if self.heartbeat_file is not None:
            self.heartbeat_file.unlink(missing_ok=True)

    def _send(self, round_: Round, now: float) -> bool:
        """Send what is due; whether nothing of it is left to be sent."""
        due = round_.due(now)
        try:
            if due and not self._has_room():
                return False
            for name in due:
                self.apply_async(self.schedule[name], producer=self.producer, advance=False)
                round_.sent(name, now)
                _log.info("sent what is due", job=name)
        except Exception as error:  # noqa: BLE001 - each broker has its own; Celery would end over it
            _log.warning("the broker cannot be reached", error=type(error).__name__)
            super().close()  # whatever line it was: the next look has a new one
            return False
        return True

    def _has_room(self) -> bool:
        # Workers that come back have no use for every period that they have missed.
        queue: Any = self.app.amqp.queues[PERIODIC_QUEUE].bind(self.connection.default_channel)
        waiting = int(queue.queue_declare().message_count)
        if waiting >= MOST_PERIODIC:
            _log.warning("no worker takes what is due", waiting=waiting)
        return waiting < MOST_PERIODIC


def scheduler(file: Path | None) -> type[Scheduler]:
    """A scheduler that touches this file as well."""
    return type("BeatScheduler", (MonotonicScheduler,), {"heartbeat_file": file})


def _periods(schedule: Mapping[str, Any]) -> dict[str, float]:
    return {name: each.schedule.run_every.total_seconds() for name, each in schedule.items()}
