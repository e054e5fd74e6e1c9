"""Rows found by key for many requests at once.

What concurrent requests of a tenant look up goes out as one statement inside that tenant's
transaction, so it passes row-level security like every other read.
"""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol
from uuid import UUID

from authgate.storage import append_log, asyncpg_client, database
from authgate.storage.batching import Batcher, Waiting
from authgate.storage.postgres_line import PostgresLine
from authgate.telemetry import metrics
from authgate_tenants import current_tenant

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Which columns of which table to read, by which unique key."""

    table: str
    key: str
    columns: tuple[str, ...]

    def postgres(self) -> str:
        """Takes a tenant and an array of keys."""
        names = ", ".join((self.key, *self.columns))
        return (
            f"SELECT {names} FROM {self.table}"  # noqa: S608
            f" WHERE tenant_id = $1 AND {self.key} = ANY($2)"
        )

    def sqlite(self, keys: int) -> str:
        """Takes a tenant and then each key."""
        names = ", ".join((self.key, *self.columns))
        marks = ", ".join("?" * keys)
        return (
            f"SELECT {names} FROM {self.table}"  # noqa: S608
            f" WHERE tenant_id = ? AND {self.key} IN ({marks})"
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """One request's question."""

    tenant_id: UUID
    lookup: Lookup
    key: Any


class Reader(Protocol):
    """Answers questions about one tenant and one lookup."""

    async def read(self, tenant_id: UUID, lookup: Lookup, keys: list[Any]) -> list[Record]: ...

    async def close(self) -> None: ...


class Lookups:
    """Finds rows by unique key, the concurrent ones together."""

    def __init__(self, reader: Reader, *, seconds: float) -> None:
        self._reader = reader
        self._batcher: Batcher[Asked, Record | None] = Batcher(self._answer, seconds=seconds)

    @property
    def waiting(self) -> int:
        """Questions that wait for the next statement."""
        return self._batcher.waiting

    async def find(self, lookup: Lookup, key: Any) -> Record | None:
        """The row of the current tenant with this key, as the driver returns it."""
        return await self._batcher.submit(Asked(current_tenant().id, lookup, key))

    async def close(self) -> None:
        """Answer what waits, and disconnect."""
        await self._batcher.close()
        await self._reader.close()

    async def _answer(self, batch: Sequence[Waiting[Asked, Record | None]]) -> None:
        groups: dict[tuple[UUID, Lookup], list[Waiting[Asked, Record | None]]] = {}
        for waiting in batch:
            asked = waiting.item
            groups.setdefault((asked.tenant_id, asked.lookup), []).append(waiting)
        for (tenant_id, lookup), group in groups.items():
            await self._answer_group(tenant_id, lookup, group)

    async def _answer_group(
        self, tenant_id: UUID, lookup: Lookup, group: Sequence[Waiting[Asked, Record | None]]
    ) -> None:
        try:
            keys, began = list({waiting.item.key for waiting in group}), perf_counter()
            records = await self._reader.read(tenant_id, lookup, keys)
            metrics.lookup_seconds.observe(perf_counter() - began)
        except Exception as error:
            if database.is_outage(error):
                raise  # the other tenants' questions would only wait for the same
            for waiting in group:
                waiting.fail(error)
            return
        found = {record[lookup.key]: record for record in records}
        for waiting in group:
            waiting.answer(found.get(waiting.item.key))


class PostgresReader:
    """Reads as the serving role."""

    def __init__(self, url: str, *, pgbouncer: bool, seconds: float) -> None:
        self._line = PostgresLine(url, pgbouncer=pgbouncer, seconds=seconds)

    async def read(self, tenant_id: UUID, lookup: Lookup, keys: list[Any]) -> list[Record]:
        """Read inside the tenant's transaction."""
        begin = asyncpg_client.begin_statement(tenant_id)
        async with self._line.transaction(begin) as connection:
            records = await connection.fetch(lookup.postgres(), tenant_id, keys)
        return [dict(record) for record in records]

    async def close(self) -> None:
        """Disconnect."""
        await self._line.close()


class SqliteReader:
    """One connection in a thread of its own; WAL readers never wait for the writer."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lookups")
        self._connection: sqlite3.Connection | None = None

    async def read(self, tenant_id: UUID, lookup: Lookup, keys: list[Any]) -> list[Record]:
        """Read the keys, given and returned as the caller has them."""
        stored = append_log.encoded(keys, "sqlite")
        rows = await asyncio.get_running_loop().run_in_executor(
            self._thread, self._read, lookup.sqlite(len(keys)), [str(tenant_id), *stored]
        )
        originals = dict(zip(stored, keys, strict=True))
        return [{**row, lookup.key: originals[row[lookup.key]]} for row in rows]

    async def close(self) -> None:
        """Disconnect."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()

    def _read(self, statement: str, values: list[Any]) -> list[dict[str, Any]]:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
        return [dict(row) for row in self._connection.execute(statement, values)]

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
