"""What is to be handed to somebody outside, until they have it or it is given up.

Such a row is stored in the transaction of what it tells of, so nothing that was acknowledged is
forgotten, and nobody hears of what was rolled back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from tortoise import fields
from tortoise.queryset import QuerySet

from authgate_tenants import TenantOwned

KEPT = timedelta(days=30)
"""For how long it can be seen what became of one."""

LONGEST_ERROR = 200
_JITTER = 0.2
_WAITING = "pending"


class Delivery(TenantOwned):
    """One thing for one receiver. What the kinds have in common; each adds its ``status``."""

    attempts = fields.IntField(default=0)
    last_error = fields.CharField(LONGEST_ERROR, default="")
    created_at = fields.DatetimeField()
    next_attempt_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField()

    class Meta:
        abstract = True


Kind = TypeVar("Kind", bound=Delivery)


async def take(
    deliveries: QuerySet[Kind], *, now: datetime, limit: int, lease: timedelta
) -> list[Kind]:
    """Some that are due, the longest waiting first; each is taken by one process at a time.

    For the ``lease`` whoever has taken one may be at it, before another tries.
    """
    due = deliveries.filter(status=_WAITING, next_attempt_at__lte=now)
    # Those that another takes just now are passed over: it is not waited for, nor is nothing left.
    free = due.select_for_update(skip_locked=True, no_key=True)
    found = await free.order_by("next_attempt_at", "id").limit(limit)
    return [each for each in found if await _taken(each, until=now + lease)]


def as_read(delivery: Kind) -> QuerySet[Kind]:
    """It, unless another has taken it since: who took longer than the lease says nothing more."""
    kind = type(delivery)
    return kind.filter(id=delivery.id, status=_WAITING, attempts=delivery.attempts)


def next_attempt(
    delivery: Delivery, pauses: Sequence[float], *, now: datetime, chance: float
) -> datetime | None:
    """When it is tried again after one of the ``pauses``, in seconds; none is left: never.

    Each is a fifth more or less by ``chance``, between 0 and 1: those that went wrong together are
    not to come again together.
    """
    if delivery.attempts > len(pauses):
        return None
    seconds = pauses[delivery.attempts - 1] * (1 + _JITTER * (2 * chance - 1))
    return now + timedelta(seconds=seconds)


async def _taken(delivery: Delivery, *, until: datetime) -> bool:
    attempts = delivery.attempts + 1
    if await as_read(delivery).update(attempts=attempts, next_attempt_at=until) != 1:
        return False
    delivery.attempts = attempts
    return True
