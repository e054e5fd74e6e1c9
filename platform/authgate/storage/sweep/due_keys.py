"""Which tenants have keys that have signed for long enough, whoever's they are.

Looks across tenants, as ``due_logouts`` does: on PostgreSQL the sweep role is shown since when keys
sign and when they are due, nothing of the keys themselves, and can change none of them.
"""

from datetime import datetime, timedelta
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage import connection
from authgate.storage.sweep import due_tenants

_DUE = (
    "SELECT tenant_id, rotates_at FROM signing_keys JOIN tenants ON tenants.id = tenant_id"
    " WHERE state = 'active' AND rotates_at <= {now} AND tenants.status = 'active'"
    " ORDER BY rotates_at LIMIT {limit}"
)

_OLDEST = (
    "SELECT tenant_id, activated_at FROM signing_keys JOIN tenants ON tenants.id = tenant_id"
    " WHERE state = 'active' AND activated_at <= {now} AND tenants.status = 'active'"
    " ORDER BY activated_at LIMIT {limit}"
)


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants of so many keys that are due, the longest overdue first."""
    found = await due_tenants.found(_DUE, settings, now=now, limit=limit)
    return list(dict.fromkeys(found))  # some have several, one of each algorithm


async def delay(settings: DatabaseSettings, *, now: datetime) -> timedelta:
    """For how long the key that is to be followed next has been due; none if no key is."""
    return await _since(_DUE, settings, now)


async def age(settings: DatabaseSettings, *, now: datetime) -> timedelta:
    """For how long the key has signed that has signed longest, due or not; none if none signs."""
    return await _since(_OLDEST, settings, now)


async def _since(statement: str, settings: DatabaseSettings, now: datetime) -> timedelta:
    found = await due_tenants.rows(statement, settings, now=now, limit=1)
    return now - connection.moment(found[0][1]) if found else timedelta()
