"""What is good once, spent together with what it yields.

A code or a refresh token is spent by one conditional statement, and the rows that it yields are
stored only if that found it fit: on PostgreSQL they are parts of one statement. The redemptions of
concurrent requests share a transaction (group commit), inside each tenant's walls one after the
other. Of requests that bring the same thing one is told that it has won.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import asyncpg
from tortoise import connections

from authgate.storage import database
from authgate.storage.batches.append_log import AppendLog, Row, Rows, Table, encoded
from authgate.storage.batches.group_commit import GroupCommit, Writer
from authgate.storage.postgres.client import inside
from authgate.storage.postgres.line import PostgresLine
from authgate.storage.sqlite.line import SqliteLine
from authgate.storage.unit_of_work import in_transaction, transaction


@dataclass(frozen=True, slots=True, eq=False)
class Spending:
    """How a row of a table is spent. There is one object for each way.

    Written in PostgreSQL's way: ``$1`` is the tenant, ``$2`` the row's id, and the others follow.
    """

    table: str
    change: str
    condition: str

    def update(self, dialect: database.Dialect) -> str:
        """The statement by itself, whose row count tells whether the row was fit."""
        text = f"UPDATE {self.table} SET {self.change} WHERE {self._which()}"  # noqa: S608
        return text if dialect == "postgres" else text.replace("$", "?")

    def unhurried(self) -> str:
        """The start of a statement of PostgreSQL's: ``spent`` is the row, if it was fit.

        A row that somebody else is busy with is left alone: a transaction that is shared waits
        for nobody.
        """
        return (
            f"WITH fit AS (SELECT ctid FROM {self.table} WHERE {self._which()}"  # noqa: S608
            f" FOR UPDATE SKIP LOCKED), spent AS (UPDATE {self.table} AS thing SET {self.change}"
            " FROM fit WHERE thing.ctid = fit.ctid RETURNING thing.id)"
        )

    def _which(self) -> str:
        return f"tenant_id = $1 AND id = $2 AND {self.condition}"


class Spend(NamedTuple):
    """A row that is to be spent."""

    spending: Spending
    tenant_id: UUID
    id: UUID
    values: tuple[Any, ...]
    """Of its statement, from the third on."""

    def parameters(self) -> tuple[Any, ...]:
        """All of its statement."""
        return (self.tenant_id, self.id, *self.values)


class Redemption(NamedTuple):
    """Something that is to be spent, and the rows that it yields."""

    spend: Spend
    rows: Rows


class Redeemer(Writer[Redemption, bool], Protocol):
    """Redeems what several requests bring, in one transaction; each is told whether it was fit."""

    waits: bool
    """Whether it waits for a row that somebody else is busy with."""


class Redemptions:
    """Spends things, each once, and returns once what they yield is durable."""

    def __init__(
        self, redeemer: Redeemer, log: AppendLog, dialect: database.Dialect, *, seconds: float
    ) -> None:
        self._redeemer = redeemer
        self._log = log
        self._dialect = dialect
        self._commits: GroupCommit[Redemption, bool] = GroupCommit(
            redeemer, rows=lambda item: len(item.rows), seconds=seconds
        )

    @property
    def waiting(self) -> int:
        """Requests that wait for the next transaction."""
        return self._commits.waiting

    async def redeem(self, spend: Spend, *rows: Row) -> bool:
        """Spend it and store the rows, or neither: in the open unit of work, or by group commit.

        ``False`` where it is not what it has to be, most likely because another request was first.
        """
        if in_transaction():
            return await self._joined(spend, rows)
        if await self._commits.submit(Redemption(spend, rows)):
            return True
        if self._redeemer.waits:
            return False
        # Whoever was busy with the row may have left it as it was.
        async with transaction():
            return await self._joined(spend, rows)

    async def _joined(self, spend: Spend, rows: Rows) -> bool:
        changed, _ = await connections.get("default").execute_query(
            spend.spending.update(self._dialect), encoded(spend.parameters(), self._dialect)
        )
        if changed != 1:
            return False
        await self._log.append(*rows)
        return True

    async def close(self) -> None:
        """Commit what waits, and disconnect."""
        await self._commits.close()


_PLAN_SECONDS = 10
"""A plan that was made while a table was empty is not kept for longer."""

_Kind = tuple[UUID, Spending, tuple[Table, ...]]


class PostgresRedeemer:
    """Redeems as the serving role, each tenant's things inside of its walls."""

    waits = False

    def __init__(self, url: str, *, pgbouncer: bool, seconds: float) -> None:
        self._line = PostgresLine(
            url, pgbouncer=pgbouncer, seconds=seconds, plan_seconds=_PLAN_SECONDS
        )
        self._seconds = seconds

    async def write(self, items: Sequence[Redemption]) -> Sequence[bool]:
        """Redeem them in one transaction, a statement for each."""
        won = [False] * len(items)
        tenant_id: UUID | None = None
        # To plan such a statement takes PostgreSQL twice as long as to do it.
        begin = "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan"
        async with self._line.transaction(begin) as connection:
            for (tenant, spending, tables), numbers in _by_kind(items).items():
                if tenant != tenant_id:
                    await connection.execute(inside(tenant))
                    tenant_id = tenant
                first = len(items[numbers[0]].spend.parameters()) + 1
                spent = await self._redeem(
                    connection,
                    _statement(spending, tables, first),
                    [items[each] for each in numbers],
                )
                for number in numbers:
                    # Of those that bring the same row the first ones had it.
                    won[number] = spent[items[number].spend.id] > 0
                    spent[items[number].spend.id] -= 1
        return won

    async def _redeem(
        self, connection: "asyncpg.Connection", statement: str, items: Sequence[Redemption]
    ) -> Counter[UUID]:
        values = [_values(each) for each in items]
        found = await connection.fetchmany(statement, values, timeout=self._seconds)
        return Counter(row["id"] for row in found)

    async def close(self) -> None:
        """Disconnect."""
        await self._line.close()


def _by_kind(items: Sequence[Redemption]) -> dict[_Kind, list[int]]:
    """The numbers of items that one statement does, a tenant's together."""
    kinds: dict[_Kind, list[int]] = {}
    for number, (spend, rows) in enumerate(items):
        kind = (spend.tenant_id, spend.spending, tuple([row.table for row in rows]))
        kinds.setdefault(kind, []).append(number)
    return dict(sorted(kinds.items(), key=lambda kind: kind[0][0]))


def _values(item: Redemption) -> tuple[Any, ...]:
    rows = [value for row in item.rows for value in row.values]
    return (*item.spend.parameters(), *rows)


@lru_cache
def _statement(spending: Spending, tables: tuple[Table, ...], first: int) -> str:
    """One statement of PostgreSQL's that spends a row and adds one to each of the tables, whose
    parameters are counted from ``first``."""
    return f"{spending.unhurried()}{''.join(_yields(tables, first))} SELECT id FROM spent"  # noqa: S608


def _yields(tables: tuple[Table, ...], first: int) -> Iterator[str]:
    for number, table in enumerate(tables):
        yield f", row_{number} AS ({table.insert_from('spent', first=first)})"
        first += len(table.columns)


class SqliteRedeemer:
    """Redeems on a line of its own, taking turns with the ORM's transactions."""

    waits = True

    def __init__(self, path: str, turn: asyncio.Lock) -> None:
        self._line = SqliteLine(path, purpose="redemptions")
        self._turn = turn

    async def write(self, items: Sequence[Redemption]) -> Sequence[bool]:
        """Redeem them in one transaction, one after the other."""
        async with self._turn:
            return await self._line.transaction(
                lambda connection: [_redeemed(connection, each) for each in items]
            )

    async def close(self) -> None:
        """Disconnect."""
        await self._line.close()


def _redeemed(connection: sqlite3.Connection, item: Redemption) -> bool:
    spend, rows = item
    update = spend.spending.update("sqlite")
    if connection.execute(update, encoded(spend.parameters(), "sqlite")).rowcount != 1:
        return False
    for row in rows:
        connection.execute(row.table.insert("sqlite"), encoded(row.values, "sqlite"))
    return True
