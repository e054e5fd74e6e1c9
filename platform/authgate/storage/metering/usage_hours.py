"""How much has happened hour by hour (UTC) lately: sums that go after some days."""

import itertools
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from tortoise import connections, fields
from uuid_utils.compat import uuid7

from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate.storage.metering.usage_days import Measure
from authgate_tenants import TenantOwned, current_tenant

KEPT: Final = timedelta(days=4)
"""A day is compared with the one before it."""

Hours = Mapping[Measure, Mapping[datetime, int]]
"""How much of each kind there was, by the beginning of the hour."""

_ADD: Final = (
    "INSERT INTO usage_hours (id, tenant_id, measure, hour, total, expires_at)"
    " VALUES {rows} ON CONFLICT (tenant_id, measure, hour)"
    " DO UPDATE SET total = usage_hours.total + excluded.total"
)


class UsageHour(TenantOwned):
    """A sum of one hour. Added to by who rolls up, and never changed otherwise."""

    measure = fields.CharEnumField(Measure, max_length=16)
    hour = fields.DatetimeField()
    """Its beginning."""
    total = fields.BigIntField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "usage_hours"
        unique_together = (("tenant_id", "measure", "hour"),)
        indexes = (("expires_at",),)


async def add(hours: Hours, *, now: datetime) -> None:
    """Add to the sums of the current tenant, with the open unit of work; what is long ago is in
    those of its day alone. Of all measures there are as many rows as hours in a day at the most."""
    dialect = connection.dialect()
    rows = [
        (uuid7(), current_tenant().id, measure.value, hour, total, hour + KEPT)
        for measure, sums in hours.items()
        for hour, total in sums.items()
        if hour + KEPT > now
    ]
    if not rows:
        return
    places = itertools.count(1)
    marks = ", ".join(
        f"({', '.join('?' if dialect == 'sqlite' else f'${next(places)}' for _ in row)})"
        for row in rows
    )
    values: list[Any] = encoded([value for row in rows for value in row], dialect)
    await connections.get("default").execute_query(_ADD.format(rows=marks), values)


async def of_each(measures: Collection[Measure], *, since: datetime) -> Hours:
    """The sums of the current tenant of each of these measures, from an hour on."""
    found = UsageHour.filter(measure__in=list(measures), hour__gte=since)
    hours: dict[Measure, dict[datetime, int]] = {}
    for measure, hour, total in await found.values_list("measure", "hour", "total"):
        hours.setdefault(Measure(measure), {})[hour] = total
    return hours
