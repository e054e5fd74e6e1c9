"""Finds secrets where they must not be: in what is logged, raised, shown and printed."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from traceback import format_exception

_SHORTEST = 8
"""What is shorter turns up by chance."""


def leaked(secrets: Iterable[str], text: str) -> list[str]:
    """Which of these secrets are in the text, by their first letters."""
    return [f"{each[:4]}…" for each in secrets if len(each) >= _SHORTEST and each in text]


def told(error: BaseException) -> str:
    """All that a log or a page could say of an error, its causes included."""
    return f"{error!r}\n{''.join(format_exception(error))}"


@contextmanager
def listening() -> Iterator[list[str]]:
    """Everything that is logged meanwhile by the standard library, at any level."""
    lines: list[str] = []
    ear = _Ear(lines)
    root = logging.getLogger()
    before = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(before)
        root.removeHandler(ear)


class _Ear(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))
        self._lines.append(repr(vars(record)))
