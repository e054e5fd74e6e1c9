"""How much of what has happened lately: events by hour, type, severity and outcome.

Nothing is added up while events happen. A count looks at ``LOOKED_AT`` of the newest events of a
period at the most, and says how far back that was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from authgate.storage import connection
from authgate.storage.audit.looking import Condition, Looking

LOOKED_AT: Final = 50_000
"""Rows that a count looks at."""

MOST: Final = 10
"""Of those where the most has failed."""

_HOURS = {
    "postgres": "to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')",
    "sqlite": "substr(occurred_at, 1, 13)",
}
_FAILED = {"postgres": "NOT success", "sqlite": "success = 0"}


@dataclass(frozen=True, slots=True)
class EventCount:
    """How many events of one kind there were within an hour (UTC)."""

    hour: datetime
    event_type: str
    severity: str
    success: bool
    total: int


@dataclass(frozen=True, slots=True)
class FailureCount:
    """How much has failed from somewhere."""

    value: str
    total: int


@dataclass(frozen=True, slots=True)
class FailingActor:
    """How much has failed by somebody."""

    value: str
    """The name that they had then."""
    actor_type: str
    actor_id: str
    total: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a period comes to."""

    counted_since: datetime
    """Whatever happened in the period before this is not counted."""
    counts: Sequence[EventCount]
    failing_addresses: Sequence[FailureCount]
    failing_actors: Sequence[FailingActor]


async def of_period(since: datetime, to: datetime) -> Statistics:
    """Of the current tenant's events from one moment on and before another."""
    within = (Condition("occurred_at >= {}", (since,)), Condition("occurred_at < {}", (to,)))
    looking = Looking(within)
    edge = await looking.edge([()], rows=LOOKED_AT)
    looking = looking.until(edge) if edge else looking
    dialect = connection.dialect()
    kinds = (f"{_HOURS[dialect]} AS hour", "event_type", "severity", "success")
    rows = await looking.grouped(kinds, order="1, 2, 3, 4")
    return Statistics(
        counted_since=edge or since,
        counts=[_count(each) for each in rows],
        failing_addresses=[
            FailureCount(each["ip"], each["total"]) for each in await _most(looking, "ip")
        ],
        failing_actors=[
            FailingActor(each["actor_name"], each["actor_type"], each["actor_id"], each["total"])
            for each in await _most(looking, "actor_name", "actor_type", "actor_id")
        ],
    )


async def _most(looking: Looking, column: str, *others: str) -> Sequence[dict[str, Any]]:
    failed, known = Condition(_FAILED[connection.dialect()]), Condition(f"{column} <> ''")
    columns = (column, *others)
    order = ", ".join(["total DESC", *(str(place) for place in range(1, len(columns) + 1))])
    return await looking.grouped(columns, failed, known, order=f"{order} LIMIT {MOST}")


def _count(row: dict[str, Any]) -> EventCount:
    hour = datetime.strptime(row["hour"], "%Y-%m-%d %H").replace(tzinfo=UTC)
    success = bool(row["success"])
    return EventCount(hour, row["event_type"], row["severity"], success, row["total"])
