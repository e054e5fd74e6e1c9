"""Days of which usage is asked for, as the APIs take them."""

from datetime import date, datetime

from authgate.api.bodies import Document
from authgate.api.problems import Fault, Invalid
from authgate.storage.metering.periods import BadPeriod, Period


class PeriodQuery(Document):
    """Of which days, UTC, both with them; the last thirty where nothing is said."""

    since: date | None = None
    to: date | None = None


def period(query: PeriodQuery, *, now: datetime) -> Period:
    """The days that are asked for. Raises ``Invalid``."""
    try:
        return Period.of(query.since, query.to, now=now)
    except BadPeriod as error:
        raise Invalid(faults=[Fault(str(error), parameter="since")]) from error
