"""What all tenants together came to on each day (UTC): one row, read at a glance however many they
are. It is the installation's, not a tenant's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from authgate_tenants import TenantStatus


class InstallationDay(Model):
    """A day."""

    day = fields.DateField(primary_key=True)
    counted_at = fields.DatetimeField()
    sums: dict[str, int] = fields.JSONField(default=dict)
    tenants: dict[str, int] = fields.JSONField(default=dict)
    new_tenants = fields.IntField(default=0)
    busiest: list[list[Any]] = fields.JSONField(default=list)
    failing: list[list[Any]] = fields.JSONField(default=list)
    behind = fields.IntField(default=0, db_default=0)

    class Meta:
        table = "installation_days"


class Busy(NamedTuple):
    """A tenant that has done much on a day: tokens and sign-ins."""

    tenant_id: UUID
    total: int


class Failing(NamedTuple):
    """A tenant where much has failed on a day."""

    tenant_id: UUID
    failed: int
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a day came to."""

    day: date
    counted_at: datetime
    """When it was added up: tenants that lay behind then are in it the next time."""
    sums: Mapping[str, int]
    """By measure: one that a newer version counts is kept by an older one, too."""
    tenants: Mapping[TenantStatus, int]
    """How many there were when it was added up."""
    new_tenants: int
    busiest: Sequence[Busy]
    failing: Sequence[Failing]
    behind: int
    """Tenants of which not all of the day was added up then."""


async def keep(found: Day) -> None:
    """Keep what a day comes to by now. Of a tenant that is gone what it did stays in the sums."""
    former = await InstallationDay.get_or_none(day=found.day)
    sums = {str(measure): total for measure, total in found.sums.items()}
    for measure, total in (former.sums if former else {}).items():
        sums[measure] = max(total, sums.get(measure, 0))
    said = {
        "counted_at": found.counted_at,
        "sums": sums,
        "tenants": {status.value: total for status, total in found.tenants.items()},
        "new_tenants": max(found.new_tenants, former.new_tenants if former else 0),
        "busiest": [[str(each.tenant_id), each.total] for each in found.busiest],
        "behind": found.behind,
        "failing": [[str(each.tenant_id), each.failed, each.attempts] for each in found.failing],
    }
    await InstallationDay.update_or_create(said, day=found.day)


async def between(first: date, last: date) -> Sequence[Day]:
    """Those from one day to another, both with them, as far as they were added up."""
    rows = await InstallationDay.filter(day__gte=first, day__lte=last).order_by("day")
    return [_value(each) for each in rows]


async def stale(days: Collection[date], *, most: int) -> Sequence[date]:
    """Of these days as many that were never added up, the newest first; where all were, the one
    that was longest ago."""
    rows = InstallationDay.filter(day__in=list(days))
    counted: dict[date, datetime] = dict(await rows.values_list("day", "counted_at"))
    never = sorted(set(days) - counted.keys(), reverse=True)[:most]
    return never or sorted(counted, key=lambda each: (counted[each], each))[:1]


def _value(row: InstallationDay) -> Day:
    return Day(
        day=row.day,
        counted_at=row.counted_at,
        sums=row.sums,
        tenants={TenantStatus(each): total for each, total in row.tenants.items()},
        new_tenants=row.new_tenants,
        busiest=[Busy(UUID(each), total) for each, total in row.busiest],
        failing=[Failing(UUID(each), *counts) for each, *counts in row.failing],
        behind=row.behind,
    )
