"""How long to wait before a dead worker is replaced."""

LONG_LIFE_SECONDS = 2.0
FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 5.0


class CrashLoop:
    """Replaces a worker that had served for a while at once, one that keeps dying young later and
    later: a broken start must not take the processor from what still works."""

    def __init__(self) -> None:
        self._young_deaths = 0

    def delay(self, *, was_ready: bool, lived_seconds: float) -> float:
        """Seconds to wait after this death."""
        if was_ready and lived_seconds >= LONG_LIFE_SECONDS:
            self._young_deaths = 0
            return 0.0
        self._young_deaths += 1
        return min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** (self._young_deaths - 1))
