"""Numbers, days and times as people write them in the language that is spoken. Times are UTC: the
page's script makes them the reader's own."""

from datetime import UTC, date, datetime

from authgate.languages.spoken import ENGLISH, spoken

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def number(value: int) -> str:
    """``1,000``."""
    language = spoken()
    if language is ENGLISH:
        return f"{value:,}"
    from babel.numbers import format_decimal

    return format_decimal(value, locale=language.locale)


def day(at: date) -> str:
    """``2 Mar``."""
    language = spoken()
    if language is ENGLISH:
        return f"{at.day} {_MONTHS[at.month - 1]}"
    from babel.dates import format_skeleton

    return format_skeleton("MMMd", at, locale=language.locale)


def moment(at: datetime) -> str:
    """``2 Mar 2026, 09:12 UTC``."""
    when, language = at.astimezone(UTC), spoken()
    if language is ENGLISH:  # as both sides of the Atlantic read it, which Babel's do not
        return f"{day(when)} {when.year}, {clock_time(when)}"
    from babel.dates import format_date

    return f"{format_date(when, locale=language.locale)} {clock_time(when)}"


def clock_time(at: datetime) -> str:
    """``09:12 UTC``."""
    return f"{at.astimezone(UTC):%H:%M} UTC"
