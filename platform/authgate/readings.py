"""What is looked at twice a second in every process that has the installation open."""

from dataclasses import replace
from functools import partial
from typing import Any

from authgate.installation import Installation
from authgate.storage import connection
from authgate.storage.caches import CacheStats
from authgate.storage.invalidation import Listening
from authgate.storage.redis.connection import RedisConnection
from authgate.storage.shared_cache import SharedCache
from authgate.telemetry import metrics
from authgate.telemetry.own_process import OwnProcess
from authgate.telemetry.sampling import Reading


def of(parts: Installation) -> list[Reading]:
    """Each states what it sees as measurements."""
    metrics.processes.set(1)
    readings: list[Reading] = [
        OwnProcess().read,
        _read_storage,
        *(_CacheReading(each).read for each in parts.caches),
    ]
    if parts.redis is not None:
        readings.append(partial(_read_redis, parts.redis))
    if isinstance(parts.invalidations, Listening):
        readings.append(partial(_read_invalidations, parts.invalidations))
    return readings


def _read_storage() -> None:
    load = connection.load()
    metrics.append_log_waiting.set(load.appends_waiting)
    metrics.lookups_waiting.set(load.lookups_waiting)
    metrics.db_pool_limit.set(load.pool_limit)
    metrics.db_pool_connections.set(load.pool_in_use, "in_use")
    metrics.db_pool_connections.set(load.pool_idle, "idle")


def _read_redis(redis: RedisConnection) -> None:
    metrics.redis_connected.set(redis.is_connected)


def _read_invalidations(invalidations: Listening) -> None:
    metrics.invalidations_connected.set(invalidations.are_heard)
    metrics.invalidations_owed.set(invalidations.owed)


class _CacheReading:
    """Counts on from where it was: a cache only knows its sums."""

    def __init__(self, cache: SharedCache[Any]) -> None:
        self._cache = cache
        self._before = CacheStats()

    def read(self) -> None:
        name, now, before = self._cache.name, self._cache.stats, self._before
        metrics.cache_entries.set(len(self._cache), name)
        metrics.cache_requests.add(name, "hit", by=now.hits - before.hits)
        metrics.cache_requests.add(name, "miss", by=now.loads - before.loads)
        metrics.cache_requests.add(name, "joined", by=now.joined - before.joined)
        metrics.cache_drops.add(name, "evicted", by=now.evictions - before.evictions)
        metrics.cache_drops.add(name, "changed", by=now.invalidations - before.invalidations)
        self._before = replace(now)
