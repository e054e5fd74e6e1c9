"""Which tenants have clients to be told of a logout, whoever's they are.

Looks across tenants: on PostgreSQL as the sweep role, to which the database shows the deliveries
that wait, and which can change none of them. Those of tenants that are not served wait on.
"""

from datetime import datetime
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage.sweep import due_tenants

_DUE = (
    "SELECT tenant_id FROM logout_deliveries JOIN tenants ON tenants.id = tenant_id"
    " WHERE logout_deliveries.status = 'pending' AND next_attempt_at <= {now}"
    " AND tenants.status = 'active'"
    " GROUP BY tenant_id ORDER BY MIN(next_attempt_at) LIMIT {limit}"
)


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants whose deliveries are due, the longest waiting first."""
    return await due_tenants.found(_DUE, settings, now=now, limit=limit)
