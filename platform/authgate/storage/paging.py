"""Lists by the page: a place in an order, which stays where it is when rows come and go."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

import orjson
from tortoise.expressions import Q
from tortoise.fields import DatetimeField
from tortoise.models import Model
from tortoise.queryset import QuerySet

MOST = 100
"""Rows of one page."""
_LONGEST_CURSOR = 1024

Row = TypeVar("Row")
Value = TypeVar("Value")
Stored = TypeVar("Stored", bound=Model)


class BadCursor(ValueError):
    """Not a cursor that this list has given out."""

    def __init__(self) -> None:
        super().__init__("The cursor is none that this list has given out.")


@dataclass(frozen=True, slots=True)
class Order:
    """By one field, and by id where it is equal."""

    field: str
    descending: bool = False

    @classmethod
    def of(cls, text: str) -> Self:
        """Read ``name``, or ``-name`` for the other way round."""
        return cls(text.removeprefix("-"), descending=text.startswith("-"))

    def terms(self, *, backward: bool) -> tuple[str, ...]:
        """What the rows are sorted by."""
        sign = "-" if self.descending is not backward else ""
        by_id = f"{sign}id"
        return (by_id,) if self.field == "id" else (f"{sign}{self.field}", by_id)

    def beyond(self, cursor: "Cursor") -> Q:
        """Which rows come after the cursor, in its direction."""
        way = "lt" if self.descending is not cursor.backward else "gt"
        later: dict[str, Any] = {f"{self.field}__{way}": cursor.value}
        if self.field == "id":
            return Q(**later)
        equal: dict[str, Any] = {self.field: cursor.value, f"id__{way}": cursor.id}
        return Q(**later) | Q(**equal)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A row's place in an order, and in which direction the list goes on from there."""

    order: str
    value: str | datetime
    id: UUID
    backward: bool = False

    def __str__(self) -> str:
        """Opaque to whoever gets it; it tells what the row before it told already."""
        is_moment = isinstance(self.value, datetime)
        parts = (self.order, self.value, str(self.id), self.backward, is_moment)
        return base64.urlsafe_b64encode(orjson.dumps(parts)).rstrip(b"=").decode()

    @classmethod
    def of(cls, text: str, order: Order, *, by_moment: bool) -> Self:
        """Read one that this order gave out. Raises ``BadCursor``."""
        try:
            name, value, row_id, backward, is_moment = _decoded(text)
            if name != order.field or not isinstance(value, str) or "\0" in value:
                raise BadCursor
            if is_moment is not by_moment:
                raise BadCursor
            if name == "id":
                value = str(UUID(value))
            place = _moment(value) if by_moment else value
            return cls(name, place, UUID(row_id), backward=backward is True)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise BadCursor from error


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list, and the cursors by which it goes on; ``None`` at an end."""

    rows: Sequence[Row]
    next: str | None = None
    previous: str | None = None

    def of(self, value: Callable[[Row], Value]) -> "Page[Value]":
        """The same page of what each row stands for."""
        return Page([value(row) for row in self.rows], self.next, self.previous)


async def page(
    rows: QuerySet[Stored], order: Order, *, cursor: str | None = None, limit: int = 50
) -> Page[Stored]:
    """The rows after the cursor, or the first ones. Raises ``BadCursor``."""
    by_moment = isinstance(rows.model._meta.fields_map[order.field], DatetimeField)  # noqa: SLF001
    place = Cursor.of(cursor, order, by_moment=by_moment) if cursor else None
    backward = place is not None and place.backward
    if place is not None:
        rows = rows.filter(order.beyond(place))
    limit = max(1, min(limit, MOST))
    found = await rows.order_by(*order.terms(backward=backward)).limit(limit + 1)
    more, shown = len(found) > limit, found[:limit]
    if backward:
        shown.reverse()
    return Page(
        shown,
        next=_place(shown, -1, order) if shown and (more or backward) else None,
        previous=_place(shown, 0, order) if shown and place and (more or not backward) else None,
    )


def _place(rows: Sequence[Model], index: int, order: Order) -> str:
    row: Any = rows[index]
    value = getattr(row, order.field)
    value = str(value) if isinstance(value, UUID) else value
    return str(Cursor(order.field, value, row.id, backward=index == 0))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise BadCursor
    return moment.astimezone(UTC)


def _decoded(text: str) -> Any:
    if len(text) > _LONGEST_CURSOR:
        raise BadCursor
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeError) as error:
        raise BadCursor from error
