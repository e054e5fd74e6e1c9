"""Moments of the audit log, as the API is asked for them."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)


def _stored(moment: datetime) -> datetime:
    # Beyond them what is one in its own zone is none in another.
    if not _FIRST <= moment < _LAST:
        raise ValueError("Not before 1970, and before 9999.")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_stored)]
"""One that the database can hold, in whatever zone it is written."""
