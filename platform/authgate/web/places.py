"""How many requests may hold a connection to the database at once.

A flood of pages must leave the machine endpoints some of the connections. Whoever could not be
answered in reasonable time is told so at once.
"""

import asyncio
from types import TracebackType

_WAITING_PER_PLACE = 8


class Crowded(RuntimeError):
    """More requests wait for a place than can get one in reasonable time."""


class Places:
    """Places to take and give back: ``async with places``, as often as one is needed.

    A request that sets its transaction aside gives its place back meanwhile, so whoever waits for
    another server holds up nobody.
    """

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._waiting = 0
        self._most_waiting = count * _WAITING_PER_PLACE

    def refuse_crowd(self) -> None:
        """For those who only come now. Raises ``Crowded``."""
        if self._waiting >= self._most_waiting:
            raise Crowded

    async def __aenter__(self) -> None:
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self._free.release()
