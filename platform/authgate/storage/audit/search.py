"""Looking for events of the audit log: the newest first, page by page.

However long the log is, a page looks at ``LOOKED_AT`` rows at the most: where what is looked for
has no index, the list says how far back it has looked, and goes on from there.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import Final, NamedTuple
from uuid import UUID

from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.event_search import EventSearch, Network
from authgate.storage.audit.looking import Condition, Looking, Source, one_of_many
from authgate.storage.paging import MOST, Cursor, Order, Page

LOOKED_AT: Final = 20_000
"""Rows that one page looks at."""

_ORDER: Final = Order("occurred_at", descending=True)
_LOWEST, _HIGHEST = UUID(int=0), UUID(int=2**128 - 1)


class Found(NamedTuple):
    """A page of what was found."""

    page: Page[AuditEvent]
    looked_to: datetime | None
    """The moment at which the look ended while the page had room; ``None`` where it is full, or
    there is nothing beyond."""


async def find(which: EventSearch, *, cursor: str | None = None, limit: int = 50) -> Found:
    """The newest of these events, or those after the cursor. Raises ``BadCursor``."""
    place = Cursor.of(cursor, _ORDER, by_moment=True) if cursor else None
    backward = place is not None and place.backward
    limit = max(1, min(limit, MOST))
    looking = Looking((*which.period(), *_beyond(place)), oldest_first=backward)
    sources, rest = which.parted()
    edge = await looking.edge(sources, rows=LOOKED_AT) if rest else None
    looking = looking.until(edge) if edge else looking
    if which.network is not None and which.is_wide and not which.is_by_beginning:
        rest.append(await _from(which.network, looking, sources, rest))
    found = await looking.events(sources, rest, limit=limit + 1)
    more, rows = len(found) > limit, found[:limit]
    if backward:
        rows.reverse()
    edge = None if more else edge
    return Found(_page(rows, place, edge, more=more), edge)


async def one(event_id: UUID) -> AuditEvent | None:
    """The event of this id."""
    return await AuditEvent.get_or_none(id=event_id)


async def out_of_the_ordinary(*, limit: int) -> list[AuditEvent]:
    """The newest events that are no mere information."""
    return await Looking().events([(Condition("severity <> 'INFO'"),)], [], limit=limit)


async def by_actor(
    event_type: str, actor_type: str, actor_id: str, *, name: str, since: datetime
) -> list[AuditEvent]:
    """Events of a rare type that somebody has brought about lately; who has no id is known by name
    alone."""
    recent = AuditEvent.filter(event_type=event_type, occurred_at__gt=since)
    return await recent.filter(actor_type=actor_type, actor_id=actor_id, actor_name=name)


def _page(
    rows: Sequence[AuditEvent], place: Cursor | None, edge: datetime | None, *, more: bool
) -> Page[AuditEvent]:
    """The rows, with the way on from where the look has ended, and the way back."""
    goes_on = more or edge is not None
    if place is not None and place.backward:
        older = _after(rows[-1] if rows else place.value)
        return Page(rows, next=older, previous=_before(edge or rows[0]) if goes_on else None)
    newer = None if place is None else _before(rows[0] if rows else place.value)
    return Page(rows, next=_after(edge or rows[-1]) if goes_on else None, previous=newer)


def _after(what: AuditEvent | datetime | str) -> str:
    """The cursor of what is older than an event, or than a moment."""
    if isinstance(what, AuditEvent):
        return str(Cursor(_ORDER.field, what.occurred_at, what.id))
    return str(Cursor(_ORDER.field, what, _LOWEST))


def _before(what: AuditEvent | datetime | str) -> str:
    """The same of what is younger."""
    if isinstance(what, AuditEvent):
        return str(Cursor(_ORDER.field, what.occurred_at, what.id, backward=True))
    return str(Cursor(_ORDER.field, what, _HIGHEST, backward=True))


def _beyond(place: Cursor | None) -> Iterator[Condition]:
    if place is not None:
        way = ">" if place.backward else "<"
        # By the first of them the index is entered.
        yield Condition(f"occurred_at {way}= {{}}", (place.value,))
        yield Condition(f"(occurred_at, id) {way} ({{}}, {{}})", (place.value, place.id))


async def _from(
    network: Network, looking: Looking, sources: Sequence[Source], rest: Sequence[Condition]
) -> Condition:
    """That an event came from somewhere in a network, of those that are looked at."""
    seen = [each for each in await looking.distinct("ip", sources, rest) if each]
    inside = [each for each in seen if ip_address(each) in network]
    return one_of_many("ip", inside)
