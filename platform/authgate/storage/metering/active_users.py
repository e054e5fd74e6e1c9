"""Who has signed in in which calendar month (UTC): each person once, whatever becomes of them; and
each once a day, which is counted."""

from datetime import date, datetime, timedelta
from uuid import UUID

from tortoise import fields

from authgate.storage.metering import periods, usage_entries
from authgate.storage.metering.usage_days import Measure
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
    last_day = fields.DateField(null=True)
    """On which they were counted last."""
    expires_at = fields.DatetimeField()

    class Meta:
        table = "active_users"
        unique_together = (("tenant_id", "month", "user_id"),)
        indexes = (("expires_at",),)


async def note(user_id: UUID, *, now: datetime, is_in_charge: bool) -> bool:
    """Note that somebody signs in, whose row this transaction holds; whether with them more have
    than the plan speaks of.

    Whoever is in charge of the tenant is never refused. Raises ``QuotaReached``.
    """
    month = periods.month_of(now)
    known = ActiveUser.filter(month=month)
    of_theirs = await known.filter(user_id=user_id).first()
    if of_theirs is not None:
        await _note_day(of_theirs, now)
        return False
    plan = current_tenant().plan
    if plan.monthly_active_users_are_refused and not is_in_charge:
        await quotas.make_room(Quota.MONTHLY_ACTIVE_USERS, known)
    today = periods.today(now)
    await ActiveUser.create(month=month, user_id=user_id, last_day=today, expires_at=now + _KEPT)
    await usage_entries.note(Measure.ACTIVE_USERS, now=now)
    most = plan.monthly_active_users
    # Told once: of two beyond it, the first was told of already.
    return most is not None and len(await known.offset(most).limit(2).only("id")) == 1


async def _note_day(known: ActiveUser, now: datetime) -> None:
    today = periods.today(now)
    # A clock that is behind counts nobody once more.
    if known.last_day is None or known.last_day < today:
        await ActiveUser.filter(id=known.id).update(last_day=today)
        await usage_entries.note(Measure.ACTIVE_USERS, now=now)


async def count(now: datetime) -> int:
    """How many people have signed in this month."""
    return await count_of(periods.month_of(now))


async def count_of(month: date) -> int:
    """How many people have signed in in the month of this first day."""
    return await ActiveUser.filter(month=month).count()
