"""Which people a list is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from authgate.admin.console import list_search
from authgate.admin.console.list_search import ListSearch
from authgate.permissions import ROLES, UserRole
from authgate.storage.paging import Order
from authgate.storage.people.user_filter import UserFilter
from authgate.vocabulary import UserStatus

PATH = "/users"
STATUSES = tuple(UserStatus)
WAYS_IN = {"password": True, "elsewhere": False}
"""Whether they have a password of their own."""
SORTS = ("username", "-username", "-created_at", "created_at")
_LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class UserSearch(ListSearch):
    """What the address says."""

    path: ClassVar[str] = PATH
    search: str
    status: str
    role: str
    way_in: str
    sort: str
    limit: str
    cursor: str

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> Self:
        """The search of this address."""
        sort, way_in = arguments.get("sort", ""), arguments.get("way_in", "")
        status, role = arguments.get("status", ""), arguments.get("role", "")
        return cls(
            search=list_search.plain(arguments.get("search", ""), _LONGEST_SEARCH),
            status=status if status in STATUSES else "",
            role=role if role in ROLES else "",
            way_in=way_in if way_in in WAYS_IN else "",
            sort=sort if sort in SORTS else SORTS[0],
            limit=list_search.limit(arguments),
            cursor=arguments.get("cursor", ""),
        )

    def filter(self) -> UserFilter:
        """The same for storage."""
        return UserFilter(
            search=self.search,
            status=UserStatus(self.status) if self.status else None,
            role=UserRole(self.role) if self.role else None,
            has_password=WAYS_IN.get(self.way_in),
        )

    def order(self) -> Order:
        """How they are sorted."""
        return Order.of(self.sort.replace("username", "canonical_username"))

    def typed(self) -> dict[str, str]:
        return {"search": self.search}

    def chosen(self) -> dict[str, str]:
        sort = self.sort if self.sort != SORTS[0] else ""
        return {"status": self.status, "role": self.role, "way_in": self.way_in, "sort": sort}
