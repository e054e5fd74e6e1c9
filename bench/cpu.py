"""CPU time of a server: every process of its tree, out of `/proc` (proc(5))."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class ProcessTree:
    """A process and all it has started."""

    root: int

    def seconds(self) -> float:
        """User and system time spent so far by the tree, children that ended included."""
        stats = _all_stats()
        return sum(stats[pid].ticks for pid in self._members(stats)) / _TICKS_PER_SECOND

    def pids(self) -> frozenset[int]:
        """The processes of the tree that live now."""
        return frozenset(self._members(_all_stats()))

    def _members(self, stats: dict[int, "_Stat"]) -> set[int]:
        members = {self.root} & stats.keys()
        while grown := {p for p, s in stats.items() if s.parent in members} - members:
            members |= grown
        return members


@dataclass(frozen=True, slots=True)
class _Stat:
    parent: int
    ticks: int


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
    return _Stat(parent=int(fields[1]), ticks=sum(map(int, fields[11:15])))
