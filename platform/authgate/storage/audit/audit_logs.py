"""When somebody next looks for what a tenant's log need not keep any longer."""

from datetime import datetime, timedelta
from typing import Final

from tortoise import fields

from authgate_tenants import TenantOwned

EACH: Final = timedelta(days=1)
"""Between two looks."""


class AuditLogRow(TenantOwned):
    """A log in which something is sealed."""

    due_at = fields.DatetimeField()

    class Meta:
        table = "audit_logs"
        unique_together = (("tenant_id",),)
        indexes = (("due_at",),)


async def begin(*, now: datetime) -> None:
    """Have the current tenant's log be looked at from now on."""
    if not await AuditLogRow.all().exists():
        await AuditLogRow.create(due_at=now + EACH)


async def look_again(due_at: datetime) -> None:
    """Have it be looked at then."""
    await AuditLogRow.all().update(due_at=due_at)
