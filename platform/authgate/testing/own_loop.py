"""Runs coroutines in tests that are plain functions, whatever else of the run has a loop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def own_loop() -> asyncio.Runner:
    """A loop that is nobody's current one between two runs."""
    return asyncio.Runner(loop_factory=asyncio.new_event_loop)


def done(work: Coroutine[Any, Any, T]) -> T:
    """What the work comes to, on a loop of its own."""
    with own_loop() as runner:
        return runner.run(work)
