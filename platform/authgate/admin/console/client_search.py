"""Which clients a list is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from authgate.admin.console import list_search
from authgate.admin.console.list_search import ListSearch
from authgate.storage.clients.drafts import ClientFilter
from authgate.vocabulary import ClientStatus

PATH = "/clients"
UNSEEN = "unseen"
"""Beside what a client may be: that nobody has looked at it."""
STATUSES = (*ClientStatus, UNSEEN)
TYPES = {"confidential": False, "public": True}
_LONGEST_SEARCH = 100
_SORTS = ("name", "-name", "-created_at", "created_at")


@dataclass(frozen=True, slots=True)
class ClientSearch(ListSearch):
    """What the address says."""

    path: ClassVar[str] = PATH
    search: str
    status: str
    type: str
    sort: str
    limit: str
    cursor: str

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> Self:
        """The search of this address."""
        sort, kind = arguments.get("sort", ""), arguments.get("type", "")
        status = arguments.get("status", "")
        return cls(
            search=list_search.plain(arguments.get("search", ""), _LONGEST_SEARCH),
            status=status if status in STATUSES else "",
            type=kind if kind in TYPES else "",
            sort=sort if sort in _SORTS else _SORTS[0],
            limit=list_search.limit(arguments),
            cursor=arguments.get("cursor", ""),
        )

    def filter(self) -> ClientFilter:
        """The same for storage."""
        return ClientFilter(
            search=self.search,
            status=ClientStatus(self.status) if self.status not in ("", UNSEEN) else None,
            unseen=True if self.status == UNSEEN else None,
            public=TYPES.get(self.type),
        )

    def typed(self) -> dict[str, str]:
        return {"search": self.search}

    def chosen(self) -> dict[str, str]:
        sort = self.sort if self.sort != _SORTS[0] else ""
        return {"status": self.status, "type": self.type, "sort": sort}
