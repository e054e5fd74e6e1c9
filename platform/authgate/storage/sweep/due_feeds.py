"""Which tenants have plugins to be told of what has happened, whoever's they are.

Looks across tenants, as ``due_logouts`` does: on PostgreSQL the sweep role is shown how far each is
and when something happened, and can change none of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage import connection
from authgate.storage.audit.audit_feeds import LEASE
from authgate.storage.sweep import due_tenants

# As a value of each row it is one look at an index; as EXISTS it may become a join that reads the
# whole log.
_OLDEST = (
    "(SELECT e.occurred_at FROM audit_events e"
    " WHERE e.tenant_id = f.tenant_id AND e.occurred_at >= f.told_until"
    " ORDER BY e.occurred_at LIMIT 1)"
)
_DUE = (
    "SELECT f.tenant_id, f.plugin, f.next_at FROM audit_feeds f"
    " JOIN tenants ON tenants.id = f.tenant_id"
    " WHERE f.next_at <= {{now}} AND {slow} AND tenants.status <> 'erasing'"
    # Where nothing has happened there is nothing to tell.
    " AND {oldest} IS NOT NULL"
    " ORDER BY f.next_at LIMIT {{limit}}"
)
_QUICK = _DUE.format(slow="NOT f.slow", oldest=_OLDEST)
_SLOW = _DUE.format(slow="f.slow", oldest=_OLDEST)
_WAITING = (
    "SELECT tenant_id, plugin, waiting_since, failures FROM audit_feeds"
    # Those that cannot be told before those that have only much to catch up with.
    " WHERE waiting_since <= {now} ORDER BY failures = 0, waiting_since LIMIT {limit}"
)
_LEFT_ALONE = (
    "SELECT tenant_id, plugin FROM audit_feeds"
    " WHERE next_at > {now} AND waiting_since IS NULL LIMIT {limit}"
)
# A row for each plugin, with any of its tenants: many of one do not hide another.
_BEHIND = (
    "SELECT min(CAST(f.tenant_id AS TEXT)), f.plugin"  # noqa: S608 - our own names
    " FROM audit_feeds f JOIN tenants ON tenants.id = f.tenant_id"
    f" WHERE {_OLDEST} <= {{now}} AND tenants.status <> 'erasing'"
    " GROUP BY f.plugin LIMIT {limit}"
)
MOST = 1000


@dataclass(frozen=True, slots=True)
class DueFeed:
    """A plugin that is to be told now."""

    tenant_id: UUID
    plugin: str
    since: datetime
    """When it was due."""


@dataclass(frozen=True, slots=True)
class WaitingFeed:
    """A plugin that could not be told yet of something."""

    plugin: str
    since: datetime
    """When that has happened."""
    failures: int
    """In a row."""


async def due(
    settings: DatabaseSettings, *, slow: bool, now: datetime, limit: int
) -> Sequence[DueFeed]:
    """The plugins that are due, the longest waiting first."""
    found = await due_tenants.rows(_SLOW if slow else _QUICK, settings, now=now, limit=limit)
    return [DueFeed(tenant_id, plugin, connection.moment(at)) for tenant_id, plugin, at in found]


async def waiting(settings: DatabaseSettings, *, now: datetime) -> Sequence[WaitingFeed]:
    """Those that something waits for though their tenants want them told, up to ``MOST``: those
    that fail first, and then the longest waiting."""
    found = await due_tenants.rows(_WAITING, settings, now=now, limit=MOST)
    return [
        WaitingFeed(plugin, connection.moment(at), failures) for _, plugin, at, failures in found
    ]


async def left_alone(settings: DatabaseSettings, *, now: datetime) -> list[str]:
    """The plugin of each feed that is paused, not set up, or not installed here, up to ``MOST``.
    One that is looked at again within a minute is left out: it may as well be told now."""
    found = await due_tenants.rows(_LEFT_ALONE, settings, now=now + LEASE, limit=MOST)
    return [plugin for _, plugin in found]


async def behind(settings: DatabaseSettings, *, since: datetime) -> set[str]:
    """The plugins whose place in a tenant's log lies before what happened at this moment, whatever
    holds it up. The place of one that was told of all stands a few minutes ago."""
    found = await due_tenants.rows(_BEHIND, settings, now=since, limit=MOST)
    return {plugin for _, plugin in found}
