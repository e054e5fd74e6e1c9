"""How rows of the audit log are looked at: through its indexes, and no more than so many of them.

A source is what one index finds in the order of time; several are read beside each other. What has
no index is asked of the rows that the sources have.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

import orjson
from tortoise import connections

from authgate.storage import connection
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.batches.append_log import encoded
from authgate.storage.database import Dialect
from authgate_tenants import current_tenant

_MARK: Final = "{}"


class Condition(NamedTuple):
    """What has to hold of a row: a piece of SQL with a mark for each value."""

    sql: str
    values: tuple[Any, ...] = ()


Source = tuple[Condition, ...]
"""Conditions that one index answers in the order of time."""


def any_of(sources: Sequence[Source]) -> Condition:
    """That a row is one of those that these sources have."""
    each = [f"({' AND '.join(condition.sql for condition in source)})" for source in sources]
    values = tuple(value for source in sources for it in source for value in it.values)
    return Condition(f"({' OR '.join(each)})", values)


def one_of(column: str, values: Sequence[Any]) -> Condition:
    """That a column has one of these."""
    return Condition(f"{column} IN ({', '.join([_MARK] * len(values))})", tuple(values))


def one_of_many(column: str, values: Sequence[str]) -> Condition:
    """The same of texts, however many: they are one value to the statement."""
    if connection.dialect() == "postgres":
        return Condition(f"{column} = ANY({_MARK}::text[])", (list(values),))
    of_them = f"SELECT value FROM json_each({_MARK})"  # noqa: S608 - our own names
    return Condition(f"{column} IN ({of_them})", (orjson.dumps(list(values)).decode(),))


@dataclass(slots=True)
class _Statement:
    """A statement whose values are counted as it is written."""

    dialect: Dialect
    values: list[Any] = field(default_factory=list)

    def holds(self, conditions: Sequence[Condition]) -> str:
        """All of these."""
        return " AND ".join(self._marked(each) for each in conditions)

    def _marked(self, condition: Condition) -> str:
        sql = condition.sql
        for value in condition.values:
            self.values.append(value)
            mark = "?" if self.dialect == "sqlite" else f"${len(self.values)}"
            sql = sql.replace(_MARK, mark, 1)
        return sql

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        """What it finds."""
        values = encoded(self.values, self.dialect)
        found: list[dict[str, Any]] = await connections.get("default").execute_query_dict(
            sql, values
        )
        return found


@dataclass(frozen=True, slots=True)
class Looking:
    """Which part of the current tenant's log is looked at, and from which end."""

    within: Sequence[Condition] = ()
    oldest_first: bool = False

    async def edge(self, sources: Sequence[Source], *, rows: int) -> datetime | None:
        """How far one gets by so many rows in all; ``None`` where that is to the end."""
        statement = _Statement(connection.dialect())
        each = max(1, rows // len(sources))
        parts = [
            f"SELECT * FROM (SELECT occurred_at FROM audit_events WHERE"  # noqa: S608 - our own names
            f" {statement.holds(self._of(source))} ORDER BY occurred_at {self._way}"
            f" LIMIT 1 OFFSET {each - 1}) AS part_{number}"
            for number, source in enumerate(sources)
        ]
        reached = [
            connection.moment(row["occurred_at"])
            for row in await statement.rows(" UNION ALL ".join(parts))
        ]
        if not reached:
            return None
        return min(reached) if self.oldest_first else max(reached)

    def until(self, edge: datetime) -> Self:
        """The same, and no further than that."""
        way = "<=" if self.oldest_first else ">="
        return replace(self, within=(*self.within, Condition(f"occurred_at {way} {{}}", (edge,))))

    async def events(
        self, sources: Sequence[Source], rest: Sequence[Condition], *, limit: int
    ) -> list[AuditEvent]:
        """The first rows of these sources of which the rest holds."""
        statement = _Statement(connection.dialect())
        order = f"ORDER BY occurred_at {self._way}, id {self._way} LIMIT {limit}"
        parts = [
            f"SELECT * FROM (SELECT * FROM audit_events WHERE"  # noqa: S608 - as above
            f" {statement.holds([*self._of(source), *rest])} {order}) AS part_{number}"
            for number, source in enumerate(sources)
        ]
        whole = f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS found {order}"  # noqa: S608
        # By their ids SQLite would look for them among all that the tenant has.
        return [
            AuditEvent._init_from_db(**row)  # noqa: SLF001  # Tortoise offers no other way
            for row in await statement.rows(whole)
        ]

    async def count(self, sources: Sequence[Source], rest: Sequence[Condition]) -> int:
        """How many rows of these sources there are of which the rest holds."""
        statement = _Statement(connection.dialect())
        parts = [
            f"SELECT COUNT(*) AS many FROM audit_events WHERE"  # noqa: S608 - as above
            f" {statement.holds([*self._of(source), *rest])}"
            for source in sources
        ]
        return sum(row["many"] for row in await statement.rows(" UNION ALL ".join(parts)))

    async def grouped(
        self, columns: Sequence[str], *rest: Condition, order: str
    ) -> list[dict[str, Any]]:
        """How many rows there are of each kind, as ``total``."""
        statement = _Statement(connection.dialect())
        places = ", ".join(str(place) for place in range(1, len(columns) + 1))
        return await statement.rows(
            f"SELECT {', '.join(columns)}, COUNT(*) AS total FROM audit_events"  # noqa: S608 - as above
            f" WHERE {statement.holds([*self._of(()), *rest])} GROUP BY {places} ORDER BY {order}"
        )

    async def distinct(
        self, column: str, sources: Sequence[Source], rest: Sequence[Condition]
    ) -> list[str]:
        """What these rows have in a column."""
        statement = _Statement(connection.dialect())
        parts = [
            f"SELECT DISTINCT {column} AS value FROM audit_events WHERE"  # noqa: S608 - as above
            f" {statement.holds([*self._of(source), *rest])}"
            for source in sources
        ]
        return [row["value"] for row in await statement.rows(" UNION ".join(parts))]

    @property
    def _way(self) -> str:
        return "ASC" if self.oldest_first else "DESC"

    def _of(self, source: Source) -> list[Condition]:
        tenant = Condition("tenant_id = {}", (current_tenant().id,))
        return [tenant, *source, *self.within]
