"""What another directory lists of a tenant: counted, some of it, or on from a cursor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tortoise.models import Model
from tortoise.queryset import QuerySet

from authgate.storage import paging
from authgate.storage.paging import Order, Page
from authgate.storage.selections import Selection

MOST_COUNTED = 100_000
"""No more are counted, or passed over to reach a page."""

Row = TypeVar("Row", bound=Model)
Thing = TypeVar("Thing")


class TooManyListed(RuntimeError):
    """There are more of this kind than are counted for a list."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row, Thing]):
    """Rows of one table, in the order in which they came."""

    rows: Callable[[], QuerySet[Row]]
    """All that may be listed."""
    from_row: Callable[[Row], Thing]

    async def count(self, which: Selection) -> int:
        """How many there are like this. Raises ``TooManyListed``."""
        rows = self.rows().filter(which.condition)
        if await rows.order_by("id").offset(MOST_COUNTED).limit(1).values("id"):
            raise TooManyListed
        return await rows.count()

    async def some(self, which: Selection, *, skip: int, limit: int) -> list[Thing]:
        """Some of those like this. Raises ``TooManyListed``."""
        if skip > MOST_COUNTED:
            raise TooManyListed
        rows = self.rows().filter(which.condition).order_by("id").offset(skip).limit(limit)
        return [self.from_row(row) for row in await rows]

    async def page(self, which: Selection, *, cursor: str | None, limit: int) -> Page[Thing]:
        """The same, from a place on that was told before. Raises ``BadCursor``."""
        rows = self.rows().filter(which.condition)
        found = await paging.page(rows, Order.of("id"), cursor=cursor, limit=limit)
        return found.of(self.from_row)
