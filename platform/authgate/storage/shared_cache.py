"""A cache that every process empties together."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from uuid import UUID

from authgate.storage.caches import Cached, CacheStats
from authgate.storage.invalidation import Invalidations

V = TypeVar("V")

Key = tuple[UUID | None, str] | tuple[UUID | None, str, str]


class SharedCache(Generic[V]):
    """Values kept in this process until any process says that they have changed."""

    def __init__(
        self,
        topic: str,
        invalidations: Invalidations,
        *,
        size: int,
        ttl: float,
        keep_none: bool = False,
        keep_found: bool = True,
        name: str = "",
    ) -> None:
        self.topic = topic
        """What its values are, in one word: by it changes are told."""
        self.name = name or topic
        """Which one it is, where several hear the same."""
        self._invalidations = invalidations
        self._values: Cached[Key, V] = Cached(
            size=size, ttl=ttl, keep_none=keep_none, keep_found=keep_found
        )
        self.kept: Callable[[Key], tuple[V, float] | None] = self._values.kept
        """A value that need not be loaded, and when it ends; nothing where ``get`` has to ask."""
        invalidations.subscribe(topic, self._values.forget)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def stats(self) -> CacheStats:
        """What it has done so far."""
        return self._values.stats

    async def get(self, key: Key, load: Callable[[], Awaitable[V]]) -> V:
        """The value, loaded if need be."""
        self._invalidations.begin()
        return await self._values.get(key, load)

    def forget(self, key: Key) -> None:
        """Drop one value here, to read it again: others know nothing that this process does not."""
        self._values.forget(*key)

    async def invalidate(self, key: Key) -> None:
        """Have every process drop one value: after COMMIT, where a unit of work is open."""
        await self._invalidations.publish(self.topic, *key)
