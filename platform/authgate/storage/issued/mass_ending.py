"""Ending what a client or a person has been given, however many rows that is.

PostgreSQL breaks a statement off after a few seconds, so each ends a part. A request ends no more
than ``AT_ONCE`` rows of a table: where more are left, a mark on the client or the person
(``not_before``) says that nothing older is good, and a job ends the rest.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, TypeVar
from uuid import UUID

from tortoise.expressions import Subquery
from tortoise.models import Model
from tortoise.queryset import QuerySet

AT_ONCE: Final = 5_000
_BATCH: Final = 2_500
_TIMED: Final = 7
"""The version of ids that begin with the moment at which they were made (RFC 9562 5.7)."""

Row = TypeVar("Row", bound=Model)


def is_cut_short(*ended: int) -> bool:
    """Whether rows may be left of a table of which so many have ended."""
    return max(ended) >= AT_ONCE


async def in_full(end: Callable[[], Awaitable[int]]) -> int:
    """End a part after the other until none is left; how many rows that were."""
    ended = part = await end()
    while is_cut_short(part):
        part = await end()
        ended += part
    return ended


async def update(living: QuerySet[Row], **values: object) -> int:
    """End rows, which then are no longer among the living; how many, ``AT_ONCE`` or a few more at
    most.

    What is under way is waited for, and only a statement that begins later sees what it has
    stored. Once there is nothing left to end, nothing can follow.
    """
    ended = 0
    while ended < AT_ONCE and (changed := await _batch(living).update(**values)):
        ended += changed
    return ended


async def delete(rows: QuerySet[Row]) -> int:
    """Remove rows; how many, as above."""
    removed = 0
    while removed < AT_ONCE and (gone := await _batch(rows).delete()):
        removed += gone
    return removed


def began_at(family_id: UUID | None, created_at: datetime) -> datetime:
    """When the sign-in was allowed that a token came of; for a machine's, when it was made.

    Whoever refreshes while everything ends is given tokens that are younger than the mark, of a
    family that is not.
    """
    if family_id is None or family_id.version != _TIMED:
        return created_at
    return min(created_at, datetime.fromtimestamp((family_id.int >> 80) / 1000, UTC))


def _batch(rows: QuerySet[Row]) -> QuerySet[Row]:
    return rows.filter(id__in=Subquery(rows.limit(_BATCH).values("id")))
