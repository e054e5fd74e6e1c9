"""Statements as spans: a request's own, and those that it shares with others.

A statement is named by its verb and its table. Its text and its values are nobody's to see. Built
only where traces are wanted.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient

from authgate.storage.batches.append_log import Row
from authgate.storage.batches.lookups import Lookup, Record
from authgate.storage.batches.redemptions import Spend
from authgate.storage.connection import Appends, Finds, Redeems
from authgate.storage.unit_of_work import in_transaction
from authgate.telemetry.tracing import Attribute, Tracer

_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+\"?([a-z_]+)\"?", re.IGNORECASE)
_SYSTEMS = {"sqlite": "sqlite", "postgres": "postgresql"}
_ENGINES = {
    "authgate.storage.postgres.client": "authgate.storage.postgres.traced_client",
    "authgate.storage.sqlite.client": "authgate.storage.sqlite.traced_client",
}


def traced_config(config: Mapping[str, Any], tracer: Tracer) -> dict[str, Any]:
    """What Tortoise is started with, for clients that make spans."""
    connection = config["connections"]["default"]
    traced = {
        "engine": _ENGINES[connection["engine"]],
        "credentials": connection["credentials"] | {"tracer": tracer},
    }
    return {**config, "connections": {"default": traced}}


class StatementSpans(BaseDBAsyncClient):
    """What makes a span of each statement of a client or of a transaction."""

    system: str
    tracer: Tracer

    async def execute_query(self, query: str, values: list[Any] | None = None) -> Any:
        with self._span(query):
            return await super().execute_query(query, values)

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> Any:
        with self._span(query):
            return await super().execute_query_dict(query, values)

    async def execute_insert(self, query: str, values: list[Any]) -> Any:
        with self._span(query):
            return await super().execute_insert(query, values)

    async def execute_many(self, query: str, values: list[Any]) -> None:
        with self._span(query):
            await super().execute_many(query, values)

    def _span(self, statement: str) -> AbstractContextManager[None]:
        return _span(self.tracer, self.system, *_named(statement))


class TransactionSpans(StatementSpans, TransactionalDBClient):
    """The same for a transaction, whose COMMIT may be what takes longest."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.tracer = parent.tracer

    async def commit(self) -> None:
        with self._span("COMMIT"):
            await super().commit()  # type: ignore[safe-super]  # the engine has its own


class TracedAppends:
    """Appends whose wait for the shared transaction is a span."""

    def __init__(self, log: Appends, dialect: str, tracer: Tracer) -> None:
        self._log = log
        self._system = _SYSTEMS[dialect]
        self._tracer = tracer

    @property
    def waiting(self) -> int:
        """Requests whose rows wait."""
        return self._log.waiting

    async def append(self, *rows: Row) -> None:
        """Store the rows together."""
        if in_transaction():  # where each statement has a span of its own
            await self._log.append(*rows)
            return
        tables = ", ".join(dict.fromkeys(row.table.name for row in rows))
        with _span(self._tracer, self._system, "INSERT", tables):
            await self._log.append(*rows)

    async def close(self) -> None:
        """Commit what waits, and disconnect."""
        await self._log.close()


class TracedRedemptions:
    """Redemptions whose wait for the shared transaction is a span."""

    def __init__(self, redemptions: Redeems, dialect: str, tracer: Tracer) -> None:
        self._redemptions = redemptions
        self._system = _SYSTEMS[dialect]
        self._tracer = tracer

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return self._redemptions.waiting

    async def redeem(self, spend: Spend, *rows: Row) -> bool:
        """Spend it and store the rows."""
        if in_transaction():  # as above
            return await self._redemptions.redeem(spend, *rows)
        with _span(self._tracer, self._system, "UPDATE", spend.spending.table):
            return await self._redemptions.redeem(spend, *rows)

    async def close(self) -> None:
        """Commit what waits, and disconnect."""
        await self._redemptions.close()


class TracedLookups:
    """Lookups whose wait for the shared statement is a span."""

    def __init__(self, lookups: Finds, dialect: str, tracer: Tracer) -> None:
        self._lookups = lookups
        self._system = _SYSTEMS[dialect]
        self._tracer = tracer

    @property
    def waiting(self) -> int:
        """Questions that wait."""
        return self._lookups.waiting

    async def find(self, lookup: Lookup, key: Any) -> Record | None:
        """The row of the current tenant with this key."""
        with _span(self._tracer, self._system, "SELECT", lookup.table):
            return await self._lookups.find(lookup, key)

    async def find_all(self, lookup: Lookup, key: Any) -> Sequence[Record]:
        """Every row with this key."""
        with _span(self._tracer, self._system, "SELECT", lookup.table):
            return await self._lookups.find_all(lookup, key)

    async def close(self) -> None:
        """Answer what waits, and disconnect."""
        await self._lookups.close()


def _span(tracer: Tracer, system: str, verb: str, table: str) -> AbstractContextManager[None]:
    about: dict[Attribute, str | int] = {Attribute.SYSTEM: system, Attribute.OPERATION: verb}
    if table:
        about[Attribute.TABLE] = table
    return tracer.child(f"{verb} {table}".rstrip(), "client", about)


@lru_cache(maxsize=1024)
def _named(statement: str) -> tuple[str, str]:
    verb = statement.lstrip().partition(" ")[0].upper()
    table = _TABLE.search(statement)
    return verb if verb.isalpha() else "OTHER", table[1] if table else ""
