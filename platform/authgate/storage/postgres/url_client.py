"""Tortoise on PostgreSQL with all that a URL says.

Stock Tortoise 1.1 leaves out the URL's query, and with it ``sslmode``: whoever asked for a
verified line would get any.
"""

from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient


class UrlClient(AsyncpgDBClient):
    """A pool whose credentials hold the URL as ``dsn``."""

    async def create_pool(self, **credentials: Any) -> "asyncpg.Pool[asyncpg.Record]":
        """Connect as the URL says, where the credentials say nothing else."""
        return await asyncpg.create_pool(**credentials)


client_class = UrlClient
