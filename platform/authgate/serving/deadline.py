"""A time limit that is moved with every request and hardly ever reached."""

import asyncio
import math
from collections.abc import Callable


class Deadline:
    """Calls back once a deadline passes. Moving it later, as is the rule, costs no timer."""

    __slots__ = ("_at", "_loop", "_passed", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, passed: Callable[[], None]) -> None:
        self._loop = loop
        self._passed = passed
        self._at = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Move the deadline to so many seconds from now."""
        self._at = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._at:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_later(seconds, self._look)

    def unset(self) -> None:
        """Let there be no deadline until the next is set."""
        self._at = math.inf

    def cancel(self) -> None:
        """Let go of the timer, for good."""
        self.unset()
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        left = self._at - self._loop.time()
        if left <= 0:
            self._passed()
        elif left < math.inf:
            self._timer = self._loop.call_later(left, self._look)
