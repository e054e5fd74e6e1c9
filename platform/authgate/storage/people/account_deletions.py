"""Who has asked that their account be deleted, and when that is due."""

from datetime import datetime
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError

from authgate_tenants import TenantOwned


class AccountDeletionRow(TenantOwned):
    """That somebody leaves."""

    user_id = fields.UUIDField()
    asked_at = fields.DatetimeField()
    due_at = fields.DatetimeField()

    class Meta:
        table = "account_deletions"
        unique_together = (("tenant_id", "user_id"), ("tenant_id", "id"))
        indexes = (("due_at",),)


async def ask(user_id: UUID, *, due_at: datetime, now: datetime) -> bool:
    """Have them leave then; ``False`` where that was asked before."""
    try:
        await AccountDeletionRow.create(user_id=user_id, asked_at=now, due_at=due_at)
    except IntegrityError:
        return False
    return True


async def due_at(user_id: UUID) -> datetime | None:
    """When somebody leaves, if they do."""
    row = await AccountDeletionRow.get_or_none(user_id=user_id)
    return row.due_at if row else None


async def asked_at(user_id: UUID) -> datetime | None:
    """When somebody who leaves has asked for it."""
    row = await AccountDeletionRow.get_or_none(user_id=user_id)
    return row.asked_at if row else None


async def withdraw(user_id: UUID) -> bool:
    """Have them stay; ``False`` where they did not leave."""
    return await AccountDeletionRow.filter(user_id=user_id).delete() == 1


async def due(*, now: datetime, limit: int) -> list[UUID]:
    """Some of those whose time has come, the longest waiting first."""
    rows = AccountDeletionRow.filter(due_at__lte=now).order_by("due_at").limit(limit)
    return [row.user_id for row in await rows]


async def is_due(user_id: UUID, *, now: datetime) -> bool:
    """Whether the time of somebody who leaves has come."""
    return await AccountDeletionRow.filter(user_id=user_id, due_at__lte=now).exists()
