"""Whether this process has been told to leave: it still answers, but wants no new work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_told = False
_listeners: list[Callable[[], None]] = []


def begin() -> None:
    """From now on this process is leaving."""
    global _told  # noqa: PLW0603  # a process leaves once, and as a whole
    _told = True
    for each in _listeners:
        each()


@contextmanager
def heard_by(listener: Callable[[], None]) -> Iterator[None]:
    """Have it called should this process be told to leave before the block ends."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def has_begun() -> bool:
    """Whether it is leaving."""
    return _told
