"""Signs that a worker or a beat still goes round: in its broker for the doctor, and in a file.

The sign in the broker ends by itself. The file's age tells whoever probes the program; it is there
while there is something to judge. Without a broker there is nothing to do: who waits for one is
well, and to start it anew would help nobody.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

from celery import bootsteps

from authgate.jobs.celery_settings import SIGN_SECONDS, sign_of_life
from authgate.settings import HEARTBEAT_SECONDS


def of_worker(file: Path | None) -> type[bootsteps.StartStopStep]:
    """A step of a worker's consumer: its event loop gives the signs while it has a broker."""

    class Heartbeat(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, consumer: Any) -> None:
            def beat() -> None:
                sign(consumer.connection, "worker")
                if file is not None:
                    file.touch()

            beat()
            self._timer = consumer.timer.call_repeatedly(HEARTBEAT_SECONDS, beat)

        def stop(self, consumer: Any) -> None:
            self._timer.cancel()
            if file is not None:
                file.unlink(missing_ok=True)

    return Heartbeat


def sign(connection: Any, whose: str) -> None:
    """Leave a sign of life with the broker."""
    # Who cannot leave a sign is told so by the doctor, and goes on.
    with suppress(Exception), connection.default_channel.conn_or_acquire() as redis:
        redis.set(sign_of_life(whose), 1, ex=SIGN_SECONDS)
