"""What is wrong with an audit log: what was done to which event, or to which seals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from authgate.storage.audit.audit_seals import Member
from authgate.storage.audit.leaves import Sealable

MOST: Final = 1000
"""Faults that are told; there may be more."""


class Kind(StrEnum):
    """What was done."""

    EDITED = "edited"
    """An event says what it did not say when it was sealed."""
    DELETED = "deleted"
    """An event is gone."""
    INSERTED = "inserted"
    """An event has a place that no seal has given it."""
    REORDERED = "reordered"
    """An event has another one's place."""
    SEAL_EDITED = "seal edited"
    """A seal says what it did not say."""
    SEALS_MISSING = "seals missing"
    """Seals are gone between those that are there."""
    FORGED = "forged"
    """Seals were signed by nobody that is trusted."""
    TAIL_CUT = "tail cut"
    """The log ends before a checkpoint of it."""
    REWRITTEN = "rewritten"
    """The log is another one than a checkpoint of it says."""


class Fault(NamedTuple):
    """Something that is wrong."""

    kind: Kind
    seq: int
    """The place; of seals the first one that they hold fast."""
    until: int
    """The last place that it is about."""
    event_id: str = ""
    found: str = ""
    """More, for people."""

    def told(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**self._asdict(), "kind": self.kind.value}


@dataclass(slots=True)
class Misfits:
    """Places at which another event is than was sealed there, and what becomes of them once all of
    the log was seen: an event that is at another's place was moved there."""

    _lacking: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    _strangers: list[tuple[int, Sealable]] = field(default_factory=list)
    is_full: bool = False
    """Whether there are more than are kept."""

    def lacks(self, seq: int, member: Member) -> None:
        """The event that was sealed is not at its place."""
        if self._has_room():
            self._lacking[member.id] = seq, member.leaf

    def stranger(self, seq: int, event: Sealable) -> None:
        """An event is at a place at which it was not sealed."""
        if self._has_room():
            self._strangers.append((seq, event))

    def _has_room(self) -> bool:
        self.is_full = self.is_full or len(self._lacking) + len(self._strangers) >= 2 * MOST
        return not self.is_full

    def faults(self) -> Iterator[Fault]:
        """What was done."""
        lacking: Mapping[str, tuple[int, bytes]] = dict(self._lacking)
        moved = set()
        for seq, event in self._strangers:
            if event.id in lacking:
                moved.add(event.id)
                own, _ = lacking[event.id]
                yield Fault(Kind.REORDERED, seq, seq, event.id, f"sealed at {own}")
            else:
                yield Fault(Kind.INSERTED, seq, seq, event.id, event.event_type)
        for event_id, (seq, _) in lacking.items():
            if event_id not in moved:
                yield Fault(Kind.DELETED, seq, seq, event_id)
