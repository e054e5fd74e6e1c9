"""SQLite without a thread of its own for each connection.

To hand each statement to another thread and back takes longer than the statement, and here nothing
else is to go on meanwhile.
"""

from asyncio import Future
from collections.abc import Callable
from typing import Any

import pytest
from aiosqlite import core


class _AtOnce:
    """Takes work for the thread, and does it here and now."""

    def put_nowait(self, work: tuple[Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = work
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - whoever waits for it gets it
            if future is not None:
                future.set_exception(error)
        else:
            if future is not None:
                future.set_result(result)


class _NoThread:
    def __init__(self, **_options: object) -> None:
        pass

    def start(self) -> None:
        pass


def connect_so(patch: pytest.MonkeyPatch) -> None:
    """Open connections in this way from now on."""
    patch.setattr(core, "SimpleQueue", _AtOnce)
    patch.setattr(core, "Thread", _NoThread)
