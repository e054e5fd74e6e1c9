"""Which tokens a list is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from authgate.admin.console import list_search
from authgate.admin.console.list_search import ListSearch
from authgate.storage.clients import ids
from authgate.storage.issued.tokens import TokenFilter
from authgate.storage.people.users import User
from authgate.vocabulary import TokenStatus

PATH = "/tokens"
_WORKING = "working"
STATUSES = (_WORKING, *TokenStatus)
KINDS = ("user", "client")
"""Whom a token speaks for."""
_LONGEST_LOGIN = 254


@dataclass(frozen=True, slots=True)
class TokenSearch(ListSearch):
    """What the address says."""

    path: ClassVar[str] = PATH
    client: str
    user: str
    status: str
    kind: str
    limit: str
    cursor: str

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> Self:
        """The search of this address."""
        status, kind = arguments.get("status", ""), arguments.get("kind", "")
        return cls(
            client=list_search.plain(arguments.get("client", ""), ids.LONGEST),
            user=list_search.plain(arguments.get("user", ""), _LONGEST_LOGIN),
            status=status if status in STATUSES else "",
            kind=kind if kind in KINDS else "",
            limit=list_search.limit(arguments),
            cursor=arguments.get("cursor", ""),
        )

    def filter(self, user: User | None, *, now: datetime) -> TokenFilter:
        """The same for storage."""
        working = self.status == _WORKING
        status = TokenStatus.ACTIVE if working else self.status
        return TokenFilter(
            client_id=self.client or None,
            user_id=user.id if user else None,
            status=TokenStatus(status) if status else None,
            live_at=now if working else None,
            machine=self.kind == "client" if self.kind else None,
        )

    def typed(self) -> dict[str, str]:
        return {"client": self.client, "user": self.user}

    def chosen(self) -> dict[str, str]:
        return {"status": self.status, "kind": self.kind}
