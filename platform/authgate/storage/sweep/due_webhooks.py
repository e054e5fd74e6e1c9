"""Which endpoints of webhooks have something to be sent, whoever's they are.

Looks across tenants, as ``due_feeds`` does: on PostgreSQL the sweep role is shown how far each is
and when something is due, and nothing of where it goes or what it is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage import connection
from authgate.storage.sweep import due_tenants

MOST_COUNTED = 10_000
"""So many are counted; where there are more, it says this."""

_RUNNING = (
    " FROM webhook_endpoints e JOIN tenants ON tenants.id = e.tenant_id"
    " WHERE e.enabled AND e.paused_at IS NULL AND tenants.status <> 'erasing'"
)
_HAS_ROOM = (
    " AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.tenant_id = e.tenant_id"
    " AND d.endpoint_id = e.id AND d.status = 'pending' LIMIT 1 OFFSET {last})"
)
_UNREAD = (
    "SELECT e.tenant_id"  # noqa: S608 - our own names
    f"{_RUNNING} AND e.created_at <= {{{{now}}}} AND (e.seq IS NULL OR EXISTS (SELECT 1"
    f" FROM audit_events a WHERE a.tenant_id = e.tenant_id AND a.seq > e.seq)){_HAS_ROOM}"
    " GROUP BY e.tenant_id ORDER BY MAX(CASE WHEN e.looked_at IS NULL THEN 1 ELSE 0 END) DESC,"
    " MIN(e.looked_at), MIN(e.created_at) LIMIT {{limit}}"
)
# Since it was looked at last: what is behind a full endpoint waits for that one alone.
_OLDEST_UNREAD = (
    "SELECT tenant_id, CASE WHEN occurred_at > looked_at THEN occurred_at ELSE looked_at END"  # noqa: S608 - as above
    " FROM (SELECT e.tenant_id, COALESCE(e.looked_at, e.created_at) AS looked_at,"
    " (SELECT a.occurred_at FROM audit_events a WHERE a.tenant_id = e.tenant_id"
    f" AND a.seq > e.seq ORDER BY a.seq LIMIT 1) AS occurred_at{_RUNNING}"
    f" AND e.failures = 0{_HAS_ROOM}) unread"
    " WHERE occurred_at <= {{now}} ORDER BY 2 LIMIT {{limit}}"
)
# As a value of each row it is one look at an index.
_FIRST = (
    "(SELECT MIN(d.next_attempt_at) FROM webhook_deliveries d WHERE d.tenant_id = e.tenant_id"
    " AND d.endpoint_id = e.id AND d.status = 'pending')"
)
_DUE = (
    f"SELECT e.tenant_id, e.id, {_FIRST} AS since{_RUNNING} AND {{slow}}"
    f" AND (e.not_before IS NULL OR e.not_before <= {{{{now}}}}) AND {_FIRST} <= {{{{now}}}}"
    " ORDER BY 3 LIMIT {{limit}}"
)
_QUICK = _DUE.format(slow="NOT e.slow")
_SLOW = _DUE.format(slow="e.slow")
_OLDEST = (
    f"SELECT e.tenant_id, {_FIRST}{_RUNNING}"
    f" AND e.failures = 0 AND {_FIRST} <= {{now}} ORDER BY 2 LIMIT {{limit}}"
)
_COUNTED = (
    "SELECT tenant_id FROM webhook_deliveries WHERE status = '{status}'"
    " AND created_at <= {{now}} LIMIT {{limit}}"
)
_PAUSED = (
    "SELECT tenant_id FROM webhook_endpoints WHERE enabled AND paused_at <= {now} LIMIT {limit}"
)


class DueEndpoint(NamedTuple):
    """An endpoint for which something is due."""

    tenant_id: UUID
    id: UUID


async def unread(settings: DatabaseSettings, *, now: datetime, most: int, limit: int) -> list[UUID]:
    """The tenants in whose logs is something that an endpoint of theirs was not offered yet, which
    has room for it below so many; those first that were looked at longest ago."""
    asked = _UNREAD.format(last=most - 1)
    return await due_tenants.found(asked, settings, now=now, limit=limit)


async def endpoints(
    settings: DatabaseSettings, *, slow: bool, now: datetime, limit: int
) -> Sequence[DueEndpoint]:
    """The endpoints to which something is to be sent, the longest waiting first."""
    found = await due_tenants.rows(_SLOW if slow else _QUICK, settings, now=now, limit=limit)
    return [DueEndpoint(tenant_id, UUID(str(each))) for tenant_id, each, _ in found]


async def lag(settings: DatabaseSettings, *, now: datetime, most: int) -> timedelta:
    """For how long the oldest has been due of those whose endpoints have not failed, or waits to be
    taken out of its log for one of them that has fewer than so many."""
    found = [
        row
        for asked in (_OLDEST, _OLDEST_UNREAD.format(last=most - 1))
        for row in await due_tenants.rows(asked, settings, now=now, limit=1)
    ]
    return max((now - connection.moment(since) for _, since in found), default=timedelta())


async def count(settings: DatabaseSettings, status: str, *, now: datetime) -> int:
    """How many there are of this status, up to ``MOST_COUNTED``."""
    asked = _COUNTED.format(status=status)
    return len(await due_tenants.rows(asked, settings, now=now, limit=MOST_COUNTED))


async def paused(settings: DatabaseSettings, *, now: datetime) -> list[UUID]:
    """The tenant of each endpoint that was left alone, up to ``MOST_COUNTED``."""
    return await due_tenants.found(_PAUSED, settings, now=now, limit=MOST_COUNTED)
