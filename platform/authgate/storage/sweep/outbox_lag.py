"""For how long what a change has left to be done is due: of each table of it, whoever's it is.

Looks across tenants: on PostgreSQL as the sweep role, to which the database shows when something is
due, and nothing of what it is about.
"""

from datetime import datetime, timedelta

from authgate.settings import DatabaseSettings
from authgate.storage import connection
from authgate.storage.sweep import due_tenants

_DUE = {
    "mails": "next_attempt_at <= {now} AND {table}.status = 'pending'",
    "logout_deliveries": "next_attempt_at <= {now} AND {table}.status = 'pending'",
    "kept_jobs": "due_at <= {now} AND state IN ('waiting', 'working')",
    "audit_exports": "touched_at <= {now} AND state IN ('waiting', 'writing')",
    "tenant_exports": "touched_at <= {now} AND state IN ('waiting', 'writing')",
    "account_deletions": "due_at <= {now}",
    "audit_erasures": "due_at <= {now}",
    "audit_logs": "verify_at <= {now}",
    "user_imports": "touched_at <= {now} AND state = 'working'",
}
"""When a row of each is due that nobody has dealt with."""

TABLES = tuple(_DUE)

# Not joined: PostgreSQL would read all tenants for a few rows.
_OLDEST = (
    "SELECT tenant_id, {since} FROM {table} WHERE {due} AND"
    " (SELECT t.status FROM tenants t WHERE t.id = {table}.tenant_id) = 'active'"
    " ORDER BY {since} LIMIT {{limit}}"
)


async def of_each(settings: DatabaseSettings, *, now: datetime) -> dict[str, timedelta]:
    """For how long the oldest row of each table has been due; not at all if none is."""
    found = {}
    for table, due in _DUE.items():
        since = due.partition(" ")[0]
        statement = _OLDEST.format(
            since=since, table=table, due=due.format(now="{now}", table=table)
        )
        rows = await due_tenants.rows(statement, settings, now=now, limit=1)
        found[table] = now - connection.moment(rows[0][1]) if rows else timedelta()
    return found
