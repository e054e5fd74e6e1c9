"""SQLite without a thread of its own for each connection.

To hand each statement to another thread and back takes longer than the statement, and here nothing
else is to go on meanwhile. So it is known which statements were sent, too.
"""

import re
import sqlite3
from asyncio import Future
from collections.abc import Callable
from typing import Any

import pytest
from aiosqlite import core

from authgate.storage.sqlite import line

_WORDS = re.compile(r"\w+")
_ONLY_READ = frozenset({"SELECT", "PRAGMA", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"})

written: set[str] = set()
"""Words of all statements that may have written something: the tables are among them. Whoever
reads it empties it."""


class _AtOnce:
    """Takes work for the thread, and does it here and now."""

    def put_nowait(self, work: tuple[Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = work
        _note(next(iter(getattr(function, "args", ())), None))
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - whoever waits for it gets it
            if future is not None:
                future.set_exception(error)
        else:
            if future is not None:
                future.set_result(result)


def _note(statement: object) -> None:
    words = _WORDS.findall(statement) if isinstance(statement, str) else []
    if words and words[0].upper() not in _ONLY_READ:
        written.update(words)


class _NoThread:
    def __init__(self, **_options: object) -> None:
        pass

    def start(self) -> None:
        pass


def connect_so(patch: pytest.MonkeyPatch) -> None:
    """Open connections in this way from now on. Those that stay in a thread are listened to."""
    connected = line.connected

    def listened_to(path: str) -> sqlite3.Connection:
        connection = connected(path)
        connection.set_trace_callback(_note)
        return connection

    patch.setattr(line, "connected", listened_to)
    patch.setattr(core, "SimpleQueue", _AtOnce)
    patch.setattr(core, "Thread", _NoThread)
