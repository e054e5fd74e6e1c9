"""What clients are told of sessions that are over (OpenID Connect Back-Channel Logout 1.0)."""

from datetime import datetime, timedelta
from uuid import UUID

from tortoise import fields

from authgate.storage import deliveries
from authgate.storage.clients import ids
from authgate.storage.deliveries import KEPT, LONGEST_ERROR, Delivery, as_read
from authgate.storage.sign_in.session_clients import LONGEST_ISSUER
from authgate.vocabulary import DeliveryStatus

LEASE = timedelta(seconds=60)
"""For how long whoever has taken one may be at it, before another tries."""


class LogoutDelivery(Delivery):
    """A client that is to be told of a session."""

    client_id = fields.CharField(ids.LONGEST)
    session_id = fields.UUIDField()
    subject = fields.CharField(255)
    issuer = fields.CharField(LONGEST_ISSUER, default="", db_default="")
    """``iss``, as the client knows it; empty where it is the canonical one."""
    status = fields.CharEnumField(DeliveryStatus, max_length=16, default=DeliveryStatus.PENDING)
    last_status = fields.IntField(null=True)
    """Of HTTP; none where there was no answer."""

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
    return await deliveries.take(LogoutDelivery.all(), now=now, limit=limit, lease=LEASE)


async def delivered(delivery: LogoutDelivery, *, http_status: int, now: datetime) -> None:
    """Note that a client has heard it."""
    await as_read(delivery).update(
        status=DeliveryStatus.DELIVERED, last_status=http_status, last_error="", ended_at=now
    )


async def postpone(
    delivery: LogoutDelivery, *, http_status: int | None, error: str, until: datetime
) -> None:
    """Note what went wrong, and when to try again."""
    await as_read(delivery).update(
        last_status=http_status, last_error=error[:LONGEST_ERROR], next_attempt_at=until
    )


async def give_up(
    delivery: LogoutDelivery, *, http_status: int | None, error: str, now: datetime
) -> None:
    """Note what went wrong for the last time."""
    await as_read(delivery).update(
        status=DeliveryStatus.FAILED,
        last_status=http_status,
        last_error=error[:LONGEST_ERROR],
        ended_at=now,
    )


async def newest(
    *, limit: int, status: DeliveryStatus | None = None, client_id: str | None = None
) -> list[LogoutDelivery]:
    """The newest, of one status or client where they are given."""
    wanted = {"status": status, "client_id": client_id}
    named = {name: value for name, value in wanted.items() if value is not None}
    return await LogoutDelivery.filter(**named).order_by("-id").limit(limit)
