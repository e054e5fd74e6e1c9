"""Who has signed in in which calendar month (UTC): each person once, whatever becomes of them."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from tortoise import fields

from authgate.storage.tenants import quotas
from authgate.storage.tenants.quotas import Quota
from authgate_tenants import TenantOwned, current_tenant

_KEPT = timedelta(days=400)
"""A year can be compared with the one before."""


class ActiveUser(TenantOwned):
    """That somebody has signed in in a month."""

    month = fields.DateField()
    """Its first day."""
    user_id = fields.UUIDField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "active_users"
        unique_together = (("tenant_id", "month", "user_id"),)
        indexes = (("expires_at",),)


def month_of(now: datetime) -> date:
    """The first day of a month."""
    return now.astimezone(UTC).date().replace(day=1)


async def note(user_id: UUID, *, now: datetime, is_in_charge: bool) -> bool:
    """Note that somebody signs in, whose row this transaction holds; whether with them more have
    than the plan speaks of.

    Whoever is in charge of the tenant is never refused. Raises ``QuotaReached``.
    """
    month = month_of(now)
    known = ActiveUser.filter(month=month)
    if await known.filter(user_id=user_id).exists():
        return False
    plan = current_tenant().plan
    if plan.monthly_active_users_are_refused and not is_in_charge:
        await quotas.make_room(Quota.MONTHLY_ACTIVE_USERS, known)
    await ActiveUser.create(month=month, user_id=user_id, expires_at=now + _KEPT)
    most = plan.monthly_active_users
    # Told once: of two beyond it, the first was told of already.
    return most is not None and len(await known.offset(most).limit(2).only("id")) == 1


async def count(now: datetime) -> int:
    """How many people have signed in this month."""
    return await ActiveUser.filter(month=month_of(now)).count()
