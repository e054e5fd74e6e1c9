"""CPU time and memory of a server: every process of its tree, out of `/proc` (proc(5))."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ProcessTree:
    """A process and all it has started."""

    root: int

    def seconds(self) -> float:
        """User and system time spent so far by the tree, children that ended included."""
        # One that ends while it is read may be missing from its own line and from its parent's;
        # what is spent never shrinks, so the larger of two readings is the right one.
        return max(self._ticks(), self._ticks()) / _TICKS_PER_SECOND

    def resident_bytes(self) -> int:
        """Memory that the tree holds now, what its processes share counted for each."""
        stats = _all_stats()
        return sum(stats[pid].pages for pid in self._members(stats)) * _PAGE_BYTES

    def largest_bytes(self) -> int:
        """Memory that the largest of its processes holds now."""
        stats = _all_stats()
        return max(stats[pid].pages for pid in self._members(stats)) * _PAGE_BYTES

    def pids(self) -> frozenset[int]:
        """The processes of the tree that live now."""
        return frozenset(self._members(_all_stats()))

    def _ticks(self) -> int:
        stats = _all_stats()
        return sum(stats[pid].ticks for pid in self._members(stats))

    def _members(self, stats: dict[int, "_Stat"]) -> set[int]:
        members = {self.root} & stats.keys()
        while grown := {p for p, s in stats.items() if s.parent in members} - members:
            members |= grown
        return members


@dataclass(frozen=True, slots=True)
class _Stat:
    parent: int
    ticks: int
    pages: int


def _all_stats() -> dict[int, _Stat]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _read_stat(entry / "stat")):
            found[int(entry.name)] = stat
    return found


def _read_stat(path: Path) -> _Stat | None:
    try:
        text = path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name may hold blanks and brackets: fields count from its last bracket.
    fields = text.rpartition(")")[2].split()
    # ppid, then utime, stime, cutime, cstime: the dead are carried by whoever reaped them.
    ticks = sum(map(int, fields[11:15]))
    return _Stat(parent=int(fields[1]), ticks=ticks, pages=int(fields[21]))
