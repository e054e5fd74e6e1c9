"""Moments as they are typed: a date, a date with a time, or how long ago."""

import re
from datetime import UTC, datetime, timedelta

from authgate.cli.failures import Misused

_AGO = re.compile(r"(\d{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str) -> datetime:
    """The moment that is meant; without a zone it is UTC. Raises ``Misused``."""
    ago = _AGO.fullmatch(text)
    if ago:
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Misused(f"{text} is no moment: 2026-03-31, 2026-03-31T12:00Z or 24h.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
