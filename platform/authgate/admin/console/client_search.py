"""Which clients a list is asked for: what is in its address, and the address of another one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from authgate.admin.console import frame
from authgate.admin.console.frame import with_query
from authgate.storage.client_drafts import ClientFilter
from authgate.storage.client_rows import ClientStatus

PATH = "/clients"
TYPES = {"confidential": False, "public": True}
SIZES = (25, 50, 100)
"""How many there may be on a page."""
_LONGEST_SEARCH = 100
_SORTS = ("name", "-name", "-created_at", "created_at")


@dataclass(frozen=True, slots=True)
class ClientSearch:
    """What the address says; whatever it says wrong is as if it were not said."""

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
        status, limit = arguments.get("status", ""), arguments.get("limit", "")
        return cls(
            search=arguments.get("search", "").replace("\0", "").strip()[:_LONGEST_SEARCH],
            status=status if status in set(ClientStatus) else "",
            type=kind if kind in TYPES else "",
            sort=sort if sort in _SORTS else _SORTS[0],
            limit=limit if limit in map(str, SIZES[1:]) else "",
            cursor=arguments.get("cursor", ""),
        )

    @property
    def size(self) -> int:
        """How many there are on a page."""
        return int(self.limit or SIZES[0])

    def filter(self) -> ClientFilter:
        """The same for storage."""
        return ClientFilter(
            search=self.search,
            status=ClientStatus(self.status) if self.status else None,
            public=TYPES.get(self.type),
        )

    def kept(self) -> dict[str, str]:
        """What a new search leaves as it is."""
        sort = self.sort if self.sort != _SORTS[0] else ""
        said = {"status": self.status, "type": self.type, "sort": sort, "limit": self.limit}
        return {name: value for name, value in said.items() if value}

    def query(self, **changes: str) -> str:
        """What is looked for, with something else; from its beginning unless that is said."""
        said = {**self.kept(), "search": self.search, **changes}
        return urlencode({name: value for name, value in said.items() if value})

    def here(self) -> str:
        """What is looked for, and from where."""
        return self.query(cursor=self.cursor)

    def url(self, **changes: str) -> str:
        """The address of the same list with something else."""
        return with_query(frame.url(PATH), self.query(**changes))
