"""Which tenants have kept jobs to be done, or given up, whoever's they are.

Looks across tenants: on PostgreSQL as the sweep role, to which the database shows what they are
called and how they are, and nothing of what they are about.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage import connection
from authgate.storage.sweep import due_tenants

_DUE = (
    "SELECT tenant_id FROM kept_jobs JOIN tenants ON tenants.id = tenant_id"
    " WHERE kept_jobs.state IN ('waiting', 'working') AND due_at <= {now}"
    " AND tenants.status IN ('active', 'suspended')"
    " GROUP BY tenant_id ORDER BY MIN(due_at) LIMIT {limit}"
)
_FAILED = (
    "SELECT tenant_id, kept_jobs.id, name, error, attempts, created_at, touched_at FROM kept_jobs"
    " WHERE state = 'failed' AND touched_at <= {now} ORDER BY touched_at DESC LIMIT {limit}"
)
_OLDEST = (
    "SELECT tenant_id, MIN(created_at), COUNT(*) FROM kept_jobs"
    " JOIN tenants ON tenants.id = tenant_id WHERE kept_jobs.state IN ('waiting', 'working')"
    " AND created_at <= {now} AND tenants.status IN ('active', 'suspended')"
    " GROUP BY tenant_id ORDER BY MIN(created_at) LIMIT {limit}"
)
MOST = 1000


class Failed(NamedTuple):
    """A job that was given up."""

    tenant_id: UUID
    id: UUID
    name: str
    error: str
    attempts: int
    created_at: datetime
    touched_at: datetime


async def tenants(settings: DatabaseSettings, *, now: datetime, limit: int) -> list[UUID]:
    """The tenants with some that are due, the longest waiting first."""
    return await due_tenants.found(_DUE, settings, now=now, limit=limit)


async def failed(
    settings: DatabaseSettings, *, now: datetime, limit: int = MOST
) -> Sequence[Failed]:
    """Those that were given up, the latest first."""
    return [
        Failed(
            tenant_id,
            connection.uuid(kept_id),
            name,
            error,
            attempts,
            connection.moment(created_at),
            connection.moment(touched_at),
        )
        for tenant_id, kept_id, name, error, attempts, created_at, touched_at in (
            await due_tenants.rows(_FAILED, settings, now=now, limit=limit)
        )
    ]


async def oldest(settings: DatabaseSettings, *, now: datetime) -> datetime | None:
    """When the one was stored that has waited longest, if any waits."""
    found = await due_tenants.rows(_OLDEST, settings, now=now, limit=1)
    return connection.moment(found[0][1]) if found else None
