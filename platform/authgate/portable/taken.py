"""What a takeover did, for whoever looks at it."""

from collections import Counter
from dataclasses import dataclass, field

_NAMED = 20
"""Rows that are told by name, of each kind that is left out or worth a look."""


@dataclass(slots=True)
class Taken:
    """What came, and what did not."""

    slug: str
    issuer: str
    added: Counter[str] = field(default_factory=Counter)
    """Rows by table."""
    kept: Counter[str] = field(default_factory=Counter)
    """Rows that were here already."""
    left_out: dict[str, Counter[str]] = field(default_factory=dict)
    """How many of a table, by the reason."""
    notes: list[str] = field(default_factory=list)
    """What somebody should look at, by name."""

    def leave_out(self, table: str, reason: str, name: str = "") -> None:
        """Note that a row does not come."""
        counts = self.left_out.setdefault(table, Counter())
        counts[reason] += 1
        if name and counts[reason] <= _NAMED:
            self.notes.append(f"{table} {name}: {reason}")
