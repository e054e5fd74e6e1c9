"""Which tenants have people who leave, and whose time has come.

Looks across tenants: on PostgreSQL as the sweep role, to which the database shows those that are
due. Those of tenants that are not served wait.
"""

from datetime import datetime
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage.sweep import due_tenants

_DUE = (
    "SELECT tenant_id FROM account_deletions JOIN tenants ON tenants.id = tenant_id"
    " WHERE due_at <= {now} AND tenants.status = 'active'"
    " GROUP BY tenant_id ORDER BY MIN(due_at) LIMIT {limit}"
)


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants with somebody who is due, the longest waiting first."""
    return await due_tenants.found(_DUE, settings, now=now, limit=limit)
