"""What a worker does whose broker was not told that a job is done.

Redis' transport takes a message whose acknowledgement failed for one that is still being done: with
one at a time the worker would ask for no other, nor find out that its line is gone, and stand still
for as long as it lives. So it connects anew, and what was not acknowledged comes again.
"""

from typing import Any

from celery import bootsteps
from celery.worker.request import Request
from kombu.asynchronous import get_event_loop, set_event_loop


class Unacknowledged(ConnectionError):
    """The broker was not told that a job is done."""


class AcknowledgedRequest(Request):
    """A job that was handed to this worker."""

    def acknowledge(self) -> None:
        """Tell the broker that it is done."""
        super().acknowledge()
        self._be_sure()

    def reject(self, requeue: bool = False) -> None:
        """Tell the broker that whoever did it was killed."""
        super().reject(requeue)
        self._be_sure()

    def _be_sure(self) -> None:
        loop: Any = get_event_loop()
        if loop is not None and not self.message.acknowledged:
            loop.call_soon(_lose_the_line)


class KnownLoop(bootsteps.StartStopStep):
    """A step of a worker's consumer, done for each line: whoever loses one forgets the loop."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer: Any) -> None:
        set_event_loop(consumer.hub)


def _lose_the_line() -> None:
    # Called by the loop, which takes it for what it is.
    raise Unacknowledged
