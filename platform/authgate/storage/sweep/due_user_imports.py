"""Which tenants have files of people that nobody goes on with any more.

Looks across tenants: on PostgreSQL as the sweep role, to which the database shows those that are
gone through. Those of tenants that are not served wait.
"""

from datetime import datetime
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage.sweep import due_tenants

_DUE = (
    "SELECT tenant_id FROM user_imports JOIN tenants ON tenants.id = tenant_id"
    " WHERE user_imports.state = 'working' AND touched_at <= {now}"
    " AND user_imports.expires_at > {now} AND tenants.status = 'active'"
    " GROUP BY tenant_id ORDER BY MIN(touched_at) LIMIT {limit}"
)


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants with a file that nobody has gone on with since then, the longest waiting
    first."""
    return await due_tenants.found(_DUE, settings, now=now, limit=limit)
