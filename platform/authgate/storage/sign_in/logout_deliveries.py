"""What clients are told of sessions that are over, until they have heard it or it is given up.

A row is stored in the transaction that ends the session, so no logout that was acknowledged is
forgotten (OpenID Connect Back-Channel Logout 1.0 section 2.5).
"""

from datetime import datetime, timedelta
from uuid import UUID

from tortoise import fields
from tortoise.queryset import QuerySet

from authgate.storage.clients import ids
from authgate.storage.sign_in.session_clients import LONGEST_ISSUER
from authgate.vocabulary import DeliveryStatus
from authgate_tenants import TenantOwned

KEPT = timedelta(days=30)
"""For how long it can be seen what became of it."""

LEASE = timedelta(seconds=60)
"""For how long whoever has taken one may be at it, before another tries."""

_LONGEST_ERROR = 200


class LogoutDelivery(TenantOwned):
    """A client that is to be told of a session."""

    client_id = fields.CharField(ids.LONGEST)
    session_id = fields.UUIDField()
    subject = fields.CharField(255)
    issuer = fields.CharField(LONGEST_ISSUER, default="", db_default="")
    """``iss``, as the client knows it; empty where it is the canonical one."""
    status = fields.CharEnumField(DeliveryStatus, max_length=16, default=DeliveryStatus.PENDING)
    attempts = fields.IntField(default=0)
    last_status = fields.IntField(null=True)
    """Of HTTP; none where there was no answer."""
    last_error = fields.CharField(_LONGEST_ERROR, default="")
    created_at = fields.DatetimeField()
    next_attempt_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField()

    class Meta:
        table = "logout_deliveries"
        unique_together = (("tenant_id", "id"),)
        indexes = (("tenant_id", "status", "next_attempt_at"), ("expires_at",))


async def add(
    session_id: UUID, client_id: str, *, subject: str, now: datetime, issuer: str = ""
) -> None:
    """Have a client told, from now on."""
    await LogoutDelivery.create(
        client_id=client_id,
        session_id=session_id,
        subject=subject,
        issuer=issuer,
        created_at=now,
        next_attempt_at=now,
        expires_at=now + KEPT,
    )


async def take(*, now: datetime, limit: int) -> list[LogoutDelivery]:
    """Some that are due, the longest waiting first; each is taken by one process at a time."""
    due = LogoutDelivery.filter(status=DeliveryStatus.PENDING, next_attempt_at__lte=now)
    found = await due.order_by("next_attempt_at", "id").limit(limit)
    return [each for each in found if await _taken(each, now)]


async def delivered(delivery: LogoutDelivery, *, http_status: int, now: datetime) -> None:
    """Note that a client has heard it."""
    await _as_read(delivery).update(
        status=DeliveryStatus.DELIVERED, last_status=http_status, last_error="", ended_at=now
    )


async def postpone(
    delivery: LogoutDelivery, *, http_status: int | None, error: str, until: datetime
) -> None:
    """Note what went wrong, and when to try again."""
    await _as_read(delivery).update(
        last_status=http_status, last_error=error[:_LONGEST_ERROR], next_attempt_at=until
    )


async def give_up(
    delivery: LogoutDelivery, *, http_status: int | None, error: str, now: datetime
) -> None:
    """Note what went wrong for the last time."""
    await _as_read(delivery).update(
        status=DeliveryStatus.FAILED,
        last_status=http_status,
        last_error=error[:_LONGEST_ERROR],
        ended_at=now,
    )


async def newest(
    *, limit: int, status: DeliveryStatus | None = None, client_id: str | None = None
) -> list[LogoutDelivery]:
    """The newest, of one status or client where they are given."""
    wanted = {"status": status, "client_id": client_id}
    named = {name: value for name, value in wanted.items() if value is not None}
    return await LogoutDelivery.filter(**named).order_by("-id").limit(limit)


async def _taken(delivery: LogoutDelivery, now: datetime) -> bool:
    until, attempts = now + LEASE, delivery.attempts + 1
    if await _as_read(delivery).update(attempts=attempts, next_attempt_at=until) != 1:
        return False
    delivery.attempts = attempts
    return True


def _as_read(delivery: LogoutDelivery) -> QuerySet[LogoutDelivery]:
    # Whoever took longer than its lease has nothing to say any more.
    return LogoutDelivery.filter(
        id=delivery.id, status=DeliveryStatus.PENDING, attempts=delivery.attempts
    )
