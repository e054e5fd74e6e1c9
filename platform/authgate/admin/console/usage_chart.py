"""How many tokens were issued on each of the last days, drawn from the sums."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from authgate.storage.metering.roll_up import Usage, tokens_by_day
from authgate.storage.metering.usage_days import ALL_CLIENTS
from authgate.web.usage_view_models import Bar, Series, UsageChart, UsageDayLine

DAYS = 30

_COLOURS = 4
_HEIGHT = 1000
_STEPS = (1, 2, 5)

Sums = Mapping[tuple[date, str], int]


async def tokens(*, now: datetime, client_id: str = ALL_CLIENTS) -> UsageChart:
    """Those of the current tenant, or of one of its clients."""
    first = now.date() - timedelta(days=DAYS - 1)
    return drawn(await tokens_by_day(since=first, client_id=client_id, now=now), first)


def drawn(usage: Usage, first: date) -> UsageChart:
    """Thirty days from the first one on."""
    sums: Counter[tuple[date, str]] = Counter()
    totals: Counter[str] = Counter()
    for each in usage.counts:
        totals[_name(each.detail)] += each.total
    names = [name for name, _ in totals.most_common()]
    if len(names) > _COLOURS:
        names = [*names[: _COLOURS - 1], "other"]
    for each in usage.counts:
        name = _name(each.detail)
        sums[each.day, name if name in names else "other"] += each.total
    days = [first + timedelta(days=number) for number in range(DAYS)]
    lines = [UsageDayLine(day, [sums[day, name] for name in names]) for day in days]
    top = _round(max(line.total for line in lines))
    return UsageChart(
        series=[Series(name, sum(sums[day, name] for day in days)) for name in names],
        days=lines,
        bars=list(_bars(lines, top)),
        top=top,
        until=usage.until,
    )


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


def _name(grant_type: str) -> str:
    return grant_type.rpartition(":")[2]
