"""How much a tenant has used, by the day (UTC): sums, which outlive what they were counted from."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from tortoise import connections, fields
from tortoise.functions import Max
from uuid_utils.compat import uuid7

from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate.storage.clients import ids
from authgate.storage.database import Dialect
from authgate_tenants import TenantOwned, current_tenant

ALL_CLIENTS: Final = ""
"""In the place of a client: the sum of all."""

ROWS: Final = 500
"""Sums that one statement adds to."""

_ADD = (
    "INSERT INTO usage_days (id, tenant_id, measure, client_id, day, detail, total)"
    " VALUES {rows} ON CONFLICT (tenant_id, measure, client_id, day, detail)"
    " DO UPDATE SET total = usage_days.total + excluded.total"
)


class Measure(StrEnum):
    """What is counted."""

    TOKENS = "tokens"
    """Access tokens that were issued; ``detail`` is the grant type."""

    SIGN_INS = "sign_ins"
    """People who signed in; ``detail`` is ``password``, or the connection."""

    ACTIVE_USERS = "active_users"
    """People who signed in on the day, each once."""

    API_CALLS = "api_calls"
    """What the APIs have done; ``detail`` is which of them."""

    FAILURES = "failures"
    """Sign-ins of people that failed, by method, and of clients."""

    REFUSALS = "refusals"
    """Limits that have refused somebody, as the log has it: once a minute at most for each limit
    and subject; ``detail`` is the limit."""

    NEW_USERS = "new_users"
    """People who were brought in, or came by themselves."""

    NEW_CLIENTS = "new_clients"
    """Clients that were made, or registered themselves."""


USED: Final = (Measure.TOKENS, Measure.SIGN_INS, Measure.ACTIVE_USERS, Measure.API_CALLS)
"""What is used, in the order in which it is told. The others say how it goes."""


class UsageDay(TenantOwned):
    """A sum of one day. Added to by who rolls up, and never changed otherwise."""

    measure = fields.CharEnumField(Measure, max_length=16)
    client_id = fields.CharField(ids.LONGEST, default=ALL_CLIENTS)
    day = fields.DateField()
    detail = fields.CharField(64, default="")
    total = fields.BigIntField()

    class Meta:
        table = "usage_days"
        unique_together = (("tenant_id", "measure", "client_id", "day", "detail"),)


class UsageMark(TenantOwned):
    """Until when a tenant's events are in its sums: each is, once, that is older."""

    until = fields.DatetimeField()
    """Of tokens."""
    others_until = fields.DatetimeField(null=True)
    """Of other events; none of them is, where nobody has looked yet."""

    class Meta:
        table = "usage_marks"
        unique_together = (("tenant_id",),)


class Count(NamedTuple):
    """How much of one kind there was on one day."""

    client_id: str
    day: date
    detail: str
    total: int


async def begin(now: datetime) -> None:
    """Have whatever happens in the current tenant from now on counted, unless it is already."""
    if not await UsageMark.all().exists():
        await UsageMark.create(until=now, others_until=now)


async def add(measure: Measure, counts: Sequence[Count]) -> None:
    """Add to the sums of the current tenant, with the open unit of work; of each sum once."""
    dialect, client = connection.dialect(), connections.get("default")
    for start in range(0, len(counts), ROWS):
        rows = [_row(measure, each, dialect) for each in counts[start : start + ROWS]]
        values = [value for row in rows for value in row]
        await client.execute_query(_ADD.format(rows=_marks(rows, dialect)), values)


def _row(measure: Measure, count: Count, dialect: Dialect) -> list[Any]:
    values = (uuid7(), current_tenant().id, measure.value, count.client_id, count.day)
    return encoded((*values, count.detail, count.total), dialect)


def _marks(rows: Sequence[Sequence[Any]], dialect: Dialect) -> str:
    places = itertools.count(1)
    return ", ".join(
        f"({', '.join('?' if dialect == 'sqlite' else f'${next(places)}' for _ in row)})"
        for row in rows
    )


async def last_days(
    measure: Measure, client_ids: Collection[str], *, since: date
) -> dict[str, date]:
    """By these clients of the current tenant the last day on which there was anything; none for
    those that had nothing from this day on."""
    found = UsageDay.filter(measure=measure, client_id__in=list(client_ids), day__gte=since)
    summed = found.annotate(last=Max("day")).group_by("client_id")
    rows = await summed.values_list("client_id", "last")
    # SQLite adds up texts.
    return {each: date.fromisoformat(str(day)) for each, day in rows}


async def of_each(
    measures: Collection[Measure], *, since: date, to: date, client_id: str = ALL_CLIENTS
) -> Mapping[Measure, Sequence[Count]]:
    """The sums of the current tenant, or of one of its clients, of each of these measures that has
    any: from one day to another, both with them."""
    found = UsageDay.filter(
        measure__in=list(measures), client_id=client_id, day__gte=since, day__lte=to
    )
    counts: dict[Measure, list[Count]] = {}
    for each in await found.order_by("day", "detail"):
        count = Count(each.client_id, each.day, each.detail, each.total)
        counts.setdefault(each.measure, []).append(count)
    return counts


async def last_day(measure: Measure) -> date | None:
    """The last day of which there is a sum of the current tenant."""
    found = UsageDay.filter(measure=measure, client_id=ALL_CLIENTS).order_by("-day")
    last = await found.only("id", "day").first()
    return last.day if last else None
