"""Of those in this process who want one thing, one asks the database; the others wait for its end
without a connection, and have lost.

The database decides who wins, whatever happens here. Of a hundred requests for one row that wait
for each other there, each would hold a connection of the pool.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

T = TypeVar("T")


class Contest:
    """Who asks, by what they want: something that is there for one of them at most."""

    def __init__(self) -> None:
        self._asking: dict[Hashable, asyncio.Future[None]] = {}

    async def enter(self, wanted: Hashable, ask: Callable[[], Awaitable[T]], lost: T) -> T:
        """What ``ask`` answers, or ``lost`` where another request has heard the answer meanwhile.

        What ``ask`` raises reaches who called it; of those who waited for it another one asks.
        """
        while (asking := self._asking.get(wanted)) is not None:
            # wait(), unlike await, leaves it alone when this caller is cancelled.
            await asyncio.wait([asking])
            if not asking.cancelled():
                return lost
        asked = self._asking[wanted] = asyncio.get_running_loop().create_future()
        try:
            answer = await ask()
            asked.set_result(None)
            return answer
        finally:
            del self._asking[wanted]
            asked.cancel()  # does nothing to one that is done
