"""What time it is. The server asks this, so that a test can say."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the present moment as an aware UTC ``datetime``."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)
