"""Signs that a worker or a beat still goes round: in its broker for the doctor, and in a file.

The sign in the broker ends by itself. The file's age tells whoever probes the program; it is there
while there is something to judge. Without a broker there is nothing to do: who waits for one is
well, and to start it anew would help nobody.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.beat import Scheduler

from authgate.jobs.celery_settings import SIGN_SECONDS, sign_of_life
from authgate.settings import HEARTBEAT_SECONDS


def of_worker(file: Path | None) -> type[bootsteps.StartStopStep]:
    """A step of a worker's consumer: its event loop gives the signs while it has a broker."""

    class Heartbeat(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, consumer: Any) -> None:
            def beat() -> None:
                _sign(consumer.connection, "worker")
                if file is not None:
                    file.touch()

            beat()
            self._timer = consumer.timer.call_repeatedly(HEARTBEAT_SECONDS, beat)

        def stop(self, consumer: Any) -> None:
            self._timer.cancel()
            if file is not None:
                file.unlink(missing_ok=True)

    return Heartbeat


def of_beat(file: Path | None) -> type[Scheduler]:
    """A scheduler that gives the signs each time it has looked for what is due."""

    class HeartbeatScheduler(Scheduler):
        def tick(self, *args: Any, **kwargs: Any) -> float:
            pause: float = super().tick(*args, **kwargs)
            _sign(self.connection, "beat")
            if file is not None:
                file.touch()
            return min(pause, HEARTBEAT_SECONDS)

        def close(self) -> None:
            super().close()
            if file is not None:
                file.unlink(missing_ok=True)

    return HeartbeatScheduler


def _sign(connection: Any, whose: str) -> None:
    # Who cannot leave a sign is told so by the doctor, and goes on.
    with suppress(Exception), connection.default_channel.conn_or_acquire() as redis:
        redis.set(sign_of_life(whose), 1, ex=SIGN_SECONDS)
