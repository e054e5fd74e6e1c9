"""Which tenants have files that nobody writes any more, whoever's they are.

Looks across tenants: on PostgreSQL as the sweep role, to which the database shows those that are
not whole. Those of tenants that are not served wait.
"""

from datetime import datetime
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage.sweep import due_tenants

_DUE = (
    "SELECT tenant_id FROM tenant_exports JOIN tenants ON tenants.id = tenant_id"
    " WHERE tenant_exports.state IN ('waiting', 'writing') AND touched_at <= {now}"
    " AND tenant_exports.expires_at > {now} AND tenants.status = 'active'"
    " GROUP BY tenant_id ORDER BY MIN(touched_at) LIMIT {limit}"
)


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants with a file that nobody has written since then, the longest waiting first. One
    that has ended meanwhile is nobody's to write, and is not to keep the others waiting."""
    return await due_tenants.found(_DUE, settings, now=now, limit=limit)
