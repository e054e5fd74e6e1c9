"""Whose turn it is to decide about plans: until the open transaction ends.

No tenant can lock a plan's row, which belongs to the installation. SQLite has one writer at a time
as it is.
"""

from tortoise import connections

from authgate.storage import connection

_PLANS = 0x706C616E73
"""The advisory lock of all plans."""


async def change() -> None:
    """Nobody else changes a plan or gives one to a tenant meanwhile."""
    await _take("SELECT pg_advisory_xact_lock($1)")


async def keep() -> None:
    """No plan is changed meanwhile; others may give them to their tenants."""
    await _take("SELECT pg_advisory_xact_lock_shared($1)")


async def _take(statement: str) -> None:
    if connection.dialect() == "postgres":
        await connections.get("default").execute_query(statement, [_PLANS])
