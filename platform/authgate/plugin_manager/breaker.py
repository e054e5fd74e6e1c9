"""Leaves alone for a while what keeps failing."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass(slots=True)
class _Trouble:
    failures: int = 0
    paused_until: float = 0.0


class Breakers:
    """One circuit breaker for each key, kept only while there is trouble.

    ``threshold`` failures in a row open it for ``pause`` seconds. After that one call is let
    through to see; the others wait for another pause, or for its success.
    """

    def __init__(
        self,
        *,
        threshold: int = 5,
        pause: float = 30.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = threshold
        self._pause = pause
        self._monotonic = monotonic
        self._troubles: dict[Hashable, _Trouble] = {}

    @property
    def pause(self) -> float:
        """Seconds for which whatever has failed too often is left alone."""
        return self._pause

    def admits(self, key: Hashable) -> bool:
        """Whether a call may go through now."""
        trouble = self._troubles.get(key)
        if trouble is None or trouble.failures < self._threshold:
            return True
        if self._monotonic() < trouble.paused_until:
            return False
        trouble.paused_until = self._monotonic() + self._pause
        return True

    def succeeded(self, key: Hashable) -> None:
        """A call went well: all is forgotten."""
        self._troubles.pop(key, None)

    def failed(self, key: Hashable) -> bool:
        """A call failed. True where that has opened the breaker."""
        trouble = self._troubles.setdefault(key, _Trouble())
        trouble.failures += 1
        if trouble.failures < self._threshold:
            return False
        trouble.paused_until = self._monotonic() + self._pause
        return trouble.failures == self._threshold
