"""When people have proven who they are, here or at a provider whose clock may differ."""

from datetime import datetime, timedelta

from authgate.storage.sign_in.sessions import Session
from authgate.tokens.authentication import PASSWORD, connection_of, seen

_CLOCKS = timedelta(minutes=1)
"""By how much those of providers may differ."""


def believed(told: datetime | None, *, now: datetime) -> datetime | None:
    """When a provider says that somebody signed in there: never later than now. ``None`` where it
    did not say, or says what no clock that is nearly right could."""
    if told is None or told > now + _CLOCKS or told.timestamp() <= 0:
        return None
    return min(told, now)


def is_lately(authenticated_at: datetime, asked_at: datetime, max_age: int) -> bool:
    """Whether that was no more than so many seconds before it was asked for, by clocks that may
    differ."""
    return authenticated_at >= asked_at - timedelta(seconds=max_age) - _CLOCKS


def proven_at(session: Session) -> datetime | None:
    """When the person of a session has proven who they are. Nothing where a provider vouched for
    them that was not asked for a new sign-in and did not say when theirs was: it may be months
    ago."""
    vouched = connection_of(session.amr) is not None and PASSWORD not in seen(session.amr)
    return None if vouched and session.vouched_at is None else session.proven_at
