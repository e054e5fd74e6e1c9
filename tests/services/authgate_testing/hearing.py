"""Waiting until a server hears of what others change: until then it forgets again and again."""

import asyncio

from authgate.storage.invalidation import Listening
from authgate_testing.server import RunningServer

_LONGEST_SECONDS = 20


async def hears(server: RunningServer) -> None:
    """Wait for it."""
    invalidations = server.parts.invalidations
    assert isinstance(invalidations, Listening)
    invalidations.begin()
    async with asyncio.timeout(_LONGEST_SECONDS):
        while not invalidations.are_heard:  # noqa: ASYNC110  # nobody is told of it
            await asyncio.sleep(0.01)
