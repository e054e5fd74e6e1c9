"""A file whose age tells whoever probes a worker or a beat whether it still goes round.

It is there while there is something to judge. Without a broker there is nothing to do: who waits
for one is well, and to start it anew would help nobody.
"""

from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.beat import Scheduler

from authgate.settings import HEARTBEAT_SECONDS


def of_worker(file: Path) -> type[bootsteps.StartStopStep]:
    """A step of a worker's consumer: its event loop touches the file while it has a broker."""

    class Heartbeat(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, consumer: Any) -> None:
            file.touch()
            self._timer = consumer.timer.call_repeatedly(HEARTBEAT_SECONDS, file.touch)

        def stop(self, consumer: Any) -> None:
            self._timer.cancel()
            file.unlink(missing_ok=True)

    return Heartbeat


def of_beat(file: Path) -> type[Scheduler]:
    """A scheduler that touches the file each time it has looked for what is due."""

    class HeartbeatScheduler(Scheduler):
        def tick(self, *args: Any, **kwargs: Any) -> float:
            pause: float = super().tick(*args, **kwargs)
            file.touch()
            return min(pause, HEARTBEAT_SECONDS)

        def close(self) -> None:
            super().close()
            file.unlink(missing_ok=True)

    return HeartbeatScheduler
