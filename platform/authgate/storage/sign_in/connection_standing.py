"""What was found out about a connection's provider when it was last asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self


class Ends(NamedTuple):
    """Something that the connection stands on."""

    name: str
    """What it is; of several of one name one is enough."""
    at: datetime


@dataclass(frozen=True, slots=True)
class ConnectionStanding:
    """What it stands on, and what was wrong with what the provider says of itself."""

    ends: tuple[Ends, ...] = ()
    fault: str = ""
    """Why a former copy of what it says counts; empty while the newest does."""
    fault_since: datetime | None = None
    is_noted: bool = True
    """Whether anybody has looked, since the settings are what they are."""

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Self:
        """As it is stored."""
        if not stored:
            return cls(is_noted=False)
        since = stored["fault_since"]
        return cls(
            tuple(Ends(name, datetime.fromisoformat(at)) for name, at in stored["ends"]),
            stored["fault"],
            datetime.fromisoformat(since) if since else None,
        )

    def written(self) -> dict[str, Any] | None:
        """The same, to be stored; nothing where nobody has looked."""
        if not self.is_noted:
            return None
        return {
            "ends": [[each.name, each.at.isoformat()] for each in self.ends],
            "fault": self.fault,
            "fault_since": self.fault_since.isoformat() if self.fault_since else None,
        }


NOT_NOTED = ConnectionStanding(is_noted=False)


def last_of_each(ends: Sequence[Ends]) -> list[Ends]:
    """Of those that are called alike the one that ends last."""
    latest = {each.name: each for each in sorted(ends, key=lambda each: each.at)}
    return list(latest.values())
