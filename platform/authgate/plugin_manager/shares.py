"""Fair shares: whoever has many things under way waits for its own, and nobody waits for it."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from uuid import UUID

plugin_works_for: ContextVar[UUID | None] = ContextVar("authgate_plugin_works_for", default=None)
"""The tenant for which a plugin's code runs, which is in no tenant's scope."""


class Shares:
    """So many places for each key; what is not in use is forgotten."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._places: dict[Hashable, asyncio.Semaphore] = {}
        self._wanted: dict[Hashable, int] = {}

    @asynccontextmanager
    async def place(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for a place, and have it for as long as the block lasts."""
        places = self._places.setdefault(key, asyncio.Semaphore(self._each))
        self._wanted[key] = self._wanted.get(key, 0) + 1
        try:
            async with places:
                yield
        finally:
            self._wanted[key] -= 1
            if not self._wanted[key]:
                del self._wanted[key], self._places[key]
