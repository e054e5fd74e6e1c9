"""The product's application for a worker in which everything takes fifty times as long.

What it remembers for a second it remembers there for as long as a second's work takes: else each
wave would pay for reading it anew on a busy machine, and none would on a quiet one. And whom it
hears of changes from has as much longer to answer, and what it does each second has as much more
done meanwhile.
"""

from importlib import import_module

from authgate import installation
from authgate.asgi import app
from authgate.storage import invalidation
from authgate.storage.postgres import invalidation as postgres
from authgate.storage.redis import invalidation as redis
from authgate.storage.sqlite import invalidation as sqlite

__all__ = ["app"]

_SLOWER = 50  # as `callgrind.PATIENCE` has it

_SLOWED = (
    (import_module("authgate.background.schedule"), "_SEALS_SECONDS"),
    (installation, "_REMEMBERED_SECONDS"),
    (invalidation.Invalidations, "remembered_seconds"),
    (postgres.PostgresInvalidations, "remembered_seconds"),
    (redis.RedisInvalidations, "remembered_seconds"),
    (sqlite.SqliteInvalidations, "remembered_seconds"),
    (invalidation, "_PAUSE_SECONDS"),
    (postgres, "CONNECT_SECONDS"),
    (postgres, "SILENCE_SECONDS"),
    (sqlite, "SILENCE_SECONDS"),
)
for _place, _name in _SLOWED:
    setattr(_place, _name, getattr(_place, _name) * _SLOWER)
