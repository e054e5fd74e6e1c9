"""Which tenants have hosts whose proofs are to be looked for again.

Looks across tenants, as ``due_logouts`` does: on PostgreSQL the sweep role is shown the claims that
are due, and can change none of them.
"""

from datetime import datetime
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage.sweep import due_tenants

_DUE = (
    "SELECT tenant_id FROM domain_claims JOIN tenants ON tenants.id = tenant_id"
    " WHERE due_at <= {now} AND tenants.status = 'active'"
    " GROUP BY tenant_id ORDER BY MIN(due_at) LIMIT {limit}"
)


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants with hosts that are due, the longest waiting first."""
    return await due_tenants.found(_DUE, settings, now=now, limit=limit)
