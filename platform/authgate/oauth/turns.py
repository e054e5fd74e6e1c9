"""One at a time for each key, in this process: who comes second waits without a connection.

The database decides who wins, whatever happens here. A turn spares it the contest: of a hundred
requests for one row that wait for each other, each would hold a connection of the pool.
"""

import asyncio
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Turns:
    """Who is at it, by the key."""

    def __init__(self) -> None:
        self._taken: dict[Hashable, asyncio.Event] = {}

    async def waited(self, key: Hashable) -> bool:
        """Wait for whoever has the turn; ``False`` at once where nobody has it."""
        taken = self._taken.get(key)
        if taken is None:
            return False
        await taken.wait()
        return True

    @contextmanager
    def take(self, key: Hashable) -> Iterator[None]:
        """Have the turn, which nobody has at this moment."""
        over = self._taken[key] = asyncio.Event()
        try:
            yield
        finally:
            del self._taken[key]
            over.set()
