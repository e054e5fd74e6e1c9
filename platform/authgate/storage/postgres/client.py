"""Tortoise on PostgreSQL with the tenant in every transaction.

Row-level security asks for ``app.tenant``, which is sent with BEGIN in one message and ends with
the transaction, so a pooled connection carries no tenant to its next user. A statement outside of
a transaction gets one of its own.

Stock Tortoise 1.1 loses the pool's slot and leaves the task with a dead transaction when BEGIN or
the release fails; the contexts here give the connection back whatever happens.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from types import TracebackType
from typing import Any, TypeAlias, cast
from uuid import UUID, uuid4

import asyncpg
from tortoise.backends.asyncpg.client import TransactionWrapper
from tortoise.backends.base.client import (
    NestedTransactionContext,
    TransactionalDBClient,
    TransactionContextPooled,
)
from tortoise.connection import get_connections

from authgate.storage.database import StorageUnavailable
from authgate.storage.postgres.url_client import UrlClient
from authgate.telemetry import metrics
from authgate_tenants.scope import CrossTenant, tenant_in_scope

ACQUIRE_SECONDS = 1.0
"""How long a request waits for a connection before it is told to come back (503)."""

_END_SECONDS = 1.0
"""How long a ROLLBACK or the return to the pool may take before the line is taken for dead."""

_OPEN_SECONDS = 3.0

_TAKEN_BACK = "released back to the pool"
"""What asyncpg says of a connection that its user no longer has."""


class NotCommitted(RuntimeError):
    """PostgreSQL rolled back what it was told to commit: an error before was overlooked."""


async def commit(connection: "asyncpg.Connection | Connection") -> None:
    """Commit. Raises ``NotCommitted`` where an aborted transaction was rolled back instead."""
    if await connection.execute("COMMIT") != "COMMIT":
        raise NotCommitted("A statement of this transaction had failed.")


def _scoped_id() -> UUID | None:
    tenant = tenant_in_scope()
    return tenant.id if tenant else None


def begin_statement(tenant_id: UUID | None) -> str:
    """One message that begins a transaction inside a tenant, or inside none."""
    return "BEGIN" if tenant_id is None else f"BEGIN; {inside(tenant_id)}"


def inside(tenant_id: UUID | None) -> str:
    """What puts the rest of a transaction inside a tenant, or inside none."""
    # A UUID object prints as hexadecimal digits and dashes only: there is nothing to escape.
    return f"SELECT set_config('app.tenant', '{tenant_id or ''}', true)"


Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Rows: TypeAlias = "tuple[int, list[dict[str, Any]]]"


class TenantTransaction(TransactionWrapper):
    """Statements of one transaction; refuses them when the scope has changed under it, unless it
    ``follows`` the scope: then each statement is inside of the tenant that it is for."""

    _parent: "TenantClient | TenantTransaction"
    tenant_id: UUID | None = None
    follows: bool = False
    _savepoint_name: str = ""

    def _in_transaction(self) -> "_Nested":
        return _Nested(type(self)(self))

    async def begin(self) -> None:
        raise AssertionError("The context sends BEGIN together with the tenant.")

    async def commit(self) -> None:
        with self._connected():
            async with self.acquire_connection() as connection:
                await commit(connection)
        self._finalized = True

    async def rollback(self) -> None:
        await self._finish("ROLLBACK")

    async def savepoint(self) -> None:
        self._savepoint_name = f"sp_{uuid4().hex}"
        await self._send(f"SAVEPOINT {self._savepoint_name}")

    async def savepoint_rollback(self) -> None:
        await self._finish(f"ROLLBACK TO SAVEPOINT {self._savepoint_name}")
        if isinstance(self._parent, TenantTransaction):
            # All statements are the outer one's, which is inside of what it was before again.
            self._parent.tenant_id, self._parent.follows = self.tenant_id, self.follows

    async def release_savepoint(self) -> None:
        await self._finish(f"RELEASE SAVEPOINT {self._savepoint_name}")

    async def _finish(self, statement: str) -> None:
        await self._send(statement)
        self._finalized = True

    async def _send(self, statement: str) -> None:
        with self._connected():
            async with self.acquire_connection() as connection:
                await connection.execute(statement)

    async def move(self, tenant_id: UUID | None) -> None:
        """Be inside of this tenant from now on. Raises ``CrossTenant`` where it follows none."""
        if not self.follows:
            raise CrossTenant("A transaction was used from another tenant's scope.")
        await self._send(inside(tenant_id))
        self.tenant_id = tenant_id

    @contextmanager
    def _connected(self) -> Iterator[None]:
        try:
            yield
        except asyncpg.InterfaceError as error:
            # The pool takes back what it has lent only if the connection is lost.
            if _TAKEN_BACK in str(error) and not self._finalized:
                raise StorageUnavailable("The transaction's connection was lost.") from error
            raise

    async def execute_query(self, query: str, values: list[Any] | None = None) -> Rows:
        if (scoped := _scoped_id()) != self.tenant_id:
            await self.move(scoped)
        with self._connected():
            rows: Rows = await super().execute_query(query, values)
        return rows

    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        if (scoped := _scoped_id()) != self.tenant_id:
            await self.move(scoped)
        with self._connected():
            rows: list[dict[str, Any]] = await super().execute_query_dict(query, values)
        return rows

    async def execute_insert(self, query: str, values: list[Any]) -> asyncpg.Record | None:
        if (scoped := _scoped_id()) != self.tenant_id:
            await self.move(scoped)
        with self._connected():
            row: asyncpg.Record | None = await super().execute_insert(query, values)
        return row

    async def execute_many(self, query: str, values: list[Any]) -> None:
        if (scoped := _scoped_id()) != self.tenant_id:
            await self.move(scoped)
        with self._connected():
            await super().execute_many(query, values)


class _Nested(NestedTransactionContext):
    client: TenantTransaction

    async def __aenter__(self) -> TransactionalDBClient:
        outer = self.client._parent
        assert isinstance(outer, TenantTransaction)  # noqa: S101  # what makes it nested
        if (scoped := _scoped_id()) != outer.tenant_id:
            await outer.move(scoped)
        self.client.tenant_id, self.client.follows = outer.tenant_id, outer.follows
        return await super().__aenter__()


class _TransactionContext(TransactionContextPooled):
    client: TenantTransaction

    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        pool = self._pool()
        connection = await _acquired(pool)
        tenant_id = _scoped_id()
        try:
            await connection.execute(begin_statement(tenant_id))
        except BaseException:
            await _give_back(pool, connection, broken=True)
            raise
        self.client._connection = connection  # type: ignore[assignment]  # the pool's proxy of one
        self.client.tenant_id = tenant_id
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        try:
            await self.end(exc_val)
        finally:
            self.leave()

    async def end(self, error: BaseException | None) -> None:
        """Commit, or roll back because of an error, in whichever task."""
        connection, ended = cast(Connection, self.client._connection), False
        try:
            if self.client._finalized:
                ended = True
            elif error is None:
                await self.client.commit()
                ended = True
            else:
                ended = await _rolled_back(connection, error)
            self.client._finalized = True
        finally:
            await _give_back(self._pool(), connection, broken=not ended)

    def leave(self) -> None:
        """Statements of the task that began are no longer this transaction's."""
        get_connections().reset(self.token)

    async def ensure_connection(self) -> None:
        # Those who wait for the first connection would otherwise each try after the other.
        async with asyncio.timeout(_OPEN_SECONDS):
            await super().ensure_connection()

    def _pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        pool = self.client._parent._pool
        if pool is None:
            raise asyncpg.InterfaceError("The pool is closed.")
        return pool


async def _acquired(pool: "asyncpg.Pool[asyncpg.Record]") -> Connection:
    began = perf_counter()
    try:
        connection: Connection = await pool.acquire(timeout=ACQUIRE_SECONDS)
    except TimeoutError:
        metrics.db_pool_timeouts.add()
        raise
    metrics.db_pool_wait_seconds.observe(perf_counter() - began)
    return connection


async def _rolled_back(connection: Connection, error: BaseException) -> bool:
    if isinstance(error, TimeoutError):
        return False  # a line that did not answer is not asked again
    try:
        async with asyncio.timeout(_END_SECONDS):
            await connection.execute("ROLLBACK")
    except Exception:  # noqa: BLE001  # the caller has an error already, which says more
        return False
    return True


async def _give_back(
    pool: "asyncpg.Pool[asyncpg.Record]", connection: Connection, *, broken: bool
) -> None:
    try:
        if broken and not connection.is_closed():
            connection.terminate()
        await pool.release(connection, timeout=_END_SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return  # the connection is dead, and the pool has dropped it already


class TenantClient(UrlClient):
    """The pool; every statement runs in a transaction that knows its tenant."""

    transaction_class: type[TenantTransaction] = TenantTransaction

    def pool_use(self) -> tuple[int, int, int]:
        """Connections that there may be, that are in use, and that are idle."""
        pool = self._pool
        if pool is None:
            return self.pool_maxsize, 0, 0
        idle = pool.get_idle_size()
        return pool.get_max_size(), pool.get_size() - idle, idle

    def _in_transaction(self) -> _TransactionContext:
        return _TransactionContext(self.transaction_class(self), self._pool_init_lock)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> Rows:
        async with self._in_transaction() as transaction:
            count, rows = await transaction.execute_query(query, values)
            return count, list(rows)

    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        async with self._in_transaction() as transaction:
            return await transaction.execute_query_dict(query, values)

    async def execute_insert(self, query: str, values: list[Any]) -> asyncpg.Record | None:
        async with self._in_transaction() as transaction:
            row: asyncpg.Record | None = await transaction.execute_insert(query, values)
            return row

    async def execute_many(self, query: str, values: Sequence[list[Any]]) -> None:
        async with self._in_transaction() as transaction:
            await transaction.execute_many(query, list(values))


def follow_scope() -> None:
    """Let the open transaction follow the scope from now on. SQLite has no wall to move."""
    opened = get_connections().get("default")
    if isinstance(opened, TenantTransaction):
        opened.follows = True


client_class = TenantClient
