"""Adding up what has happened in a tenant, from its audit log, each event once.

A step adds some thousand events of one day to the sums and moves the tenant's mark past them, in
one transaction: whatever breaks off, an event is in the sums if and only if it is before the mark.
Nothing is counted while tokens are issued.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from tortoise import connections

from authgate.storage import connection
from authgate.storage.audit_events import AuditEvent
from authgate.storage.batches.append_log import encoded
from authgate.storage.metering import usage_days
from authgate.storage.metering.usage_days import ALL_CLIENTS, Count, Measure, UsageMark
from authgate.storage.unit_of_work import set_aside, transaction
from authgate_tenants import current_tenant

LATE: Final = timedelta(minutes=5)
"""An event is stored so much later than it happened at the most, other servers' clocks included."""

STEP: Final = 10_000
"""Events that a step looks at."""

STEPS: Final = 20
"""Steps that somebody waits for."""

_ISSUED = (
    "ACCESS_TOKEN_ISSUED",
    "CLIENT_CREDENTIALS_TOKEN_ISSUED",
    "TOKEN_EXCHANGED",
    "TOKEN_REFRESHED",
)
_GRANTS = {
    "postgres": "details->>'grant_type'",
    "sqlite": "json_extract(details, '$.grant_type')",
}


class Usage(NamedTuple):
    """What was counted, and until when."""

    until: datetime
    counts: Sequence[Count]


async def roll_up(*, now: datetime, steps: int = STEPS, step: int = STEP) -> datetime:
    """Add up what has happened in the current tenant until a few minutes ago, or as much of it as
    these steps reach; until when it is added up."""
    until = counted = now - LATE
    for _ in range(steps):
        counted = await _one_step(until, step)
        if counted >= until:
            break
    return counted


async def tokens_by_day(
    *, since: date, client_id: str = ALL_CLIENTS, now: datetime, step: int = STEP
) -> Usage:
    """Access tokens of the current tenant by day and grant type: what is added up, and what has
    happened since, as far as a step looks."""
    async with set_aside():
        await roll_up(now=now)
        async with transaction():
            # Held: what is added up meanwhile would be counted twice.
            mark = await UsageMark.all().select_for_update().first()
            found = await usage_days.of(Measure.TOKENS, since=since, client_id=client_id)
            begin = await _first_event(mark.until, now) if mark else now
            end = await _end(begin, now, step)
            latest = await _tokens(begin, end)
    sums = Counter({(each.day, each.detail): each.total for each in found})
    for each in latest:
        if each.client_id == client_id:
            sums[each.day, each.detail] += each.total
    counts = [Count(client_id, *key, total) for key, total in sorted(sums.items())]
    return Usage(end, counts)


async def _one_step(until: datetime, step: int) -> datetime:
    async with transaction():
        # Of those who come together one does it, and the others see what is done.
        mark = await UsageMark.all().select_for_update().first()
        if mark is None or mark.until >= until:
            return until
        begin = await _first_event(mark.until, until)
        end = await _end(begin, until, step)
        await usage_days.add(Measure.TOKENS, await _tokens(begin, end))
        await UsageMark.filter(id=mark.id).update(until=end)
        return end


async def _first_event(begin: datetime, until: datetime) -> datetime:
    """Days on which nothing happened are no steps."""
    found = AuditEvent.filter(occurred_at__gte=begin, occurred_at__lt=until)
    first = await found.order_by("occurred_at").only("id", "occurred_at").first()
    return first.occurred_at if first else until


async def _end(begin: datetime, until: datetime, step: int) -> datetime:
    """The end of a step: of one day, and past no more events than it looks at."""
    midnight = datetime.combine(begin.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    end = min(until, midnight)
    within = AuditEvent.filter(occurred_at__gte=begin, occurred_at__lt=end).order_by("occurred_at")
    following = await within.offset(step).only("id", "occurred_at").first()
    # As many in one and the same moment are one step.
    return following.occurred_at if following and following.occurred_at > begin else end


async def _tokens(begin: datetime, end: datetime) -> list[Count]:
    """Of one day, by client and grant, and of all clients together."""
    dialect = connection.dialect()
    marks = ["?" if dialect == "sqlite" else f"${place}" for place in range(1, 4 + len(_ISSUED))]
    statement = (
        f"SELECT client_id, {_GRANTS[dialect]} AS detail, COUNT(*) AS found"  # noqa: S608 - our own names
        f" FROM audit_events WHERE tenant_id = {marks[0]} AND occurred_at >= {marks[1]}"
        f" AND occurred_at < {marks[2]} AND event_type IN ({', '.join(marks[3:])})"
        " GROUP BY 1, 2"
    )
    values = encoded((current_tenant().id, begin, end, *_ISSUED), dialect)
    rows = await connections.get("default").execute_query_dict(statement, values)
    day = begin.astimezone(UTC).date()
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for client_id in {row["client_id"], ALL_CLIENTS}:
            sums[client_id, row["detail"] or ""] += row["found"]
    return [Count(client_id, day, detail, total) for (client_id, detail), total in sums.items()]
