"""Which tenants have something in their logs that no rule of alerts has looked at, whoever's they
are.

Looks across tenants, as ``due_seals`` does: on PostgreSQL the sweep role is shown up to where each
log is sealed, and up to where it was looked at.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage.sweep import due_tenants

_DUE: Final = (
    "SELECT l.tenant_id FROM audit_logs l JOIN tenants t ON t.id = l.tenant_id"
    " WHERE t.status <> 'erasing' AND t.created_at <= {now} AND l.alerted_seq <"
    " (SELECT s.last_seq FROM audit_seals s WHERE s.tenant_id = l.tenant_id"
    " ORDER BY s.first_seq DESC LIMIT 1)"
    " ORDER BY l.alerted_at IS NOT NULL, l.alerted_at LIMIT {limit}"
)


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants in whose logs something has come, those first that were looked at longest ago."""
    return await due_tenants.found(_DUE, settings, now=now, limit=limit)
