"""What the console shows of how much is used: bars by the day, and the same as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of what is counted; the first ones have colours of their own."""

    name: str
    """The last part of a grant type, or ``other``."""
    total: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a day's bar, of a field that is 1000 high and as wide as there are days."""

    series: int
    day: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class UsageDayLine:
    """A day (UTC), with as many counts as there are series."""

    day: date
    counts: Sequence[int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class UsageChart:
    """Some days in a row, up to today."""

    series: Sequence[Series]
    days: Sequence[UsageDayLine]
    bars: Sequence[Bar]
    top: int
    """The count that is as high as the field."""
    until: datetime
    """Whatever was before this is counted."""

    @property
    def total(self) -> int:
        """Of all days."""
        return sum(each.total for each in self.series)
