"""Statements of what the tenant has used within a month, as they were signed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from tortoise import fields

from authgate.storage.metering.usage_days import UsageMark
from authgate_tenants import TenantOwned


class UsageStatementRow(TenantOwned):
    """A statement, made once and never changed."""

    month = fields.DateField()
    """Its first day."""
    issued_at = fields.DatetimeField()
    document = fields.TextField()

    class Meta:
        table = "usage_statements"
        unique_together = (("tenant_id", "month"),)


class UsageStatement(NamedTuple):
    """One of them."""

    id: UUID
    month: date
    issued_at: datetime
    document: str
    """A JWS."""


async def held_back() -> None:
    """Let nobody else make one until the open unit of work ends, nor add anything up."""
    await UsageMark.all().select_for_update().first()


async def add(month: date, document: str, *, now: datetime) -> None:
    """Keep one, with the open unit of work."""
    await UsageStatementRow.create(month=month, issued_at=now, document=document)


async def newest(
    *, limit: int, since: date = date.min, until: date = date.max
) -> Sequence[UsageStatement]:
    """Those of the current tenant, of the months from one to another, the newest first."""
    found = UsageStatementRow.filter(month__gte=since, month__lte=until).order_by("-month")
    return [_value(each) for each in await found.limit(limit)]


async def of_month(month: date) -> UsageStatement | None:
    """The one of a month."""
    found = await UsageStatementRow.filter(month=month).first()
    return _value(found) if found else None


def _value(row: UsageStatementRow) -> UsageStatement:
    return UsageStatement(row.id, row.month, row.issued_at, row.document)
