"""What the console shows of how much is used: bars by the day, and the same as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from authgate.web.console_view_models import ConsoleFrame


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
    """A day (UTC), or an hour, with as many counts as there are series."""

    day: date
    """Of an hour its beginning."""
    counts: Sequence[int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class UsageChart:
    """Some days or hours in a row, up to now."""

    series: Sequence[Series]
    days: Sequence[UsageDayLine]
    bars: Sequence[Bar]
    top: int
    """The count that is as high as the field."""
    until: datetime
    """Whatever was before this is counted."""
    colours: Sequence[int] = (1, 2, 3, 4)
    """Of the series, in their order."""

    @property
    def total(self) -> int:
        """Of all days."""
        return sum(each.total for each in self.series)

    @property
    def is_by_hour(self) -> bool:
        """Whether each of them is an hour."""
        return isinstance(self.days[0].day, datetime)


@dataclass(frozen=True, slots=True)
class Figure:
    """What one kind comes to within some days."""

    measure: str
    """As ``Measure`` has it."""
    total: int
    before: int
    """Within as many days before."""

    @property
    def change(self) -> int | None:
        """By how many percent it is more; ``None`` where there was nothing."""
        return round(100 * (self.total - self.before) / self.before) if self.before else None

    @property
    def is_more(self) -> bool:
        """Whether it is more than before."""
        return self.total > self.before


@dataclass(frozen=True, slots=True)
class StatementLine:
    """The signed statement of a month."""

    month: date
    """Its first day."""
    issued_at: datetime
    url: str
    signed_here: bool = True
    """Whether by this installation: else it came along from another one."""


@dataclass(frozen=True, slots=True)
class UsagePage:
    """``console/usage.html``. The form ``action`` is sent by GET with ``since`` and ``to``."""

    frame: ConsoleFrame
    action: str
    since: date
    to: date
    figures: Sequence[Figure]
    charts: Mapping[str, UsageChart]
    """By ``Measure``."""
    csv_url: str
    json_url: str
    statements: Sequence[StatementLine]
    fault: str = ""
    """What is wrong with the days that were asked for."""
