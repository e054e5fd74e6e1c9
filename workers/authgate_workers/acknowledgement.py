"""What a worker does whose broker was not told that a job is done.

Redis' transport takes a message whose acknowledgement failed for one that is still being done: with
one at a time the worker would ask for no other, nor find out that its line is gone, and stand still
for as long as it lives. So it connects anew, and what was not acknowledged comes again.
"""

from typing import Any

from celery import bootsteps
from celery.worker.request import Request
from kombu.asynchronous import get_event_loop, set_event_loop

_TOLD_SECONDS = 1.0


class Unacknowledged(ConnectionError):
    """The broker was not told that a job is done."""


class _Lines:
    """How many this process has had to its broker."""

    number = 0


_lines = _Lines()


class AcknowledgedRequest(Request):
    """A job that was handed to this worker, by a line to its broker."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._line = _lines.number

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
        if loop is not None:
            # It is told by the loop, in no order.
            loop.call_later(_TOLD_SECONDS, self._ask_again)

    def _ask_again(self) -> None:
        # What came by a line that was lost can't be told by another one, which is none the worse
        # for it: with several at work each would end the line of the others.
        loop: Any = get_event_loop()
        if loop is None or self._line != _lines.number or self.message.acknowledged:
            return
        loop.call_soon(_lose_the_line)


class KnownLoop(bootsteps.StartStopStep):
    """A step of a worker's consumer, done for each line: whoever loses one forgets the loop."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, consumer: Any) -> None:
        _lines.number += 1
        set_event_loop(consumer.hub)


def _lose_the_line() -> None:
    # Called by the loop, which takes it for what it is.
    raise Unacknowledged
