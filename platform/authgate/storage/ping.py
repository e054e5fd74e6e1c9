"""Whether the database answers."""

from tortoise import connections


async def ping() -> None:
    """Ask the open database for nothing. Raises whatever keeps it from answering."""
    await connections.get("default").execute_query("SELECT 1")
