"""The events that a file of the log holds, in the order in which they happened, page by page.

Rows are added and stay as they are, and none is added any more before the moment at which the file
was asked for. So all pages show the log as it was then, whenever they are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_address
from typing import Self
from uuid import UUID

from authgate.storage.audit import chosen_events
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.event_search import EventSearch
from authgate.storage.audit.exports import AuditExportRow
from authgate.storage.audit.looking import Condition, Looking
from authgate.storage.database import is_outage

PAGE = 500
"""Rows that are in memory at once."""

LOOKED_AT = 20_000
"""Rows that are looked at for one page, where no index finds what is chosen."""

_HIGHEST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Place:
    """The last event that was written, or looked at."""

    occurred_at: datetime
    id: UUID

    def told(self) -> dict[str, str]:
        """As JSON holds it."""
        return {"occurred_at": self.occurred_at.isoformat(), "id": str(self.id)}

    @classmethod
    def of(cls, told: Mapping[str, str]) -> Self:
        """From JSON."""
        return cls(datetime.fromisoformat(told["occurred_at"]), UUID(told["id"]))


@dataclass(frozen=True, slots=True)
class Page:
    """Some events of a file."""

    events: Sequence[AuditEvent]
    place: Place | None
    """How far was looked; ``None`` where that is to the end."""


async def count(row: AuditExportRow) -> int | None:
    """How many there are in a file; ``None`` where to count them would take too long."""
    which = chosen_events.of(row.chosen)
    if which.is_wide:
        return None
    sources, rest = which.parted()
    try:
        return await Looking(tuple(_within(row, which, None))).count(sources, rest)
    except Exception as error:
        if is_outage(error):
            return None
        raise


async def unsealed(until: datetime) -> bool:
    """Whether something that happened before then waits for its seal."""
    return await AuditEvent.filter(seq__isnull=True, occurred_at__lt=until).exists()


async def following(row: AuditExportRow, after: Place | None) -> Page:
    """The next ones."""
    which = chosen_events.of(row.chosen)
    network = which.network if which.is_wide else None
    which = replace(which, network=None) if network else which
    looking = Looking(tuple(_within(row, which, after)), oldest_first=True)
    sources, rest = which.parted()
    edge = await looking.edge(sources, rows=LOOKED_AT) if rest else None
    looking = looking.until(edge) if edge else looking
    events = await looking.events(sources, rest, limit=PAGE)
    place = _place(events, edge)
    if network is not None:
        events = [each for each in events if each.ip and ip_address(each.ip) in network]
    return Page(events, place)


def _place(events: Sequence[AuditEvent], edge: datetime | None) -> Place | None:
    if len(events) == PAGE:
        return Place(events[-1].occurred_at, events[-1].id)
    return None if edge is None else Place(edge, _HIGHEST)


def _within(row: AuditExportRow, which: EventSearch, after: Place | None) -> Iterator[Condition]:
    yield from which.period()
    yield Condition("occurred_at < {}", (row.until,))
    if after is not None:
        # By the first of them the index is entered.
        yield Condition("occurred_at >= {}", (after.occurred_at,))
        yield Condition("(occurred_at, id) > ({}, {})", (after.occurred_at, after.id))
