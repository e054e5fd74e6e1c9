"""The product's application for a worker in which everything takes fifty times as long.

What it remembers for a second it remembers there for as long as a second's work takes: else each
wave would pay for reading it anew on a busy machine, and none would on a quiet one. And whom it
hears of changes from has as much longer to answer. The jobs that come again are left to others, as
where there are workers: a wave lasts for a second, and would pay for whichever are due meanwhile.
"""

from authgate import installation
from authgate.asgi import app
from authgate.background import queues
from authgate.jobs import Periodic
from authgate.settings import Settings
from authgate.storage import invalidation
from authgate.storage.postgres import invalidation as postgres
from authgate.storage.redis import invalidation as redis
from authgate.storage.sqlite import invalidation as sqlite

__all__ = ["app"]

_SLOWER = 50  # as `callgrind.PATIENCE` has it

_SLOWED = (
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


def _nothing(_settings: Settings) -> tuple[Periodic, ...]:
    return ()


_COMES_AGAIN = (queues, "schedule")
setattr(*_COMES_AGAIN, _nothing)
