"""Which tenants have files of a kind that nobody writes any more, whoever's they are.

Looks across tenants: on PostgreSQL as the sweep role, to which the database shows those that are
not whole. Those of tenants that are not served wait.
"""

from datetime import datetime
from uuid import UUID

from authgate.settings import DatabaseSettings
from authgate.storage.export_files import ExportFile
from authgate.storage.sweep import due_tenants

_DUE = (
    "SELECT tenant_id FROM {table} AS files JOIN tenants ON tenants.id = tenant_id"
    " WHERE files.state IN ('waiting', 'writing') AND touched_at <= {{now}}"
    " AND files.expires_at > {{now}} AND tenants.status = 'active'"
    " GROUP BY tenant_id ORDER BY MIN(touched_at) LIMIT {{limit}}"
)


async def tenants(
    kind: type[ExportFile], settings: DatabaseSettings, *, now: datetime, limit: int
) -> list[UUID]:
    """The tenants with a file that nobody has written since then, the longest waiting first. One
    that has ended meanwhile is nobody's to write, and is not to keep the others waiting."""
    table = kind._meta.db_table  # noqa: SLF001  # Tortoise offers no other way
    statement = _DUE.format(table=table)
    return await due_tenants.found(statement, settings, now=now, limit=limit)
