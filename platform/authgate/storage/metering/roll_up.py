"""Adding up what has happened in a tenant: each event of its audit log once, and each entry once.

A step adds some thousand events of one day to the sums and moves the tenant's mark past them, in
one transaction: whatever breaks off, an event is in the sums if and only if it is before the mark.
Nothing is counted while tokens are issued.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from authgate.storage import fitness
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.metering import (
    event_counts,
    periods,
    usage_days,
    usage_entries,
    usage_hours,
)
from authgate.storage.metering.event_counts import OTHERS, SOURCES, TOKENS, Counts, Source
from authgate.storage.metering.usage_days import ALL_CLIENTS, Count, Measure, UsageMark
from authgate.storage.metering.usage_hours import Hours
from authgate.storage.unit_of_work import set_aside, transaction

LATE: Final = timedelta(minutes=5)
"""An event is stored so much later than it happened at the most, other servers' clocks included."""

CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""By so much a server's clock may be ahead of the database's, as ``LATE`` allows for."""

STEP: Final = 10_000
"""Events that a step looks at, and entries that it takes."""

STEPS: Final = 20
"""Steps that somebody waits for."""

_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Usage(NamedTuple):
    """What was counted of one kind, and until when."""

    until: datetime
    counts: Sequence[Count]


class UsageOfAll(NamedTuple):
    """What was counted, and until when."""

    until: datetime
    """Of what is added up when it is taken, as API calls are, later ones may be there."""
    counts: Mapping[Measure, Sequence[Count]]
    hours: Hours = MappingProxyType({})
    """Where they were asked for; of what leaves no event there are none."""
    is_behind: bool = False
    """Whether there was more to be added up than the steps reached."""

    def of(self, measure: Measure) -> Usage:
        """One kind of it."""
        return Usage(self.until, self.counts.get(measure, []))

    def each(self) -> Iterator[tuple[Measure, Count]]:
        """Every sum, with what it is of."""
        return ((measure, each) for measure, found in self.counts.items() for each in found)


class RolledUp(NamedTuple):
    """How far it is added up."""

    until: datetime
    """Each event that is older is in the sums."""
    is_behind: bool
    """Whether there is more, entries or events."""


async def roll_up(*, now: datetime, steps: int = STEPS, step: int = STEP) -> RolledUp:
    """Add up what has happened in the current tenant until a few minutes ago, or as much of it as
    these steps reach."""
    until = now - LATE - await _ahead()
    more = True
    for _ in range(steps):
        more = await _take_entries(step)
        if not more:
            break
    others = await _source(OTHERS, until, steps=steps, step=step)
    # They wait for the others: by the mark of tokens alone it is seen who lies behind.
    counted = await _source(TOKENS, others, steps=steps, step=step)
    return RolledUp(counted, more or counted < until)


async def is_being_rolled_up() -> bool:
    """Whether somebody is at it for the current tenant at this moment. Where one alone writes, as
    with SQLite, nobody is."""
    async with transaction():
        free = await UsageMark.all().select_for_update(skip_locked=True).first()
        return free is None and await UsageMark.all().exists()


async def _ahead() -> timedelta:
    """How far this server's clock is ahead: an event is no more looked for once it is before the
    mark, so what has yet to happen by the others' clocks is left alone."""
    ahead = -await fitness.clock_skew()
    return ahead if ahead > CLOCKS_DIFFER else timedelta(0)


async def _source(source: Source, until: datetime, *, steps: int, step: int) -> datetime:
    counted = until
    for _ in range(steps):
        counted = await _one_step(source, until, step)
        if counted >= until:
            break
    return counted


async def tokens_by_day(
    *, since: date, client_id: str = ALL_CLIENTS, now: datetime, step: int = STEP
) -> Usage:
    """Access tokens of the current tenant by day and grant type: what is added up, and what has
    happened since, as far as a step looks."""
    asked = {Measure.TOKENS}
    found = await by_day(asked, since=since, client_id=client_id, now=now, step=step)
    return found.of(Measure.TOKENS)


async def by_day(
    measures: Collection[Measure],
    *,
    since: date,
    to: date = date.max,
    client_id: str = ALL_CLIENTS,
    hours_since: datetime | None = None,
    now: datetime,
    steps: int = STEPS,
    step: int = STEP,
) -> UsageOfAll:
    """The same of each of these measures, to a day and with it; from an hour on by the hour, too,
    of all clients together."""
    sums: _Sums = Counter()
    hours: dict[Measure, Counter[datetime]] = {}
    until = now
    async with set_aside():
        rolled_up = await roll_up(now=now, steps=steps, step=step)
        async with transaction():
            # Held: what is added up meanwhile would be counted twice.
            mark = await UsageMark.all().select_for_update().first()
            found = await usage_days.of_each(measures, since=since, to=to, client_id=client_id)
            _add(sums, found, client_id)
            if hours_since:
                _add_hours(hours, await usage_hours.of_each(measures, since=hours_since))
            for source in SOURCES if mark else ():
                if source.measures & set(measures):
                    begin = await _first_event(_marked(mark, source), now)
                    end = await _end(begin, now, step)
                    until = min(until, end)
                    happened = await event_counts.of(source, begin, end)
                    _add(sums, happened.days, client_id)
                    _add_hours(hours, happened.hours)
    counted: dict[Measure, list[Count]] = {}
    for (measure, day, detail), total in sorted(sums.items()):
        if measure in measures and since <= day <= to:
            counted.setdefault(measure, []).append(Count(client_id, day, detail, total))
    return UsageOfAll(until, counted, hours, rolled_up.is_behind)


_Sums = Counter[tuple[Measure, date, str]]


def _add(sums: _Sums, counts: Counts, client_id: str) -> None:
    for measure, of_measure in counts.items():
        for each in of_measure:
            if each.client_id == client_id:
                sums[measure, each.day, each.detail] += each.total


def _add_hours(sums: dict[Measure, Counter[datetime]], hours: Hours) -> None:
    for measure, of_measure in hours.items():
        sums.setdefault(measure, Counter()).update(of_measure)


async def added_up(measures: Collection[Measure], *, since: date, to: date) -> UsageOfAll:
    """What is added up already, and until when: to look at many tenants, each for a moment."""
    async with transaction():
        mark = await UsageMark.all().first()
        counts = await usage_days.of_each(measures, since=since, to=to)
    return UsageOfAll(min(_marked(mark, each) for each in SOURCES), counts)


async def _take_entries(step: int) -> bool:
    """Whether there may be more of them."""
    async with transaction():
        # Whoever reads the sums holds it: what was taken is not in them yet.
        if await UsageMark.all().select_for_update().first() is None:
            return False
        taken, counts = await usage_entries.take(step)
        for measure, found in counts.items():
            await usage_days.add(measure, found)
        return taken == step


async def _one_step(source: Source, until: datetime, step: int) -> datetime:
    async with transaction():
        # Of those who come together one does it, and the others see what is done.
        mark = await UsageMark.all().select_for_update().first()
        if mark is None or _marked(mark, source) >= until:
            return until
        begin = await _first_event(_marked(mark, source), until)
        end = await _end(begin, until, step)
        happened = await event_counts.of(source, begin, end)
        for measure, counts in happened.days.items():
            await usage_days.add(measure, counts)
        await usage_hours.add(happened.hours, now=until)
        await UsageMark.filter(id=mark.id).update(**{source.mark: end})
        return end


def _marked(mark: UsageMark | None, source: Source) -> datetime:
    """Until when these events are in the sums; long ago where none are."""
    found: datetime | None = getattr(mark, source.mark) if mark else None
    return found or _LONG_AGO


async def _first_event(begin: datetime, until: datetime) -> datetime:
    """Days on which nothing happened are no steps."""
    found = AuditEvent.filter(occurred_at__gte=begin, occurred_at__lt=until)
    first = await found.order_by("occurred_at").only("id", "occurred_at").first()
    return first.occurred_at if first else until


async def _end(begin: datetime, until: datetime, step: int) -> datetime:
    """The end of a step: of one day, and past no more events than it looks at."""
    midnight = datetime.combine(periods.today(begin) + timedelta(days=1), time(), UTC)
    end = min(until, midnight)
    within = AuditEvent.filter(occurred_at__gte=begin, occurred_at__lt=end).order_by("occurred_at")
    following = await within.offset(step).only("id", "occurred_at").first()
    # As many in one and the same moment are one step.
    return following.occurred_at if following and following.occurred_at > begin else end
