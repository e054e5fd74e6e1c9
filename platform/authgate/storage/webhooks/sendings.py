"""What became of each event that an endpoint was to be sent.

A row says which event it is and nothing of what is in it: that is read from the log each time it is
sent, so what the log has forgotten is sent to nobody.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from tortoise import fields
from tortoise.queryset import QuerySet
from uuid_utils.compat import uuid7

from authgate.storage import deliveries, paging
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.deliveries import KEPT, LONGEST_ERROR, Delivery, as_read
from authgate.storage.paging import Order, Page
from authgate.vocabulary import DeliveryStatus

LEASE: Final = timedelta(seconds=30)
"""For how long whoever has taken one may be at it, before another tries."""

LONGEST_ANSWER: Final = 1024

_ENDED = (DeliveryStatus.DELIVERED, DeliveryStatus.FAILED)


class WebhookDelivery(Delivery):
    """One event for one endpoint."""

    endpoint_id = fields.UUIDField()
    event_id = fields.UUIDField()
    event_type = fields.CharField(64)
    occurred_at = fields.DatetimeField()
    status = fields.CharEnumField(DeliveryStatus, max_length=16, default=DeliveryStatus.PENDING)
    begun_at = fields.DatetimeField()
    """Since when it is tried: somebody may have asked for it once more."""
    tried_at = fields.DatetimeField(null=True)
    last_status = fields.IntField(null=True)
    """Of HTTP; none where there was no answer."""
    answer = fields.CharField(LONGEST_ANSWER, default="")
    """What the endpoint said the last time, as far as it is kept."""
    took_ms = fields.IntField(null=True)

    class Meta:
        table = "webhook_deliveries"
        unique_together = (("tenant_id", "id"),)
        indexes = (
            ("tenant_id", "endpoint_id", "status", "next_attempt_at"),
            ("expires_at",),
        )


class Happened(NamedTuple):
    """An event, as far as it says who wants it."""

    seq: int
    id: UUID
    type: str
    occurred_at: datetime
    success: bool


class Answered(NamedTuple):
    """What came of one attempt."""

    error: str
    """Why it does not count as taken; empty where it does."""
    seconds: float = 0.0
    status: int | None = None
    """Of HTTP, where it may be known."""
    text: str = ""
    is_shown: bool = False
    """Whether it may be known what was answered, and when."""
    is_gone: bool = False
    """Whether whoever answers wants nothing more, for good."""


async def behind(place: int, *, limit: int) -> list[Happened]:
    """The current tenant's next events, those that have their places behind this one."""
    found = AuditEvent.filter(seq__gt=place).order_by("seq").limit(limit)
    rows = await found.values_list("seq", "id", "event_type", "occurred_at", "success")
    return [Happened(*row) for row in rows]


async def event(event_id: UUID) -> AuditEvent | None:
    """The event itself, where the log still has it."""
    return await AuditEvent.get_or_none(id=event_id)


async def add(endpoint_id: UUID, events: Sequence[Happened], *, now: datetime) -> None:
    """Have these sent, from now on."""
    await WebhookDelivery.bulk_create(
        WebhookDelivery(
            id=uuid7(),
            endpoint_id=endpoint_id,
            event_id=each.id,
            event_type=each.type,
            occurred_at=each.occurred_at,
            created_at=now,
            begun_at=now,
            next_attempt_at=now,
            expires_at=now + KEPT,
        )
        for each in events
    )


async def waiting(endpoint_id: UUID) -> int:
    """How many are to be sent there."""
    return await _pending(endpoint_id).count()


async def take(endpoint_id: UUID, *, now: datetime, limit: int) -> list[WebhookDelivery]:
    """Some of an endpoint's that are due, the longest waiting first; each is taken by one process
    at a time."""
    wanted = WebhookDelivery.filter(endpoint_id=endpoint_id)
    return await deliveries.take(wanted, now=now, limit=limit, lease=LEASE)


async def delivered(delivery: WebhookDelivery, said: Answered, *, now: datetime) -> None:
    """Note that the endpoint has taken it."""
    await as_read(delivery).update(
        status=DeliveryStatus.DELIVERED, ended_at=now, **_said(said, now)
    )


async def postpone(
    delivery: WebhookDelivery, said: Answered, *, now: datetime, until: datetime
) -> None:
    """Note what went wrong, and when to try again."""
    await as_read(delivery).update(next_attempt_at=until, **_said(said, now))


async def give_up(delivery: WebhookDelivery, said: Answered, *, now: datetime) -> None:
    """Note what went wrong for the last time."""
    await as_read(delivery).update(status=DeliveryStatus.FAILED, ended_at=now, **_said(said, now))


async def give_up_old(endpoint_id: UUID, *, before: datetime, now: datetime, error: str) -> int:
    """Try those no more that have been tried since before this moment; how many there were."""
    old = _pending(endpoint_id).filter(begun_at__lt=before)
    return await old.update(status=DeliveryStatus.FAILED, ended_at=now, last_error=error)


async def begin_anew(endpoint_id: UUID, *, now: datetime) -> None:
    """Try what waits as if it had only come."""
    await _pending(endpoint_id).update(
        begun_at=now, next_attempt_at=now, attempts=0, expires_at=now + KEPT
    )


async def again(endpoint_id: UUID, delivery_id: UUID, *, now: datetime) -> bool:
    """Send one once more, whatever became of it; not where it waits anyway."""
    one = WebhookDelivery.filter(id=delivery_id, endpoint_id=endpoint_id, status__in=_ENDED)
    return await _once_more(one, now) > 0


async def all_again(endpoint_id: UUID, *, since: datetime, now: datetime, limit: int) -> int:
    """Send those once more that were given up of what happened since then, the oldest first; how
    many these are."""
    lost = WebhookDelivery.filter(
        endpoint_id=endpoint_id, status=DeliveryStatus.FAILED, occurred_at__gte=since
    )
    ids = await lost.order_by("occurred_at", "id").limit(limit).values_list("id", flat=True)
    return await _once_more(lost.filter(id__in=list(ids)), now) if ids else 0


async def find(endpoint_id: UUID, delivery_id: UUID) -> WebhookDelivery | None:
    """The delivery of this id to this endpoint."""
    return await WebhookDelivery.get_or_none(id=delivery_id, endpoint_id=endpoint_id)


async def page(
    endpoint_id: UUID,
    *,
    status: DeliveryStatus | None = None,
    event_type: str = "",
    cursor: str | None = None,
    limit: int,
) -> Page[WebhookDelivery]:
    """An endpoint's, the newest first. Raises ``BadCursor``."""
    wanted: dict[str, Any] = {"endpoint_id": endpoint_id}
    if status is not None:
        wanted["status"] = status
    if event_type:
        wanted["event_type"] = event_type
    found = WebhookDelivery.filter(**wanted)
    return await paging.page(found, Order.of("-id"), cursor=cursor, limit=limit)


async def counts(endpoint_id: UUID) -> dict[DeliveryStatus, int]:
    """How many there are of each status."""
    return {
        each: await WebhookDelivery.filter(endpoint_id=endpoint_id, status=each).count()
        for each in DeliveryStatus
    }


async def newest_taken(endpoint_id: UUID) -> datetime | None:
    """When the endpoint took something last, as far as that is kept."""
    taken = WebhookDelivery.filter(endpoint_id=endpoint_id, status=DeliveryStatus.DELIVERED)
    row = await taken.order_by("-id").first()
    return row.ended_at if row else None


async def trim(*, most: int) -> int:
    """Forget the oldest that have ended where the current tenant has more than so many; how many
    went."""
    excess = await WebhookDelivery.all().count() - most
    if excess <= 0:
        return 0
    # Those that were taken tell least.
    gone = 0
    for status in _ENDED:
        oldest = WebhookDelivery.filter(status=status).order_by("id").limit(excess - gone)
        ids = await oldest.values_list("id", flat=True)
        if ids:
            gone += await WebhookDelivery.filter(id__in=list(ids)).delete()
        if gone >= excess:
            break
    return gone


async def remove(endpoint_id: UUID) -> None:
    """Forget what was sent there."""
    await WebhookDelivery.filter(endpoint_id=endpoint_id).delete()


async def forget_answers() -> None:
    """Keep nothing of what the current tenant's endpoints have said: it may name somebody."""
    await WebhookDelivery.exclude(answer="").update(answer="")


def _pending(endpoint_id: UUID) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.filter(endpoint_id=endpoint_id, status=DeliveryStatus.PENDING)


async def _once_more(chosen: QuerySet[WebhookDelivery], now: datetime) -> int:
    return await chosen.update(
        status=DeliveryStatus.PENDING,
        attempts=0,
        begun_at=now,
        next_attempt_at=now,
        ended_at=None,
        expires_at=now + KEPT,
    )


def _said(said: Answered, now: datetime) -> dict[str, Any]:
    return {
        "tried_at": now,
        "last_status": said.status,
        "answer": said.text[:LONGEST_ANSWER],
        "last_error": said.error[:LONGEST_ERROR],
        "took_ms": round(said.seconds * 1000) if said.is_shown else None,
    }
