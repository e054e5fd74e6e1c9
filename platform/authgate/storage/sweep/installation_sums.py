"""What all tenants together came to on a day, by their sums.

Looks across tenants: on PostgreSQL as the sweep role, to which the database shows what each of them
comes to, and not by which client. A day is one stretch of an index.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from tortoise import connections

from authgate.settings import DatabaseSettings
from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate.storage.metering.installation_days import Busy, Day, Failing
from authgate.storage.sweep.line import sweep_line
from authgate_tenants import TenantStatus

MOST: Final = 10
"""Tenants that are named."""

SOME_FAILURES: Final = 20
"""At a tenant where no more has failed people have mistyped."""

_DAY: Final = " FROM usage_days WHERE day = {0} AND client_id = ''"
_FAILED: Final = "SUM(CASE measure WHEN 'failures' THEN total ELSE 0 END)"
_SUMS: Final = f"SELECT measure, SUM(total) AS total{_DAY} GROUP BY measure"
_BUSIEST: Final = (
    f"SELECT tenant_id, SUM(total) AS total{_DAY}"
    " AND measure IN ('tokens', 'sign_ins') GROUP BY tenant_id"
    f" ORDER BY total DESC, tenant_id LIMIT {MOST}"
)
_FAILING: Final = (
    f"SELECT tenant_id, {_FAILED} AS failed, SUM(total) AS attempts{_DAY}"
    " AND measure IN ('tokens', 'sign_ins', 'failures') GROUP BY tenant_id"
    f" HAVING {_FAILED} > {SOME_FAILURES} AND {_FAILED} * 5 > SUM(total)"
    f" ORDER BY failed DESC, tenant_id LIMIT {MOST}"
)
_TENANTS: Final = "SELECT status, COUNT(*) AS total FROM tenants GROUP BY status"
_BEHIND: Final = "SELECT COUNT(*) AS total FROM usage_marks WHERE until < {0}"
"""On PostgreSQL a mark is seen once it is an hour old: nobody lies less behind for long."""
_NEW: Final = "SELECT COUNT(*) AS total FROM tenants WHERE created_at >= {0} AND created_at < {1}"


_Ask = Callable[..., Awaitable[Sequence[Mapping[str, Any]]]]


async def of_days(
    settings: DatabaseSettings, days: Sequence[date], *, now: datetime
) -> Sequence[Day]:
    """What these come to by now."""
    if settings.is_sqlite:
        return await _days(_ask_sqlite, days, now)
    async with sweep_line(settings) as line:

        async def ask(statement: str, *values: Any) -> Sequence[Mapping[str, Any]]:
            found = await line.fetch(statement.format("$1", "$2"), *values)
            return [dict(each) for each in found]

        return await _days(ask, days, now)


async def _ask_sqlite(statement: str, *values: Any) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = await connections.get("default").execute_query_dict(
        statement.format("?1", "?2"), encoded(values, "sqlite")
    )
    return rows


async def _days(ask: _Ask, days: Sequence[date], now: datetime) -> Sequence[Day]:
    tenants = {TenantStatus(each["status"]): each["total"] for each in await ask(_TENANTS)}
    return [await _day(ask, each, now, tenants) for each in days]


async def _day(ask: _Ask, day: date, now: datetime, tenants: Mapping[TenantStatus, int]) -> Day:
    begin = datetime.combine(day, time(), UTC)
    end = begin + timedelta(days=1)
    [new], [behind] = await ask(_NEW, begin, end), await ask(_BEHIND, end)
    return Day(
        day=day,
        counted_at=now,
        sums={each["measure"]: int(each["total"]) for each in await ask(_SUMS, day)},
        tenants=tenants,
        new_tenants=new["total"],
        behind=behind["total"],
        busiest=[Busy(_id(each), int(each["total"])) for each in await ask(_BUSIEST, day)],
        failing=[
            Failing(_id(each), int(each["failed"]), int(each["attempts"]))
            for each in await ask(_FAILING, day)
        ],
    )


def _id(row: Mapping[str, Any]) -> UUID:
    return connection.uuid(row["tenant_id"])
