"""Rows found by key for many requests at once.

What concurrent requests of a tenant look up goes out as one statement, a transaction inside of that
tenant's walls, so it passes row-level security like every other read. What belongs to the platform,
the tenants themselves, is looked up for all requests together.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from authgate.storage import database
from authgate.storage.batches import append_log
from authgate.storage.batches.batching import Batcher, Waiting
from authgate.storage.postgres.line import PostgresLine
from authgate.storage.sqlite.line import SqliteLine
from authgate.telemetry import metrics
from authgate_tenants import current_tenant

Record = Mapping[str, Any]

_INSIDE = (
    "WITH inside AS MATERIALIZED (SELECT set_config('app.tenant', $2, true)::uuid AS tenant_id)"
    " SELECT found.* FROM inside CROSS JOIN LATERAL"
)
"""Reads what follows inside of a tenant. If it were read before, row-level security would find no
tenant and show nothing."""

_PLAN_SECONDS = 10
"""A plan that was made while a table was empty is not kept for longer."""


@dataclass(frozen=True, slots=True)
class Join:
    """A row of the same tenant that is read together with what names it, if there is one."""

    table: str
    by: str
    """The column that has its id."""
    prefix: str
    """Of its columns' names in what is read."""
    columns: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What its columns are called."""
        return tuple(f"{self.prefix}{column}" for column in self.columns)

    def selected(self) -> str:
        """Its columns, after those of what names it."""
        pairs = zip(self.columns, self.names, strict=True)
        return "".join(f", {self.table}.{column} AS {name}" for column, name in pairs)

    def clause(self, of: str) -> str:
        """What joins it to the table that names it."""
        return (
            f" LEFT JOIN {self.table} ON {self.table}.id = {of}.{self.by}"
            f" AND {self.table}.tenant_id = {of}.tenant_id"
        )


@dataclass(frozen=True, slots=True)
class Lookup:
    """Which columns of which table to read, by which key."""

    table: str
    key: str
    columns: tuple[str, ...]
    of_tenants: bool = True
    """Whether the rows belong to tenants; else to the platform."""
    joins: tuple[Join, ...] = ()

    def postgres(self) -> str:
        """Takes an array of keys, and the tenant as text where rows have one.

        The statement goes inside of the tenant's walls by itself, until its end. It reads for the
        tenant that ``inside`` returns, and PostgreSQL leaves a subquery with an OFFSET as it is:
        nothing is read before.
        """
        found = f"{self._select()} = ANY($1){self._of_tenant('inside.tenant_id')}"
        return f"{_INSIDE} ({found} OFFSET 0) AS found" if self.of_tenants else found

    def sqlite(self, keys: int) -> str:
        """Takes each key, and then the tenant where rows have one."""
        marks = ", ".join("?" * keys)
        return f"{self._select()} IN ({marks}){self._of_tenant('?')}"

    def _select(self) -> str:
        names = ", ".join([self._own(name) for name in (self.key, *self.columns)])
        for join in self.joins:
            names += join.selected()
        joined = "".join([join.clause(self.table) for join in self.joins])
        return f"SELECT {names} FROM {self.table}{joined} WHERE {self._own(self.key)}"  # noqa: S608

    def _of_tenant(self, mark: str) -> str:
        return f" AND {self._own('tenant_id')} = {mark}" if self.of_tenants else ""

    def _own(self, column: str) -> str:
        return f"{self.table}.{column}" if self.joins else column


# Written down once: it takes a good part of the time that it takes to ask.
_on_postgres = lru_cache(Lookup.postgres)
_on_sqlite = lru_cache(Lookup.sqlite)


class Asked(NamedTuple):
    """One request's question; of no tenant where rows belong to the platform."""

    tenant_id: UUID | None
    lookup: Lookup
    key: Any


class Reader(Protocol):
    """Answers questions about one lookup, of one tenant or of none."""

    async def read(
        self, tenant_id: UUID | None, lookup: Lookup, keys: list[Any]
    ) -> list[Record]: ...

    async def close(self) -> None: ...


class Lookups:
    """Finds rows by key, for concurrent requests together."""

    def __init__(self, reader: Reader, *, seconds: float) -> None:
        self._reader = reader
        self._batcher: Batcher[Asked, Sequence[Record]] = Batcher(self._answer, seconds=seconds)

    @property
    def waiting(self) -> int:
        """Questions that wait for the next statement."""
        return self._batcher.waiting

    async def find(self, lookup: Lookup, key: Any) -> Record | None:
        """The row with this unique key, as the driver returns it."""
        found = await self.find_all(lookup, key)
        return found[0] if found else None

    async def find_all(self, lookup: Lookup, key: Any) -> Sequence[Record]:
        """Every row with this key, of the current tenant where rows have one."""
        tenant_id = current_tenant().id if lookup.of_tenants else None
        return await self._batcher.submit(Asked(tenant_id, lookup, key))

    async def close(self) -> None:
        """Answer what waits, and disconnect."""
        await self._batcher.close()
        await self._reader.close()

    async def _answer(self, batch: Sequence[Waiting[Asked, Sequence[Record]]]) -> None:
        groups: dict[tuple[UUID | None, Lookup], list[Waiting[Asked, Sequence[Record]]]] = {}
        for waiting in batch:
            asked = waiting.item
            groups.setdefault((asked.tenant_id, asked.lookup), []).append(waiting)
        for (tenant_id, lookup), group in groups.items():
            await self._answer_group(tenant_id, lookup, group)

    async def _answer_group(
        self,
        tenant_id: UUID | None,
        lookup: Lookup,
        group: Sequence[Waiting[Asked, Sequence[Record]]],
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
        found: dict[Any, list[Record]] = {}
        for record in records:
            found.setdefault(record[lookup.key], []).append(record)
        for waiting in group:
            waiting.answer(found.get(waiting.item.key, ()))


def _given(tenant_id: UUID | None) -> tuple[str, ...]:
    return (str(tenant_id),) if tenant_id is not None else ()


class PostgresReader:
    """Reads as the serving role."""

    def __init__(self, url: str, *, pgbouncer: bool, seconds: float) -> None:
        # To plan such a statement takes PostgreSQL several times as long as to do it.
        self._line = PostgresLine(
            url,
            pgbouncer=pgbouncer,
            seconds=seconds,
            plans="force_generic_plan",
            plan_seconds=_PLAN_SECONDS,
        )

    async def read(self, tenant_id: UUID | None, lookup: Lookup, keys: list[Any]) -> list[Record]:
        """Read inside the tenant's walls."""
        async with self._line.one_statement() as connection:
            records = await connection.fetch(_on_postgres(lookup), keys, *_given(tenant_id))
        return [dict(record) for record in records]

    async def close(self) -> None:
        """Disconnect."""
        await self._line.close()


class SqliteReader:
    """Reads on a line of its own; WAL readers never wait for the writer."""

    def __init__(self, path: str) -> None:
        self._line = SqliteLine(path, purpose="lookups")

    async def read(self, tenant_id: UUID | None, lookup: Lookup, keys: list[Any]) -> list[Record]:
        """Read the keys, given and returned as the caller has them."""
        stored = append_log.encoded(keys, "sqlite")
        statement, values = _on_sqlite(lookup, len(keys)), [*stored, *_given(tenant_id)]
        rows = await self._line.run(lambda connection: _read(connection, statement, values))
        originals = dict(zip(stored, keys, strict=True))
        return [{**row, lookup.key: originals[row[lookup.key]]} for row in rows]

    async def close(self) -> None:
        """Disconnect."""
        await self._line.close()


def _read(connection: sqlite3.Connection, statement: str, values: list[Any]) -> list[Record]:
    cursor = connection.execute(statement, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
