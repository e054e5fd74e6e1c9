"""How much a tenant has used, by the day (UTC): sums, which outlive what they were counted from."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from tortoise import connections, fields
from uuid_utils.compat import uuid7

from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate.storage.clients import ids
from authgate_tenants import TenantOwned, current_tenant

ALL_CLIENTS: Final = ""
"""In the place of a client: the sum of all."""

_ADD = (
    "INSERT INTO usage_days (id, tenant_id, measure, client_id, day, detail, total)"
    " VALUES ({marks}) ON CONFLICT (tenant_id, measure, client_id, day, detail)"
    " DO UPDATE SET total = usage_days.total + excluded.total"
)


class Measure(StrEnum):
    """What is counted."""

    TOKENS = "tokens"
    """Access tokens that were issued; ``detail`` is the grant type."""


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
    """Have whatever happens in the current tenant from now on counted."""
    await UsageMark.create(until=now)


async def add(measure: Measure, counts: Iterable[Count]) -> None:
    """Add to the sums of the current tenant, with the open unit of work."""
    dialect, client = connection.dialect(), connections.get("default")
    places = range(1, 8)
    marks = ", ".join("?" if dialect == "sqlite" else f"${place}" for place in places)
    for each in counts:
        day: Any = each.day.isoformat() if dialect == "sqlite" else each.day
        values = (uuid7(), current_tenant().id, measure, each.client_id, day, *each[2:])
        await client.execute_query(_ADD.format(marks=marks), encoded(values, dialect))


async def of(measure: Measure, *, since: date, client_id: str = ALL_CLIENTS) -> list[Count]:
    """The sums of the current tenant, or of one of its clients, from this day on."""
    found = UsageDay.filter(measure=measure, client_id=client_id, day__gte=since)
    return [
        Count(each.client_id, each.day, each.detail, each.total)
        for each in await found.order_by("day", "detail")
    ]
