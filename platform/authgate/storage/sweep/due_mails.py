"""Which tenants have mail to be sent, whoever's it is.

Looks across tenants: on PostgreSQL as the sweep role, to which the database shows the mail that
waits, and which can change none of it. That of tenants that are not served waits on.
"""

from datetime import datetime
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage.sweep import due_tenants

_DUE = (
    "SELECT tenant_id FROM mails JOIN tenants ON tenants.id = tenant_id"
    " WHERE mails.status = 'pending' AND next_attempt_at <= {now}"
    " AND tenants.status = 'active'"
    " GROUP BY tenant_id ORDER BY MIN(next_attempt_at) LIMIT {limit}"
)
_WAITING = (
    "SELECT tenant_id FROM mails JOIN tenants ON tenants.id = tenant_id"
    " WHERE mails.status = 'pending' AND mails.created_at <= {now}"
    " AND tenants.status = 'active' LIMIT {limit}"
)
MOST = 1000


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants whose mail is due, the longest waiting first."""
    return await due_tenants.found(_DUE, settings, now=now, limit=limit)


async def waiting(settings: DatabaseSettings, *, since: datetime) -> int:
    """How many mails have waited since then, up to ``MOST``."""
    return len(await due_tenants.found(_WAITING, settings, now=since, limit=MOST))
