"""When somebody next looks for what a tenant's log need not keep any longer, what was found when it
was last checked, and how far it was looked at for alerts.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tortoise import fields

from authgate_tenants import TenantOwned

EACH: Final = timedelta(days=1)
"""Between two looks."""


class AuditLogRow(TenantOwned):
    """A log in which something is sealed."""

    due_at = fields.DatetimeField()
    verify_at = fields.DatetimeField(null=True)
    """When somebody next goes on checking it; nothing where nobody has asked for that."""
    verification: dict[str, Any] | None = fields.JSONField(null=True)
    """How far that has come, or what was found last."""
    alerted_seq = fields.BigIntField(default=0, db_default=0)
    """The last place that rules of alerts have looked at."""
    alerted_at = fields.DatetimeField(null=True)
    """When they did so last."""

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


async def verification() -> Mapping[str, Any] | None:
    """How far the check of the current tenant's log has come, or what was found last."""
    row = await AuditLogRow.all().first()
    return row.verification if row else None


async def forget(user_id: UUID) -> int:
    """Leave the name out of who has asked that the current tenant's log be checked; in how many
    rows it was."""
    row, them = await AuditLogRow.all().select_for_update().first(), str(user_id)
    told = (row.verification if row else None) or {}
    is_theirs = (told.get("requester_type"), told.get("requester_id")) == ("user", them)
    if not is_theirs or told.get("requested_by") == them:
        return 0
    return await AuditLogRow.all().update(verification={**told, "requested_by": them})


async def begin_verification(begun: Mapping[str, Any], *, now: datetime) -> bool:
    """Have the current tenant's log be checked; whether there is one that is not being checked."""
    waiting = AuditLogRow.filter(verify_at__isnull=True)
    return bool(await waiting.update(verification=dict(begun), verify_at=now))


async def take_verification(*, now: datetime, until: datetime) -> Mapping[str, Any] | None:
    """How far the check has come, for who goes on with it; nobody else does until then."""
    taken = await AuditLogRow.filter(verify_at__lte=now).update(verify_at=until)
    return await verification() if taken else None


async def note_verification(
    found: Mapping[str, Any], *, mine: datetime, again: datetime | None
) -> bool:
    """Note how far it has come; whether nobody else has gone on with it meanwhile."""
    own = AuditLogRow.filter(verify_at=mine)
    return bool(await own.update(verification=dict(found), verify_at=again))
