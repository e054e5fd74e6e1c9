"""What was used on some days in a row, drawn from the sums, beside as many days before them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar

import orjson

from authgate.storage.metering.periods import USUAL, Period, today
from authgate.storage.metering.roll_up import Usage, UsageOfAll, tokens_by_day
from authgate.storage.metering.usage_days import ALL_CLIENTS, USED, Count, Measure
from authgate.web.usage_view_models import Bar, Figure, Series, UsageChart, UsageDayLine

_Step = TypeVar("_Step", bound=date)

_COLOURS = 4
_HEIGHT = 1000
_STEPS = (1, 2, 5)


async def tokens(*, now: datetime, client_id: str = ALL_CLIENTS) -> UsageChart:
    """Those of the current tenant, or of one of its clients, on the last thirty days."""
    first = today(now) - timedelta(days=USUAL - 1)
    return drawn(await tokens_by_day(since=first, client_id=client_id, now=now), first)


def charts(used: UsageOfAll, period: Period) -> Mapping[str, UsageChart]:
    """A chart of each kind of which there is something to draw, in their order."""
    days = (period.last - period.first).days + 1
    found = {each: _within(used.of(each), period) for each in USED}
    return {
        measure.value: drawn(usage, period.first, days)
        for measure, usage in found.items()
        if usage.counts
    }


def figures(used: UsageOfAll, period: Period) -> Sequence[Figure]:
    """What each kind comes to; of people how many there are a day."""
    found = []
    for measure in USED:
        now, before = (
            sum(each.total for each in _within(used.of(measure), days).counts)
            for days in (period, period.before)
        )
        if measure is Measure.ACTIVE_USERS:
            count = (period.last - period.first).days + 1
            now, before = round(now / count), round(before / count)
        found.append(Figure(measure, now, before))
    return found


def written(used: UsageOfAll) -> bytes:
    """The days for programs, as the API tells them."""
    items = [
        {
            "day": each.day,
            "measure": measure.value,
            "detail": each.detail,
            "total": each.total,
        }
        for measure in USED
        for each in used.of(measure).counts
    ]
    return orjson.dumps({"counted_until": used.until, "items": items})


def drawn(usage: Usage, first: date, number: int = USUAL) -> UsageChart:
    """So many days from the first one on."""
    sums: Counter[tuple[date, str]] = Counter()
    totals: Counter[str] = Counter()
    for each in usage.counts:
        totals[_name(each)] += each.total
    names = [name for name, _ in totals.most_common()]
    if len(names) > _COLOURS:
        names = [*names[: _COLOURS - 1], "other"]
    for each in usage.counts:
        name = _name(each)
        sums[each.day, name if name in names else "other"] += each.total
    days = [first + timedelta(days=day) for day in range(number)]
    return over(days, {name: {day: sums[day, name] for day in days} for name in names}, usage.until)


def over(
    steps: Sequence[_Step],
    series: Mapping[str, Mapping[_Step, int]],
    until: datetime,
    *,
    colours: Sequence[int] = (1, 2, 3, 4),
) -> UsageChart:
    """What there was of each of these, in their order, on each of these days or in these hours."""
    lines = [
        UsageDayLine(step, [counts.get(step, 0) for counts in series.values()]) for step in steps
    ]
    top = _round(max(line.total for line in lines))
    return UsageChart(
        series=[
            Series(name, sum(counts.get(step, 0) for step in steps))
            for name, counts in series.items()
        ],
        days=lines,
        bars=list(_bars(lines, top)),
        top=top,
        until=until,
        colours=colours,
    )


def sign_ins_and_tokens(
    steps: Sequence[date], sums: Mapping[Measure, Mapping[date, int]], until: datetime
) -> dict[str, UsageChart]:
    """Sign-ins beside those that failed, and tokens: those of which there is something to draw."""
    drawn = {
        "sign_ins": {"succeeded": Measure.SIGN_INS, "failed": Measure.FAILURES},
        "tokens": {"tokens": Measure.TOKENS},
    }
    charts = {
        name: over(
            steps,
            {word: sums.get(measure, {}) for word, measure in series.items()},
            until,
            colours=(1, 3),
        )
        for name, series in drawn.items()
    }
    return {name: chart for name, chart in charts.items() if chart.total}


def _within(usage: Usage, period: Period) -> Usage:
    first, last = period
    return Usage(usage.until, [each for each in usage.counts if first <= each.day <= last])


def _bars(lines: Sequence[UsageDayLine], top: int) -> Iterator[Bar]:
    for day, line in enumerate(lines):
        below = 0
        for series, count in enumerate(line.counts):
            begin, end = (round(_HEIGHT * each / top) for each in (below, below + count))
            below += count
            if count:
                yield Bar(series, day, _HEIGHT - end, end - begin)


def _round(count: int) -> int:
    """The next count that is easily read."""
    power = 1
    while True:
        for step in _STEPS:
            if step * power >= count:
                return step * power
        power *= 10


def _name(count: Count) -> str:
    """The last part of a grant type or of a connection; people have none."""
    return count.detail.rpartition(":")[2] or "people"
