"""Which tenants have keys that have signed for long enough, whoever's they are.

Looks across tenants, as ``due_logouts`` does: on PostgreSQL the sweep role is shown when such keys
were due, nothing of the keys themselves, and can change none of them.
"""

from datetime import datetime, timedelta
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage import connection
from authgate.storage.sweep import due_tenants

_DUE = (
    "SELECT tenant_id, MIN(rotates_at) FROM signing_keys JOIN tenants ON tenants.id = tenant_id"
    " WHERE state = 'active' AND rotates_at <= {now} AND tenants.status = 'active'"
    " GROUP BY tenant_id ORDER BY MIN(rotates_at) LIMIT {limit}"
)


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants whose keys are due, the longest overdue first."""
    return await due_tenants.found(_DUE, settings, now=now, limit=limit)


async def delay(settings: DatabaseSettings, *, now: datetime) -> timedelta:
    """For how long the key that is to be followed next has been due; none if no key is."""
    found = await due_tenants.rows(_DUE, settings, now=now, limit=1)
    return now - connection.moment(found[0][1]) if found else timedelta()
