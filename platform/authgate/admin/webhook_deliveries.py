"""``/webhooks/{webhook_id}/deliveries``: what was sent to a webhook, and to send it once more."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPMethod
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import Field, JsonValue

from authgate.admin.audit_moments import Moment
from authgate.admin.webhooks import named, worded
from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, operation
from authgate.api.problems import Conflict, NotFound
from authgate.provisioning import audit_views
from authgate.storage.webhooks import sendings
from authgate.storage.webhooks.sendings import WebhookDelivery
from authgate.tokens.admin_scopes import Scope
from authgate.vocabulary import DeliveryStatus
from authgate.webhooks import messages, replaying

_EXAMPLE: dict[str, JsonValue] = {
    "id": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f902222",
    "webhook_id": "msg_0199f3a1c2d47b3e9a5c6d7e8f902222",
    "event_id": "0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234",
    "event_type": "USER_CREATED",
    "occurred_at": "2026-03-02T09:12:44Z",
    "status": "failed",
    "attempts": 10,
    "last_status": 503,
    "last_error": "It answered 503.",
    "took_ms": 81,
    "created_at": "2026-03-02T09:12:46Z",
    "tried_at": "2026-03-05T09:02:11Z",
    "next_attempt_at": None,
    "ended_at": "2026-03-05T09:02:11Z",
}


class WebhookDeliveryQuery(ListQuery):
    """Which of them are looked for."""

    status: DeliveryStatus | None = None
    event_type: Annotated[str, Field(max_length=64)] = ""


class WebhookDeliveryLine(Document):
    """An event that was to be sent, and what became of it."""

    model_config = exemplified(**_EXAMPLE)

    id: UUID
    webhook_id: str
    """The header `webhook-id` of each attempt."""

    event_id: UUID
    """Of the audit log."""

    event_type: str
    occurred_at: datetime
    status: DeliveryStatus
    """`pending` becomes `delivered`, or `failed` after three days."""

    attempts: int
    last_status: int | None
    """Of HTTP; `null` where there was no answer."""

    last_error: str
    took_ms: int | None
    """How long the last attempt took."""

    created_at: datetime
    tried_at: datetime | None
    """When it was tried last."""

    next_attempt_at: datetime | None
    ended_at: datetime | None


class WebhookDeliveryDocument(WebhookDeliveryLine):
    """The same, with what is sent and what was answered."""

    model_config = exemplified(
        **_EXAMPLE,
        message={"type": "USER_CREATED", "timestamp": "2026-03-02T09:12:44.120+00:00", "data": {}},
        answer="upstream connect error",
    )

    message: dict[str, JsonValue] | None
    """What is sent; `null` where the log has the event no more."""

    answer: str
    """The beginning of what was answered last, without what looks like a secret; nothing where it
    came from inside of the installation's networks."""


class WebhookDeliveryList(ListDocument):
    """Deliveries, the newest first. They are kept for 30 days."""

    items: Sequence[WebhookDeliveryLine]


class WebhookReplayWish(Document):
    """From when on what was given up is sent once more."""

    model_config = exemplified(since="2026-03-02T00:00:00Z")

    since: Moment
    """When it happened, and not when it was given up."""


class WebhookReplay(Document):
    """What is sent once more."""

    model_config = exemplified(deliveries=37)

    deliveries: int
    """How many; there may be more where these are 2000."""


async def list_webhook_deliveries(
    call: Call[WebhookDeliveryQuery, Nothing],
) -> Answer[WebhookDeliveryList]:
    """List what was sent to a webhook, and what waits to be."""
    endpoint = await named(call)
    cursor = await lists.opened(call)
    page = await sendings.page(
        endpoint.id,
        status=call.query.status,
        event_type=call.query.event_type,
        cursor=cursor,
        limit=call.query.limit,
    )
    return await lists.answer(call, page, WebhookDeliveryList, _line)


async def read_webhook_delivery(call: Call[Nothing, Nothing]) -> Answer[WebhookDeliveryDocument]:
    """Read what is sent, and what was answered."""
    delivery = await _named(call)
    event = await sendings.event(delivery.event_id)
    if event is not None:
        now = call.parts.clock()
        await audit_views.note(call.caller.actor, {"id": str(event.id)}, now=now)
    said = orjson.loads(messages.of_event(delivery.id, event).body) if event else None
    return Answer(
        WebhookDeliveryDocument.model_validate(
            {**_line(delivery).model_dump(), "message": said, "answer": delivery.answer}
        )
    )


async def replay_webhook_delivery(call: Call[Nothing, Nothing]) -> Answer[WebhookDeliveryLine]:
    """Send an event once more, with the id that it had."""
    call.caller.refuse_guest()
    delivery = await _named(call)
    with worded():
        await replaying.replay(
            call.parts, delivery.endpoint_id, delivery.id, actor=call.caller.actor
        )
    return Answer(_line(await _named(call)))


async def replay_webhook(call: Call[Nothing, WebhookReplayWish]) -> Answer[WebhookReplay]:
    """Send everything once more that was given up since a moment, the oldest first."""
    call.caller.refuse_guest()
    with worded():
        count = await replaying.replay_failed(
            call.parts,
            call.uuid("webhook_id"),
            since=call.body.since,
            actor=call.caller.actor,
        )
    return Answer(WebhookReplay(deliveries=count))


async def _named(call: Call[Any, Any]) -> WebhookDelivery:
    endpoint = await named(call)
    delivery = await sendings.find(endpoint.id, call.uuid("delivery_id"))
    if delivery is None:
        raise NotFound
    return delivery


def _line(delivery: WebhookDelivery) -> WebhookDeliveryLine:
    pending = delivery.status is DeliveryStatus.PENDING
    names = WebhookDeliveryLine.model_fields.keys() - {"webhook_id", "next_attempt_at"}
    return WebhookDeliveryLine(
        **{name: getattr(delivery, name) for name in names},
        webhook_id=messages.id_of(delivery.id),
        next_attempt_at=delivery.next_attempt_at if pending else None,
    )


_READ, _WRITE = Scope.WEBHOOKS_READ, Scope.WEBHOOKS_WRITE
_ALL = "/webhooks/{webhook_id}/deliveries"
_ONE = f"{_ALL}/{{delivery_id}}"

OPERATIONS = [
    operation(HTTPMethod.GET, _ALL, list_webhook_deliveries, scope=_READ),
    operation(HTTPMethod.GET, _ONE, read_webhook_delivery, scope=_READ),
    operation(
        HTTPMethod.POST,
        f"{_ONE}/replay",
        replay_webhook_delivery,
        scope=_WRITE,
        problems=[Conflict],
    ),
    operation(
        HTTPMethod.POST,
        "/webhooks/{webhook_id}/replay",
        replay_webhook,
        scope=_WRITE,
        problems=[Conflict],
    ),
]
