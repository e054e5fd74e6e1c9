"""Which events of the audit log are looked for, and what of it an index finds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Final
from uuid import UUID

from authgate.storage import connection
from authgate.storage.audit.looking import Condition, Source, any_of, one_of
from authgate.vocabulary import Severity

Network = IPv4Network | IPv6Network

_TIMED: Final = 7
"""The version of a UUID that says when it was made."""
_BEFORE_REQUEST, _AFTER_REQUEST = timedelta(minutes=1), timedelta(hours=1)
"""So far its events are from the moment that the id of a request says."""
_EARLIEST, _LATEST = 86_400.0, datetime(9999, 1, 1, tzinfo=UTC).timestamp()
"""Moments that an id may say and a database can look around; others are a proxy's own."""

_SEARCHED: Final = (
    "event_type",
    "actor_name",
    "actor_id",
    "client_id",
    "resource_id",
    # What somebody has looked for is no find.
    "CASE event_type WHEN 'AUDIT_LOG_VIEWED' THEN '' ELSE CAST(details AS TEXT) END",
)

# As the indexes of the table say it: by other words they are not found.
_NOT_CLIENT: Final = Condition("actor_type <> 'client'")
_INDEXED: Final = Condition("resource_type NOT IN ('', 'token', 'device_request')")
_UNINDEXED: Final = ("token", "device_request")
_OF_EVERY_TOKEN: Final = (
    "ACCESS_TOKEN_ISSUED",
    "CLIENT_CREDENTIALS_TOKEN_ISSUED",
    "TOKEN_REFRESHED",
)
_RARER: Final = Condition(f"event_type NOT IN {_OF_EVERY_TOKEN}")
_USER: Final = Condition("resource_type = 'user'")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSearch:
    """Which events are looked for: all of what is said has to hold."""

    types: Sequence[str] = ()
    """Any of these."""
    severities: Sequence[Severity] = ()
    success: bool | None = None
    user_id: str = ""
    """What this person did, or what was done to them."""
    actor_type: str = ""
    actor_id: str = ""
    resource_type: str = ""
    resource_id: str = ""
    client_id: str = ""
    session_id: str = ""
    network: Network | None = None
    """Where it came from."""
    request_id: str = ""
    since: datetime | None = None
    to: datetime | None = None
    """The first moment that is not looked at any more."""
    text: str = ""
    """A part of a name, an id, the type or the details, in whatever case."""

    def period(self) -> Iterator[Condition]:
        """When it happened, as far as that is known."""
        if self.since is not None:
            yield Condition("occurred_at >= {}", (self.since,))
        if self.to is not None:
            yield Condition("occurred_at < {}", (self.to,))
        made = _moment_of(self.request_id)
        if made is not None:
            yield Condition("occurred_at >= {}", (made - _BEFORE_REQUEST,))
            yield Condition("occurred_at < {}", (made + _AFTER_REQUEST,))

    def has_indexed_types(self) -> bool:
        """Whether an index has all the types: what every token writes would make it as large as the
        log, and is not far wherever one looks."""
        return bool(self.types) and not set(self.types) & set(_OF_EVERY_TOKEN)

    def parted(self) -> tuple[list[Source], list[Condition]]:
        """What an index finds, the one that is likely to find the fewest rows, and what has to hold
        of these besides."""
        ways = [*_by_id(self), *_by_kind(self)]
        sources: list[Source] = ways[0] if ways else [()]
        return sources, [*map(any_of, ways[1:]), *_others(self)]

    @property
    def is_wide(self) -> bool:
        """Whether it is asked for more than one address."""
        return self.network is not None and self.network.num_addresses > 1

    @property
    def is_by_beginning(self) -> bool:
        """Whether all addresses that begin as the network does are in it."""
        return isinstance(self.network, IPv4Network) and self.network.prefixlen in (8, 16, 24)


def _moment_of(request_id: str) -> datetime | None:
    """When a request came in, by the id that we have given it; a proxy gives others."""
    try:
        read = UUID(hex=request_id)
    except ValueError:
        return None
    if read.hex != request_id or read.version != _TIMED:
        return None
    made = (read.int >> 80) / 1000
    return datetime.fromtimestamp(made, UTC) if _EARLIEST <= made < _LATEST else None


def _by_id(which: EventSearch) -> Iterator[list[Source]]:
    if which.user_id:
        theirs = Condition("actor_id = {}", (which.user_id,))
        to_them = Condition("resource_id = {}", (which.user_id,))
        by_others = Condition("NOT (actor_type <> 'client' AND actor_id = {})", (which.user_id,))
        yield [(_NOT_CLIENT, theirs), (_INDEXED, _USER, to_them, by_others)]
    if which.resource_id and which.resource_type not in _UNINDEXED:
        yield [(_INDEXED, Condition("resource_id = {}", (which.resource_id,)))]
    if which.actor_id and which.actor_type not in ("", "client"):
        yield [(_NOT_CLIENT, Condition("actor_id = {}", (which.actor_id,)))]
    if which.session_id:
        known = Condition("session_id <> ''")
        yield [(known, Condition("session_id = {}", (which.session_id,)))]
    if which.network is not None and not which.is_wide:
        yield [(Condition("ip = {}", (str(which.network.network_address),)),)]


def _by_kind(which: EventSearch) -> Iterator[list[Source]]:
    if which.has_indexed_types():
        yield [(_RARER, Condition("event_type = {}", (each,))) for each in which.types]
    if which.severities and Severity.INFO not in which.severities:
        yield [(Condition("severity <> 'INFO'"),)]
    if which.success is False:
        yield [(Condition("NOT success" if connection.dialect() == "postgres" else "success = 0"),)]


def _others(which: EventSearch) -> Iterator[Condition]:
    """What no index finds."""
    if which.types and not which.has_indexed_types():
        yield one_of("event_type", which.types)
    if which.severities:
        yield one_of("severity", [each.value for each in which.severities])
    if which.success:
        yield Condition("success" if connection.dialect() == "postgres" else "success = 1")
    for column, value in (
        ("actor_type", which.actor_type),
        ("actor_id", which.actor_id if which.actor_type in ("", "client") else ""),
        ("resource_type", which.resource_type),
        ("resource_id", which.resource_id if which.resource_type in _UNINDEXED else ""),
        ("client_id", which.client_id),
        ("request_id", which.request_id),
    ):
        if value:
            yield Condition(f"{column} = {{}}", (value,))
    if which.network is not None and which.is_wide:
        yield Condition("ip LIKE {}", (f"{_beginning(which.network)}%",))
    if which.text:
        part = f"%{_escaped(which.text.lower())}%"
        texts = [f"LOWER({each}) LIKE {{}} ESCAPE '!'" for each in _SEARCHED]
        yield Condition(f"({' OR '.join(texts)})", (part,) * len(texts))


def _beginning(network: Network) -> str:
    """What every address in it begins with, as it is written."""
    if isinstance(network, IPv4Network):
        octets = str(network.network_address).split(".")[: network.prefixlen // 8]
        return "".join(f"{each}." for each in octets)
    group = int(network.network_address) >> 112
    return f"{group:x}:" if group and network.prefixlen >= 16 else ""


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
