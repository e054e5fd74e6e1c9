"""Which events of the audit log a list is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import ip_network
from typing import Any, ClassVar, Self

from authgate.admin.console import list_search
from authgate.admin.console.list_search import ListSearch
from authgate.audit import Event
from authgate.audit.meanings import AREAS
from authgate.storage.audit.event_search import EventSearch, Network
from authgate.storage.clients import ids
from authgate.vocabulary import Severity
from authgate.web.audit_view_models import Narrowing

PATH = "/audit"
SEVERITIES = (Severity.INFO.value, Severity.WARNING.value, Severity.CRITICAL.value)
RESULTS = ("failed", "succeeded")
NARROWING = (
    *("type", "actor_type", "actor", "resource_type", "resource"),
    *("client", "session", "request", "from"),
)
"""What a click on something in a line, or on a figure, looks for, besides what was looked for
already."""

_LONGEST_SEARCH = 100
_LONGEST = 254
_TOGETHER = {"actor": "actor_type", "resource": "resource_type"}
"""What goes away with what."""


@dataclass(frozen=True, slots=True)
class AuditSearch(ListSearch):
    """What the address says."""

    path: ClassVar[str] = PATH
    search: str
    user: str
    ip: str
    since: date | None
    to: date | None
    severity: str
    area: str
    result: str
    narrowed: Mapping[str, str]
    """By ``NARROWING``."""
    limit: str
    cursor: str

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> Self:
        """The search of this address."""

        def one_of(name: str, values: Sequence[str]) -> str:
            said = arguments.get(name, "")
            return said if said in values else ""

        narrowed = {
            name: list_search.plain(arguments.get(name, ""), ids.LONGEST) for name in NARROWING
        }
        narrowed["type"] = one_of("type", list(Event))
        narrowed["from"] = narrowed["from"] if _moment(narrowed["from"]) else ""
        return cls(
            search=list_search.plain(arguments.get("search", ""), _LONGEST_SEARCH),
            user=list_search.plain(arguments.get("user", ""), _LONGEST),
            ip=list_search.plain(arguments.get("ip", ""), _LONGEST),
            since=_day(arguments.get("since", "")),
            to=_day(arguments.get("to", "")),
            severity=one_of("severity", SEVERITIES),
            area=one_of("area", list(AREAS)),
            result=one_of("result", RESULTS),
            narrowed={name: value for name, value in narrowed.items() if value},
            limit=list_search.limit(arguments),
            cursor=arguments.get("cursor", ""),
        )

    @property
    def network(self) -> Network | None:
        """Where it came from. Raises ``ValueError`` where what was typed is no address."""
        return ip_network(self.ip, strict=False) if self.ip else None

    def wanted(self, *, user_id: str, network: Network | None) -> EventSearch:
        """The same for storage."""
        narrowed, one = self.narrowed, self.narrowed.get("type")
        return EventSearch(
            types=[one] if one else list(AREAS.get(self.area, ())),
            severities=[Severity(self.severity)] if self.severity else [],
            success=self.result == "succeeded" if self.result else None,
            user_id=user_id,
            actor_type=narrowed.get("actor_type", ""),
            actor_id=narrowed.get("actor", ""),
            resource_type=narrowed.get("resource_type", ""),
            resource_id=narrowed.get("resource", ""),
            client_id=narrowed.get("client", ""),
            session_id=narrowed.get("session", ""),
            network=network,
            request_id=narrowed.get("request", ""),
            since=_moment(narrowed.get("from", "")) or _midnight(self.since),
            to=_midnight(self.to, days=1),
            text=self.search,
        )

    def told(self) -> dict[str, Any]:
        """What the log says that somebody has looked for."""
        said = {**self.typed(), **self.chosen()}
        return {name: value for name, value in said.items() if value and name not in _TIMES}

    def narrowings(self) -> list[Narrowing]:
        """What the links of the list have added, each with the way to go without it."""
        hidden = {_TOGETHER[each] for each in _TOGETHER if each in self.narrowed}
        return [
            Narrowing(name, value, self.url(**{name: "", _TOGETHER.get(name, name): ""}))
            for name, value in self.narrowed.items()
            if name not in hidden
        ]

    def typed(self) -> dict[str, str]:
        since, to = (each.isoformat() if each else "" for each in (self.since, self.to))
        return {
            "search": self.search,
            "user": self.user,
            "ip": self.ip,
            "since": since,
            "to": to,
        }

    def chosen(self) -> dict[str, str]:
        own = {"severity": self.severity, "area": self.area, "result": self.result}
        return {**own, **self.narrowed}


_TIMES = ("since", "to", "from")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    """One of a zone that is told."""
    try:
        said = datetime.fromisoformat(text)
        return said.astimezone(UTC) if said.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _midnight(day: date | None, *, days: int = 0) -> datetime | None:
    if day is None:
        return None
    try:
        return datetime.combine(day, time(), UTC) + timedelta(days=days)
    except OverflowError:
        return None
