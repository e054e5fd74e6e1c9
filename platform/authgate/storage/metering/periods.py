"""Of which days somebody wants to know something."""

from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple, Self

from authgate.languages import text

LONGEST: Final = 366
"""Days."""

USUAL: Final = 30
"""Days up to today, where nobody says anything."""


FIRST: Final = date(2000, 1, 1)
"""Nothing was counted before, and as many days before any of these there are still dates."""


class BadPeriod(ValueError):
    """It ends before it begins, is too long, or was long ago. The text says so."""


class Period(NamedTuple):
    """From one day (UTC) to another, both with them."""

    first: date
    last: date

    @classmethod
    def of(cls, since: date | None, to: date | None, *, now: datetime) -> Self:
        """As somebody has asked for it. Raises ``BadPeriod``."""
        last = to or today(now)
        first = since or date.fromordinal(max(1, last.toordinal() - USUAL + 1))
        if not 0 <= (last - first).days < LONGEST:
            raise BadPeriod(
                text("Not after the last day, and %(most)s days at the most.", most=LONGEST)
            )
        if first < FIRST:
            raise BadPeriod(text("Not before %(first)s.", first=FIRST))
        return cls(first, last)

    @property
    def before(self) -> "Period":
        """As many days before it."""
        days = self.last - self.first + timedelta(days=1)
        return Period(self.first - days, self.last - days)

    @property
    def days(self) -> list[date]:
        """Each of them."""
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=each) for each in range(count)]


def today(now: datetime) -> date:
    """The day, by UTC."""
    return now.astimezone(UTC).date()


def month_of(now: datetime) -> date:
    """The first day of the month, by UTC."""
    return today(now).replace(day=1)
