"""Webhooks and what was sent to them, as the console's pages show them."""

from collections.abc import Mapping
from datetime import datetime

import orjson

from authgate.admin import webhooks as api
from authgate.admin.console import frame, metadata_fields
from authgate.storage.webhooks.endpoints import Endpoint, EndpointDraft
from authgate.storage.webhooks.sendings import WebhookDelivery
from authgate.vocabulary import DeliveryStatus
from authgate.web.webhook_view_models import (
    DeliveryLine,
    WebhookFields,
    WebhookLine,
    WebhookSecretLine,
)
from authgate.webhooks import messages
from authgate.webhooks import secrets as signing

HERE = "/webhooks"


def line(endpoint: Endpoint) -> WebhookLine:
    """A webhook in a list."""
    return WebhookLine(
        url=frame.url(f"{HERE}/{endpoint.id}"),
        name=endpoint.name,
        host=messages.host_of(endpoint),
        state=api.state(endpoint),
        chosen=[*endpoint.lifecycles, *endpoint.areas, *endpoint.event_types],
    )


def delivery(row: WebhookDelivery) -> DeliveryLine:
    """An event that was to be sent."""
    waits = row.status is DeliveryStatus.PENDING
    return DeliveryLine(
        url=frame.url(f"{HERE}/{row.endpoint_id}/deliveries/{row.id}"),
        event_type=row.event_type,
        status=row.status,
        attempts=row.attempts,
        said=row.last_error,
        http_status=row.last_status,
        happened_at=row.occurred_at,
        next_at=row.next_attempt_at if waits else None,
    )


def secrets(endpoint: Endpoint, now: datetime) -> list[WebhookSecretLine]:
    """Those that sign; the one that stays cannot be taken away."""
    there = signing.signing(endpoint, now)
    staying = [each for each in there if each.ends_at is None]
    here = frame.url(f"{HERE}/{endpoint.id}/secrets")
    return [
        WebhookSecretLine(
            "" if staying == [each] else f"{here}/{each.id}", each.created_at, each.ends_at
        )
        for each in there
    ]


def fields(endpoint: Endpoint) -> WebhookFields:
    """A webhook as its form shows it."""
    return WebhookFields(
        name=endpoint.name,
        url=endpoint.url,
        description=endpoint.description,
        event_types="\n".join(endpoint.event_types),
        areas="\n".join(endpoint.areas),
        lifecycles="\n".join(endpoint.lifecycles),
        enabled=endpoint.enabled,
    )


def typed(form: Mapping[str, str]) -> WebhookFields:
    """What was typed."""
    said = {
        name: form.get(name, "").replace("\0", "")
        for name in ("name", "url", "description", "event_types", "areas", "lifecycles")
    }
    return WebhookFields(**said, enabled=form.get("enabled") == "1")


def draft(said: WebhookFields) -> EndpointDraft:
    """The same as an endpoint is made of it."""
    return EndpointDraft(
        name=said.name.strip(),
        url=said.url.strip(),
        description=said.description.strip(),
        event_types=metadata_fields.lines(said.event_types),
        areas=metadata_fields.lines(said.areas),
        lifecycles=metadata_fields.lines(said.lifecycles),
        enabled=said.enabled,
    )


def version(endpoint: Endpoint) -> str:
    """Which state of it that is."""
    return endpoint.updated_at.isoformat()


def readable(message: bytes) -> str:
    """A message as people read it."""
    if not message:
        return ""
    return orjson.dumps(orjson.loads(message), option=orjson.OPT_INDENT_2).decode()
