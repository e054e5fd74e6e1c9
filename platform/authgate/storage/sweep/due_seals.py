"""Which tenants have events that wait for their seal, whoever's they are.

Looks across tenants, as ``due_logouts`` does: on PostgreSQL the sweep role is shown the ids of what
waits. It goes from one tenant to the next through the index of what waits, and reads one entry of
each: however much waits, and however long the logs are.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage.sweep import due_tenants

_DUE = (
    "WITH RECURSIVE waiting (tenant_id) AS ("
    "SELECT (SELECT tenant_id FROM audit_events WHERE seq IS NULL ORDER BY tenant_id LIMIT 1)"
    " UNION ALL SELECT (SELECT e.tenant_id FROM audit_events e"
    " WHERE e.seq IS NULL AND e.tenant_id > waiting.tenant_id ORDER BY e.tenant_id LIMIT 1)"
    " FROM waiting WHERE waiting.tenant_id IS NOT NULL)"
    " SELECT w.tenant_id, (SELECT e.id FROM audit_events e WHERE e.seq IS NULL"
    " AND e.tenant_id = w.tenant_id ORDER BY e.id LIMIT 1) AS oldest"
    " FROM waiting w WHERE (SELECT t.status FROM tenants t"
    " WHERE t.id = w.tenant_id AND t.created_at <= {now}) <> 'erasing'"
    " ORDER BY oldest LIMIT {limit}"
)
_TIMED = 7
"""The version of ids that begin with the moment at which they were made (RFC 9562 5.7)."""


class Unsealed(NamedTuple):
    """A tenant whose events wait."""

    tenant_id: UUID
    since: datetime | None
    """When the oldest of them happened; nothing where its id does not say."""


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> Sequence[Unsealed]:
    """The tenants whose events wait, the longest waiting first."""
    found = await due_tenants.rows(_DUE, settings, now=now, limit=limit)
    return [Unsealed(tenant_id, _made_at(UUID(str(oldest)))) for tenant_id, oldest in found]


def _made_at(event_id: UUID) -> datetime | None:
    if event_id.version != _TIMED:
        return None
    return datetime.fromtimestamp((event_id.int >> 80) / 1000, UTC)
