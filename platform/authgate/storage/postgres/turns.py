"""Whose turn it is at something of the current tenant: until the open transaction ends.

For what no row stands for yet, and so cannot be locked. SQLite has one writer at a time as it is.
"""

from tortoise import connections

from authgate.storage import connection
from authgate_tenants import current_tenant

_TURN = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"


async def take(kind: str, name: object = "") -> None:
    """Wait for the turn: nobody else has the same one meanwhile."""
    if connection.dialect() == "postgres":
        turn = f"{kind} {current_tenant().id} {name}"
        await connections.get("default").execute_query(_TURN, [turn])
