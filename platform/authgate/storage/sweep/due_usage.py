"""Which tenants have whole days that are not added up, many entries, or a month without statement,
whoever's they are.

Looks across tenants, as ``due_logouts`` does: on PostgreSQL the sweep role is shown the marks that
lie behind and which months are stated, and can change neither.
"""

from datetime import date, datetime
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage.sweep import due_tenants

_DUE = "SELECT tenant_id FROM usage_marks WHERE until < {now} ORDER BY until LIMIT {limit}"
_BUSY = (
    # Of the newest ones, however many lie there: whoever makes many is among them.
    "SELECT tenant_id FROM (SELECT tenant_id FROM usage_entries WHERE day <= {now}"
    " ORDER BY id DESC LIMIT {limit}) AS newest"
    " GROUP BY tenant_id HAVING COUNT(*) >= 500"
)

_UNSTATED = (
    "SELECT id FROM tenants WHERE status IN ('active', 'suspended') AND created_at < {now}"
    " AND NOT EXISTS (SELECT 1 FROM usage_statements"
    " WHERE tenant_id = tenants.id AND month = {month}) LIMIT {limit}"
)


async def tenants(settings: DatabaseSettings, *, before: datetime, limit: int) -> list[UUID]:
    """The tenants whose mark is older than this, the furthest behind first."""
    return await due_tenants.found(_DUE, settings, now=before, limit=limit)


async def busy(settings: DatabaseSettings, *, now: datetime, entries: int = 50_000) -> list[UUID]:
    """The tenants that have made many of the newest entries."""
    return await due_tenants.found(_BUSY, settings, now=now, limit=entries)


async def unstated(
    settings: DatabaseSettings, *, month: date, end: datetime, limit: int
) -> list[UUID]:
    """The tenants that were there before the end of a month and have no statement of it. A mark
    tells nothing of that: whoever looks at what is used moves it."""
    return await due_tenants.found(_UNSTATED, settings, now=end, limit=limit, month=month)
