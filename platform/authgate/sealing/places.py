"""Places in a log, of which there may be very many: as ranges, which events tell as a text."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

_RANGE: Final = re.compile(r"([0-9]{1,19})(?:-([0-9]{1,19}))?")


class Places:
    """A set of places."""

    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []

    @property
    def count(self) -> int:
        """How many there are, each once where they were added once."""
        return sum(last - first + 1 for first, last in self.ranges)

    def add(self, place: int) -> None:
        """Add a place; quickest in their order."""
        if self.ranges and self.ranges[-1][1] == place - 1:
            self.ranges[-1] = (self.ranges[-1][0], place)
        else:
            self.ranges.append((place, place))

    def add_said(self, text: str) -> None:
        """Add places that an event tells; what is no place is none."""
        for part in text.split(","):
            found = _RANGE.fullmatch(part.strip())
            if found:
                first = int(found[1])
                self.ranges.append((first, int(found[2] or first)))

    def beyond(self, others: "Places") -> Iterator[int]:
        """Those that the others lack."""
        held = iter(_merged(others.ranges))
        first, last = next(held, (0, -1))
        for begin, end in sorted(self.ranges):
            for place in range(begin, end + 1):
                while last < place and (following := next(held, None)) is not None:
                    first, last = following
                if not first <= place <= last:
                    yield place


def said(places: Iterable[int]) -> str:
    """Places in their order, as an event tells them: ``1-3,7``."""
    found = Places()
    for place in places:
        found.add(place)
    return ",".join(
        str(first) if first == last else f"{first}-{last}" for first, last in found.ranges
    )


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged
