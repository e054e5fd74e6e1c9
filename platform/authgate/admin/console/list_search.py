"""What the address of a list says, and the addresses of others: each keeps all that is chosen."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode

from quart import Response

from authgate.accounts.answers import see_other
from authgate.admin.console import frame
from authgate.admin.console.frame import ROOT, with_query
from authgate.storage.paging import Order
from authgate.web.console_view_models import Done, FilterLink, SortLink

SIZES = (25, 50, 90)
"""How many there may be on a page. A form has at most 100 fields, and each may be ticked."""


class ListSearch(ABC):
    """What is looked for in a list; whatever the address says wrong is as if it were not said."""

    __slots__ = ()

    path: ClassVar[str]
    """Of the list, below the console."""
    limit: str
    """How many on a page; empty for the usual number."""
    cursor: str

    @abstractmethod
    def typed(self) -> dict[str, str]:
        """What is typed into the fields of the search."""

    @abstractmethod
    def chosen(self) -> dict[str, str]:
        """What is chosen besides; a new search leaves it as it is."""

    def kept(self) -> dict[str, str]:
        """All of that which is said."""
        said = {**self.chosen(), "limit": self.limit}
        return {name: value for name, value in said.items() if value}

    @property
    def size(self) -> int:
        """How many there are on a page."""
        return int(self.limit or SIZES[0])

    def query(self, **changes: str) -> str:
        """What is looked for, with something else; from its beginning unless that is said."""
        said = {**self.kept(), **self.typed(), **changes}
        return urlencode({name: value for name, value in said.items() if value})

    def here(self) -> str:
        """What is looked for, and from where."""
        return self.query(cursor=self.cursor)

    def url(self, **changes: str) -> str:
        """The address of the same list with something else."""
        return with_query(frame.url(self.path), self.query(**changes))

    def links(self, name: str, current: str, values: Sequence[str]) -> list[FilterLink]:
        """The list with each of these values of one choice, or with none."""
        return [
            FilterLink(value, self.url(**{name: value}), current=value == current)
            for value in ("", *values)
        ]

    def sizes(self) -> list[FilterLink]:
        """The list with more or fewer on a page."""
        said = {size: "" if size == SIZES[0] else str(size) for size in SIZES}
        return [
            FilterLink(str(size), self.url(limit=limit), current=size == self.size)
            for size, limit in said.items()
        ]

    def sort_link(self, first: str, sort: str) -> SortLink:
        """The list, which is sorted like this, sorted by a column: this way first, and the other
        way from there."""
        current, field = Order.of(sort), first.removeprefix("-")
        if current.field != field:
            return SortLink(self.url(sort=first))
        other = field if current.descending else f"-{field}"
        return SortLink(self.url(sort=other), "descending" if current.descending else "ascending")

    def back(self, what: Done) -> Response:
        """To the list as it was, which says what was done."""
        query = self.query(cursor=self.cursor, done=what)
        return see_other(with_query(f"{ROOT}{self.path}", query))


def limit(arguments: Mapping[str, str]) -> str:
    """How many the address asks for on a page."""
    said = arguments.get("limit", "")
    return said if said in map(str, SIZES[1:]) else ""


def plain(text: str, longest: int) -> str:
    """What was typed, as storage can take it."""
    return text.replace("\0", "").strip()[:longest]


def returned(form: Mapping[str, str]) -> dict[str, str]:
    """What the address of the list said from which a form was sent."""
    return dict(parse_qsl(form.get("list", "")))
