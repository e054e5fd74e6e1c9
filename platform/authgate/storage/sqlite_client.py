"""Tortoise on SQLite: durable commits, and a writer's lock taken at BEGIN.

A deferred transaction that read first and writes later can be refused outright when another
process wrote in between; taking the lock at BEGIN makes it wait instead.
"""

import asyncio
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionContext
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
)

PRAGMAS: dict[str, Any] = {
    "journal_mode": "WAL",
    "synchronous": "FULL",  # an answered request survives a power cut
    "foreign_keys": "ON",
    "busy_timeout": 5000,
    "cache_size": -16384,  # KiB
}


class _ImmediateTransaction(SqliteTransactionWrapper):
    async def begin(self) -> None:
        await self._connection.execute("BEGIN IMMEDIATE")


class DurableSqliteClient(SqliteClient):
    """One connection; a transaction holds it alone until it ends."""

    def _in_transaction(self) -> TransactionContext:
        return SqliteTransactionContext(_ImmediateTransaction(self), self._lock)


def turn_of(client: BaseDBAsyncClient) -> asyncio.Lock:
    """The lock by which everybody who writes takes turns."""
    if not isinstance(client, DurableSqliteClient):
        raise TypeError(f"{type(client).__name__} is not our SQLite client.")
    return client._lock


client_class = DurableSqliteClient
