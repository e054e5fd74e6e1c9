"""What a tenant comes to lately, beside the time before, and what somebody there should look at.

All of it is read from sums: what happens is added up beside the requests, and whoever looks adds no
more to that than a moment's worth.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from authgate.jobs import RollUpUsage, port
from authgate.permissions import Area
from authgate.storage.metering import roll_up
from authgate.storage.metering.periods import Period, today
from authgate.storage.metering.roll_up import UsageOfAll
from authgate.storage.metering.usage_days import Measure
from authgate.storage.tenants.attention import Matter
from authgate_tenants import current_tenant

TOLD: Final = (
    Measure.ACTIVE_USERS,
    Measure.SIGN_INS,
    Measure.FAILURES,
    Measure.TOKENS,
    Measure.NEW_USERS,
    Measure.NEW_CLIENTS,
)
"""What is told, in this order."""

AREAS: Final[Mapping[Matter, Area]] = {
    Matter.CLIENTS_WAITING: Area.CLIENTS,
    Matter.CLIENTS_UNSEEN: Area.CLIENTS,
    Matter.SECRETS_ENDING: Area.CLIENTS,
    Matter.SCIM_TOKENS_ENDING: Area.SCIM,
    Matter.KEYS_OVERDUE: Area.KEYS,
    Matter.HOSTS_UNPROVEN: Area.DOMAINS,
    Matter.PLUGINS_BEHIND: Area.SETTINGS,
    Matter.WEBHOOKS_PAUSED: Area.WEBHOOKS,
    Matter.EXPORTS_FAILED: Area.EXPORTS,
    Matter.LOG_FILES_FAILED: Area.AUDIT,
    Matter.JOBS_GIVEN_UP: Area.JOBS,
    Matter.MAILS_FAILED: Area.SETTINGS,
    Matter.PEOPLE_LEAVING: Area.USERS,
    Matter.OPERATORS_ASKING: Area.ROLES,
    Matter.LOG_UNSEALED: Area.AUDIT,
}
"""Who is told of what needs attention: whoever may see the area."""

_EVENTS_ADDED: Final = 2000
"""Events of each kind that whoever looks adds up: what is more is added up by a job."""

_A_DAY: Final = timedelta(days=1)
_HOURS: Final = 24


class Span(StrEnum):
    """How much of the past is told, up to now."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"

    @property
    def days(self) -> int:
        """As many days."""
        return {Span.DAY: 1, Span.WEEK: 7, Span.MONTH: 30, Span.QUARTER: 90}[self]


class Change(NamedTuple):
    """What one kind comes to, and came to within as long before; of people how many there are a
    day."""

    measure: Measure
    total: int
    before: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What a tenant comes to."""

    span: Span
    counted_until: datetime
    is_behind: bool
    """Whether more is being added up."""
    changes: Sequence[Change]
    steps: Sequence[date]
    """Hours, by their beginning, or days: those of the span."""
    sums: Mapping[Measure, Mapping[date, int]]
    """What there was in each step; of people none by the hour."""


async def read(span: Span, *, now: datetime) -> Overview:
    """Of the current tenant."""
    period = Period(today(now) - timedelta(days=span.days - 1), today(now))
    hours = last_hours(now)
    found = await roll_up.by_day(
        TOLD,
        since=period.before.first,
        to=period.last,
        hours_since=hours[0] - _A_DAY if span is Span.DAY else None,
        now=now,
        steps=1,
        step=_EVENTS_ADDED,
    )
    if found.is_behind:
        await port.hint(RollUpUsage(), tenant_id=current_tenant().id)
    by_day, days = _by_day(found), period.days
    people = _change(Measure.ACTIVE_USERS, by_day, days, period.before.days)
    if span is Span.DAY:
        steps: Sequence[date] = hours
        before: Sequence[date] = [each - _A_DAY for each in hours]
        sums: Mapping[Measure, Mapping[date, int]] = _by_hour(found)
    else:
        steps, before, sums = days, period.before.days, by_day
        people = Change(people[0], *(round(each / span.days) for each in people[1:]))
    others = [_change(each, sums, steps, before) for each in TOLD[1:]]
    return Overview(span, found.until, found.is_behind, [people, *others], steps, sums)


def _change(
    measure: Measure,
    sums: Mapping[Measure, Mapping[date, int]],
    steps: Sequence[date],
    before: Sequence[date],
) -> Change:
    of_it = sums.get(measure, {})
    total, former = (sum(of_it.get(each, 0) for each in some) for some in (steps, before))
    return Change(measure, total, former)


def _by_day(found: UsageOfAll) -> dict[Measure, Counter[date]]:
    sums: dict[Measure, Counter[date]] = {}
    for measure, each in found.each():
        sums.setdefault(measure, Counter())[each.day] += each.total
    return sums


def _by_hour(found: UsageOfAll) -> dict[Measure, dict[date, int]]:
    return {
        measure: {hour: total for hour, total in hours.items()}  # noqa: C416 - an hour is a date
        for measure, hours in found.hours.items()
    }


def last_hours(now: datetime) -> list[datetime]:
    """The beginnings of the hours of a day, up to this one."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return [hour - timedelta(hours=_HOURS - 1 - each) for each in range(_HOURS)]


def beginning(step: date) -> datetime:
    """When an hour or a day begins."""
    return step if isinstance(step, datetime) else datetime.combine(step, time(), UTC)
