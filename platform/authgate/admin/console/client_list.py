"""``/admin/clients``: the tenant's clients, looked for, in an order, by the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from authgate.admin.console import client_lines, frame
from authgate.admin.console.frame import ROOT, Console
from authgate.storage import clients
from authgate.storage.client_drafts import ClientFilter
from authgate.storage.client_rows import ClientStatus
from authgate.storage.paging import BadCursor, Order
from authgate.web.console_view_models import ClientsPage, FilterLink, SortLink

_HERE = "/clients"
_PER_PAGE = 25
_LONGEST_SEARCH = 100
_SORTS = ("name", "-name", "-created_at", "created_at")
_PUBLIC = {"confidential": False, "public": True}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address says; whatever it says wrong is as if it were not said."""

    search: str
    status: str
    type: str
    sort: str
    cursor: str

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> Self:
        sort, kind = arguments.get("sort", ""), arguments.get("type", "")
        status = arguments.get("status", "")
        return cls(
            search=arguments.get("search", "").replace("\0", "").strip()[:_LONGEST_SEARCH],
            status=status if status in set(ClientStatus) else "",
            type=kind if kind in _PUBLIC else "",
            sort=sort if sort in _SORTS else _SORTS[0],
            cursor=arguments.get("cursor", ""),
        )

    def filter(self) -> ClientFilter:
        return ClientFilter(
            search=self.search,
            status=ClientStatus(self.status) if self.status else None,
            public=_PUBLIC.get(self.type),
        )

    def kept(self) -> dict[str, str]:
        """What a new search leaves as it is."""
        said = {"status": self.status, "type": self.type, "sort": self.sort}
        return {name: value for name, value in said.items() if value and value != _SORTS[0]}

    def url(self, **changes: str | None) -> str:
        """The address of the same list with something else; from its beginning unless that is
        said."""
        said: dict[str, str | None] = {**self.kept(), "search": self.search, **changes}
        query = urlencode({name: value for name, value in said.items() if value})
        return frame.url(_HERE) + (f"?{query}" if query else "")


class ClientList:
    """The list of clients."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("clients")
        routes.get(f"{ROOT}{_HERE}")(self.show)
        return routes

    async def show(self) -> Response:
        """Some of the clients."""
        asked = _Asked.read(request.args)
        try:
            found = await clients.page(
                asked.filter(), Order.of(asked.sort), cursor=asked.cursor, limit=_PER_PAGE
            )
        except BadCursor as error:
            raise BadRequest from error
        content = ClientsPage(
            frame=await self._console.frame(),
            action=frame.url(_HERE),
            new_url=frame.url(f"{_HERE}/new"),
            clear_url=frame.url(_HERE),
            clients=[client_lines.line(each) for each in found.rows],
            total=sum((await clients.counts()).values()),
            search=asked.search,
            kept=asked.kept(),
            statuses=_links(asked, "status", asked.status, list(ClientStatus)),
            types=_links(asked, "type", asked.type, list(_PUBLIC)),
            by_name=_sort_link(asked, "name"),
            by_age=_sort_link(asked, "-created_at"),
            next_url=asked.url(cursor=found.next) if found.next else None,
            previous_url=asked.url(cursor=found.previous) if found.previous else None,
        )
        return self._console.show("clients.html", content)


def _links(asked: _Asked, name: str, current: str, values: list[str]) -> list[FilterLink]:
    return [
        FilterLink(value, asked.url(**{name: value or None}), current=value == current)
        for value in ("", *values)
    ]


def _sort_link(asked: _Asked, first: str) -> SortLink:
    current, field = Order.of(asked.sort), first.removeprefix("-")
    if current.field != field:
        return SortLink(asked.url(sort=first))
    other = field if current.descending else f"-{field}"
    return SortLink(asked.url(sort=other), "descending" if current.descending else "ascending")
