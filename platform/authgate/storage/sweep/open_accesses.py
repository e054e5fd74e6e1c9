"""Which tenants have operators who are there or want to come in, whoever's they are.

Looks across tenants: on PostgreSQL as the sweep role, to which the database shows that they are
there, and neither who they are nor why.
"""

from datetime import datetime
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage.sweep import due_tenants

_OPEN = (
    "SELECT tenant_id FROM operator_accesses"
    " WHERE state IN ('asked', 'granted') AND asked_at <= {now}"
    " GROUP BY tenant_id LIMIT {limit}"
)


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants where somebody is or waits, however many others there are."""
    return await due_tenants.found(_OPEN, settings, now=now, limit=limit)
