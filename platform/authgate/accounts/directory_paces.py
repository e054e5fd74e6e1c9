"""How long directories have taken of late, and whether they said anything."""

import random
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

_MOST_PACES = 1000
_REMEMBERED = 64
"""So many answers of a directory say how long its next one may take."""
_AWAY_FOR = timedelta(minutes=1)
"""So long an outage is told to those whose name was not asked of the directory."""
_NOT_KNOWN_YET = (0.05, 0.3)
"""Seconds, where it has not been asked yet."""


@dataclass(frozen=True, slots=True)
class Pace:
    """One answer of a directory, or that it gave none."""

    seconds: float
    was_away: bool
    at: datetime


class DirectoryPaces:
    """Those of the directories that were asked last."""

    def __init__(self) -> None:
        self._noted: OrderedDict[UUID, deque[Pace]] = OrderedDict()

    def note(self, connection_id: UUID, pace: Pace) -> None:
        """A directory was asked."""
        noted = self._noted.setdefault(connection_id, deque(maxlen=_REMEMBERED))
        self._noted.move_to_end(connection_id)
        noted.append(pace)
        if len(self._noted) > _MOST_PACES:
            self._noted.popitem(last=False)

    def one_of(self, connection_id: UUID, *, now: datetime) -> tuple[float, bool]:
        """How many seconds it may take to answer, and whether it is away."""
        noted = self._noted.get(connection_id)
        if noted:
            newest = noted[-1]
            is_away = newest.was_away and now - newest.at < _AWAY_FOR
            return random.choice(noted).seconds, is_away  # noqa: S311 - no secret is made of it
        return random.uniform(*_NOT_KNOWN_YET), False  # noqa: S311 - nor of this
