"""The jobs that come again: whose turn each of them is, and when it went well last.

A window is a period of a job by the database's clock. Whoever takes it first does the job, and
nobody does it again in that window, whatever the clocks of servers, workers and beats say. Who was
killed over it has a lease that ends; whatever was missed meanwhile is done once.

The rows are the installation's, not a tenant's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from zlib import crc32

from tortoise import connections, fields
from tortoise.models import Model

from authgate.storage import connection

LEASE_SECONDS: Final = 30.0
"""Who has not said for so long that the job is being done does it no more."""

LONGEST_ERROR: Final = 120

_NOW = {
    "postgres": "extract(epoch FROM clock_timestamp())::float8",
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
}
_WHOLE = {"postgres": "CAST(floor({}) AS bigint)", "sqlite": "CAST({} AS INTEGER)"}

# The row is locked before it is compared, so the clock is read after whoever was there before. A
# moment that has yet to come was written by a database whose clock was ahead of this one's.
_TAKE = (
    "INSERT INTO periodic_jobs AS known (name, seconds, turn, runner, known_since, begun_at,"
    " until, failures, error) VALUES ({1}, {2}, {turn}, {3}, {now}, {now}, {now} + {4}, 0, '')"
    " ON CONFLICT (name) DO UPDATE SET seconds = excluded.seconds, turn = {turn},"
    " runner = excluded.runner, begun_at = {now}, until = {now} + {4}"
    " WHERE (known.until IS NULL OR known.until < {now} OR known.until > {now} + 2 * {4})"
    " AND (known.turn < {turn} OR known.seconds <> excluded.seconds"
    " OR known.begun_at > {now} + {2}"
    # A lease that was never given back: its runner was killed over it, and the job is half done.
    " OR known.until IS NOT NULL)"
    " RETURNING turn, {now} AS now"
)
_HELD = "SELECT 1 AS held FROM periodic_jobs WHERE name = {1} AND runner = {2} AND until >= {now}"
_MINE = "WHERE name = {1} AND runner = {2} AND turn = {3} AND until IS NOT NULL"
_KEEP = f"UPDATE periodic_jobs SET until = {{now}} + {{4}} {_MINE}"  # noqa: S608 - our own words
_DONE = (
    "UPDATE periodic_jobs SET until = NULL, succeeded_at = {now}, failures = 0, error = ''"  # noqa: S608
    f" {_MINE}"
)
# The window is anybody's again.
_FAILED = (
    "UPDATE periodic_jobs SET until = NULL, turn = turn - 1, failures = failures + 1,"  # noqa: S608
    f" error = {{4}} {_MINE}"
)
_NOW_SAYS = "SELECT {now} AS now"


class PeriodicJobRow(Model):
    """A job that comes again. Moments are in Unix time by the database's clock."""

    name = fields.CharField(64, primary_key=True)
    seconds = fields.FloatField()
    """Its period."""
    turn = fields.BigIntField()
    """The number of the window in which it was begun last."""
    runner = fields.CharField(64)
    """Who did so."""
    known_since = fields.FloatField()
    begun_at = fields.FloatField()
    until = fields.FloatField(null=True)
    """Until when nobody else begins it: while it is being done."""
    succeeded_at = fields.FloatField(null=True)
    failures = fields.IntField(default=0)
    """In a row."""
    error = fields.CharField(LONGEST_ERROR, default="")
    """What went wrong the last time, in one word."""

    class Meta:
        table = "periodic_jobs"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodicJob:
    """A job that comes again, as it is known."""

    name: str
    seconds: float
    is_running: bool
    runner: str
    """Who has begun it last, and holds it while it is being done."""
    begun_at: datetime
    next_at: datetime
    """When its next window begins; what is past was missed, or goes wrong, and is done soon."""
    succeeded_at: datetime | None
    failures: int
    error: str
    late: float
    """For how many of its periods it has not gone well, by the database's clock."""


class Taken(NamedTuple):
    """What came of asking for a window."""

    turn: int | None
    """Its number; ``None`` where somebody has taken it, or still does the job."""
    next_in: float
    """Seconds until the next one."""


async def take(name: str, *, seconds: float, runner: str) -> Taken:
    """Take the window that it is now."""
    # Each job's begin at another moment, or all of them would be done at once every quarter of an
    # hour.
    offset = _offset(name, seconds)
    rows = await _asked(_TAKE, [name, seconds, runner, LEASE_SECONDS, offset])
    [row] = rows or await _asked(_NOW_SAYS, [])
    next_in = seconds - (float(row["now"]) + offset) % seconds
    return Taken(int(row["turn"]) if rows else None, next_in)


async def is_held(name: str, *, runner: str) -> bool:
    """Whether this runner, or one that was killed lately and had the same name, is doing it."""
    return bool(await _asked(_HELD, [name, runner]))


async def keep(name: str, turn: int, *, runner: str) -> None:
    """Say that it is still being done."""
    await _asked(_KEEP, [name, runner, turn, LEASE_SECONDS])


async def end(name: str, turn: int, *, runner: str, error: str = "") -> None:
    """Say that it is done, or that it went wrong: then anybody may take the window once more."""
    if error:
        await _asked(_FAILED, [name, runner, turn, error[:LONGEST_ERROR]])
    else:
        await _asked(_DONE, [name, runner, turn])


async def every() -> list[PeriodicJob]:
    """All that were begun once, by name."""
    [clock] = await _asked(_NOW_SAYS, [])
    return [_known(row, float(clock["now"])) for row in await PeriodicJobRow.all().order_by("name")]


def _known(row: PeriodicJobRow, now: float) -> PeriodicJob:
    since = row.known_since if row.succeeded_at is None else row.succeeded_at
    return PeriodicJob(
        name=row.name,
        seconds=row.seconds,
        is_running=row.until is not None and row.until >= now,
        runner=row.runner,
        begun_at=_moment(row.begun_at),
        next_at=_moment((row.turn + 1) * row.seconds - _offset(row.name, row.seconds)),
        succeeded_at=None if row.succeeded_at is None else _moment(row.succeeded_at),
        failures=row.failures,
        error=row.error,
        late=max(0.0, now - since) / row.seconds,
    )


def _offset(name: str, seconds: float) -> float:
    return crc32(name.encode()) / 2**32 * seconds


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


async def _asked(statement: str, values: list[Any]) -> Sequence[dict[str, Any]]:
    dialect = connection.dialect()
    mark = "$" if dialect == "postgres" else "?"
    marks = [f"{mark}{number}" for number in range(6)]
    now = _NOW[dialect]
    turn = _WHOLE[dialect].format(f"({now} + {marks[5]}) / {marks[2]}")
    asked = statement.format(*marks, now=now, turn=turn)
    rows: Sequence[dict[str, Any]]
    rows = await connections.get("default").execute_query_dict(asked, values)
    return rows
