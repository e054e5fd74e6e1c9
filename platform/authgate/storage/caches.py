"""Values kept in this process for a while: clients, tenants, keys, people.

A key is a tuple that begins with the tenant's id, or with ``None`` for what belongs to the
platform; the rest of it are texts. Who changes a value says so after COMMIT (``invalidation``).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar, cast
from uuid import UUID

Key: TypeAlias = tuple[UUID | None, *tuple[str, ...]]

K = TypeVar("K", bound=Key)
V = TypeVar("V")


class ForeignValue(RuntimeError):
    """One tenant's value under the key of another: a mistake in the program."""


@dataclass(slots=True)
class CacheStats:
    """What a cache has done so far."""

    hits: int = 0
    loads: int = 0
    joined: int = 0
    """Misses that waited for a load which was on its way already."""
    overtaken: int = 0
    """Loads whose value was not kept because an invalidation came first."""
    evictions: int = 0
    invalidations: int = 0
    """Values that were dropped before their time."""


class Cached(Generic[K, V]):
    """The ``size`` values loaded last, each for ``ttl`` seconds at most.

    Loaded, not used: what is kept for seconds is loaded again soon, and to note each use would
    cost as much as finding the value.

    One load at a time for each key, however many ask. An invalidation also reaches loads on their
    way: who asked before it may get what was read before it, but that is not kept, and who asks
    later does not join. ``None`` is kept only where ``keep_none`` says so, and nothing else where
    ``keep_found`` does not.

    Nobody may read through a cache inside of a transaction that has changed the value: others
    would see what is not committed.
    """

    def __init__(
        self,
        *,
        size: int,
        ttl: float,
        keep_none: bool = False,
        keep_found: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stats = CacheStats()
        self._size = size
        self._ttl = ttl
        self._keep_none = keep_none
        self._keep_found = keep_found
        self._clock = clock
        self._kept: dict[K, tuple[V, float]] = {}
        # A load keeps its value only if it is still listed here when it ends: its generation.
        self._loads: dict[K, asyncio.Future[V]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def kept(self, key: K) -> tuple[V, float] | None:
        """A value that need not be loaded, and when it ends; nothing where ``get`` has to ask."""
        kept = self._kept.get(key)
        if kept is None or kept[1] <= self._clock():
            return None
        self.stats.hits += 1
        return kept

    async def get(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        """The value, loaded if need be; what ``load`` raises reaches all who wait for it."""
        while True:
            kept = self.kept(key)
            if kept is not None:
                return kept[0]
            loading = self._loads.get(key)
            if loading is None:
                return await self._load(key, load)
            self.stats.joined += 1
            # wait(), unlike await, leaves it alone when this caller is cancelled.
            await asyncio.wait([loading])
            if not loading.cancelled():
                return loading.result()
            # Whoever loaded it was cancelled; this caller's own load may take over.

    def invalidate(self, key: K) -> None:
        """Drop one value."""
        self._drop([key])

    def invalidate_tenant(self, tenant_id: UUID) -> None:
        """Drop all that belongs to a tenant."""
        self._drop([key for key in self._known() if key[0] == tenant_id])

    def clear(self) -> None:
        """Drop everything."""
        self._drop(self._known())

    def forget(self, tenant_id: UUID | None, *parts: str) -> None:
        """Do what an invalidation says: one value, a tenant's, or (``None`` alone) everything."""
        if parts:
            self.invalidate(cast(K, (tenant_id, *parts)))
        elif tenant_id is not None:
            self.invalidate_tenant(tenant_id)
        else:
            self.clear()

    def _known(self) -> set[K]:
        return self._kept.keys() | self._loads.keys()

    def _drop(self, keys: "list[K] | set[K]") -> None:
        for key in keys:
            self._loads.pop(key, None)
            self.stats.invalidations += self._kept.pop(key, None) is not None

    async def _load(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        self.stats.loads += 1
        loading = self._loads[key] = asyncio.get_running_loop().create_future()
        try:
            value = _checked(key, await load())
        except Exception as error:
            loading.set_exception(error)
            loading.exception()  # seen: asyncio need not warn if nobody else waits
            raise
        else:
            loading.set_result(value)
            self._keep(key, value, loading)
            return value
        finally:
            loading.cancel()  # does nothing to one that is done
            if self._loads.get(key) is loading:
                del self._loads[key]

    def _keep(self, key: K, value: V, loading: asyncio.Future[V]) -> None:
        if self._loads.get(key) is not loading:
            self.stats.overtaken += 1
            return
        if not (self._keep_none if value is None else self._keep_found):
            return
        self._kept.pop(key, None)  # a dict keeps the place of a key that it knows
        self._kept[key] = (value, self._clock() + self._ttl)
        if len(self._kept) > self._size:
            del self._kept[next(iter(self._kept))]
            self.stats.evictions += 1


def _checked(key: Key, value: V) -> V:
    """The value, if it does not say that it belongs to another tenant than its key."""
    owner = getattr(value, "tenant_id", None)
    if key[0] is not None and owner is not None and owner != key[0]:
        raise ForeignValue(f"{type(value).__name__} of another tenant under {key!r}.")
    return value
