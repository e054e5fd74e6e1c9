"""Tortoise on SQLite: durable commits, and a writer's lock taken at BEGIN.

A deferred transaction that read first and writes later can be refused outright when another
process wrote in between; taking the lock at BEGIN makes it wait instead.

Stock Tortoise 1.1 keeps the turn for ever when BEGIN fails or its request is cancelled. Here the
turn passes on once the driver's thread is out of the transaction, whoever still waits for that.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from tortoise.backends.base.client import (
    BaseDBAsyncClient,
    ConnectionWrapper,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
)
from tortoise.connection import get_connections

PRAGMAS: dict[str, Any] = {
    "journal_mode": "WAL",
    "synchronous": "FULL",  # an answered request survives a power cut
    "foreign_keys": "ON",
    "secure_delete": "ON",  # what was deleted is overwritten: a destroyed key is in no free page
    "busy_timeout": 5000,
    "cache_size": -16384,  # KiB
}


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that has the writer's lock from its beginning."""

    async def begin(self) -> None:
        await self._connection.execute("BEGIN IMMEDIATE")

    async def commit(self) -> None:
        # The driver's own commit() takes a transaction that SQLite gave up for a success.
        try:
            await self._connection.execute("COMMIT")
        except BaseException:
            await self._connection.rollback()
            raise
        self._finalized = True


class _TransactionContext(SqliteTransactionContext):
    connection: ImmediateTransaction

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            await _unhurried(self._pass_on(self._abandon))
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        try:
            await _unhurried(self.end(exc_val))
        finally:
            self.leave()

    async def end(self, error: BaseException | None) -> None:
        """Commit, or roll back because of an error, in whichever task."""
        await self._pass_on(self._abandon if error else self.connection.commit)

    def leave(self) -> None:
        """Statements of the task that began are no longer this transaction's."""
        get_connections().reset(self.token)

    async def _pass_on(self, how: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await how()
        finally:
            self._trxlock.release()

    async def _abandon(self) -> None:
        # Behind a BEGIN that may still be under way: the driver's thread takes turns in order.
        connected = self.connection._parent._connection
        if connected is not None:
            await connected.rollback()


async def _unhurried(work: Coroutine[Any, Any, None]) -> None:
    # Whoever is cancelled meanwhile leaves; the transaction still ends before the next begins.
    await asyncio.shield(asyncio.create_task(work))


class _Turn(ConnectionWrapper):  # type: ignore[type-arg]  # Tortoise names no type to give it
    async def __aenter__(self) -> Any:
        await self._lock.acquire()
        try:
            await self.ensure_connection()
        except BaseException:
            self._lock.release()
            raise
        return self.connection


class DurableSqliteClient(SqliteClient):
    """One connection; a transaction holds it alone until it ends."""

    transaction_class: type[ImmediateTransaction] = ImmediateTransaction

    def acquire_connection(self) -> ConnectionWrapper:  # type: ignore[type-arg]  # as above
        return _Turn(self._lock, self)

    async def create_connection(self, with_db: bool) -> None:
        """Connect, with all of the pragmas or not at all."""
        try:
            await super().create_connection(with_db)
        except BaseException:
            await self.close()
            raise

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Add all or none, in a transaction."""
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, values)

    def _in_transaction(self) -> TransactionContext:
        return _TransactionContext(self.transaction_class(self), self._lock)


def make_private(path: str) -> None:
    """Make the file, and its folder, where they are missing: for this user's eyes only.

    What SQLite puts beside the file gets the same permissions from it.
    """
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def turn_of(client: BaseDBAsyncClient) -> asyncio.Lock:
    """The lock by which everybody who writes takes turns."""
    if not isinstance(client, DurableSqliteClient):
        raise TypeError(f"{type(client).__name__} is not our SQLite client.")
    return client._lock


client_class = DurableSqliteClient
