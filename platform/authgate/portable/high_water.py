"""What a former database had when it was taken from last, by its own clock.

What was there then and is not here now was deleted here, or left behind: it comes by no later run.
The marks are in the events that tell of the imports.
"""

from collections.abc import Iterable
from datetime import datetime

from authgate.storage.audit.audit_events import AuditEvent

DETAIL = "newest"
"""In the details of an event."""


class HighWater:
    """The newest row of each table that was looked at, so far and now."""

    def __init__(self, imports: Iterable[AuditEvent]) -> None:
        self._former: dict[str, datetime] = {}
        for event in imports:
            for mark in event.details.get(DETAIL, []):
                table, _, moment = mark.partition(": ")
                _raise(self._former, table, datetime.fromisoformat(moment))
        self._newest = dict(self._former)

    def covers(self, table: str, moment: datetime) -> bool:
        """Whether a row of then was there at an earlier run."""
        return table in self._former and moment <= self._former[table]

    def note(self, table: str, moment: datetime) -> None:
        """A row was looked at: no later run brings it."""
        _raise(self._newest, table, moment)

    def told(self) -> list[str]:
        """The marks, for the event."""
        return [f"{table}: {moment.isoformat()}" for table, moment in sorted(self._newest.items())]


def _raise(marks: dict[str, datetime], table: str, moment: datetime) -> None:
    marks[table] = max(moment, marks.get(table, moment))
