"""Which tenants a list is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from authgate.operator.console import frame
from authgate.web.console_view_models import FilterLink
from authgate_tenants import TenantStatus
from authgate_tenants.directory import TenantFilter

PATH = "/tenants"
BY = ("slug", "name", "host")
"""What is looked for by; the first where nothing is said."""
_LONGEST = 253


@dataclass(frozen=True, slots=True)
class TenantSearch:
    """What the address says; whatever it says wrong is as if it were not said."""

    search: str
    by: str
    status: str
    cursor: str

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> Self:
        """The search of this address."""
        by, status = arguments.get("by", ""), arguments.get("status", "")
        return cls(
            search=arguments.get("search", "").replace("\0", "").strip()[:_LONGEST],
            by=by if by in BY else BY[0],
            status=status if status in set(TenantStatus) else "",
            cursor=arguments.get("cursor", ""),
        )

    def filter(self) -> TenantFilter:
        """The same for the directory."""
        return TenantFilter(
            by="name" if self.by == "name" else "slug",
            beginning=self.search,
            status=TenantStatus(self.status) if self.status else None,
        )

    def url(self, **changes: str) -> str:
        """The address of the same list with something else, from its beginning."""
        said = {"search": self.search, "by": self.by if self.by != BY[0] else "", **self.kept()}
        given = {name: value for name, value in {**said, **changes}.items() if value}
        return f"{frame.url(PATH)}?{urlencode(given)}" if given else frame.url(PATH)

    def kept(self) -> dict[str, str]:
        """What is chosen besides what is typed; a new search leaves it as it is."""
        return {"status": self.status} if self.status else {}

    def statuses(self) -> Sequence[FilterLink]:
        """The list with each status, or with any."""
        return [
            FilterLink(value, self.url(status=value), current=value == self.status)
            for value in ("", *TenantStatus)
        ]
