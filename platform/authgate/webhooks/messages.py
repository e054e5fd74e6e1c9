"""What is sent: the event as JSON, signed by the Standard Webhooks scheme."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from authgate.feeds.telling import as_told
from authgate.installation import Installation
from authgate.plugin_api import HttpFailure
from authgate.plugin_api.signatures import signed
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.webhooks.endpoints import Endpoint, EndpointDraft
from authgate.storage.webhooks.sendings import LONGEST_ANSWER, Answered
from authgate.telemetry import redaction
from authgate.webhooks import secrets
from authgate_tenants import current_tenant

LARGEST: Final = 20_000
"""Bytes of a message: of a larger one the details are left out."""

TEST: Final = "TEST"
"""Type of the event that tells of nothing."""

_GONE: Final = 410
_NOT_TAKEN: Final = "It was not taken."


@dataclass(frozen=True, slots=True)
class Message:
    """Something to be sent."""

    id: str
    """What stays the same however often it is sent."""
    body: bytes


def of_event(delivery_id: UUID, event: AuditEvent) -> Message:
    """The message of an event."""
    told = as_told(current_tenant(), event)
    said = {**asdict(told), "occurred_at": _written(told.occurred_at), "truncated": False}
    body = _body(event.event_type, event.occurred_at, said)
    if len(body) > LARGEST:
        said |= {"details": {}, "truncated": True}
        body = _body(event.event_type, event.occurred_at, said)
    return Message(id_of(delivery_id), body)


def trial(message_id: UUID, now: datetime) -> Message:
    """One that tells of nothing, to see that it arrives."""
    about = {"tenant": current_tenant().slug, "test": True}
    return Message(id_of(message_id), _body(TEST, now, about))


async def sent(parts: Installation, endpoint: Endpoint, message: Message) -> Answered:
    """Send it, and say what came of it. Raises ``SealBroken``."""
    now = parts.clock()
    keys = await secrets.keys(parts, endpoint, now)
    headers = signed(message.body, keys, message_id=message.id, timestamp=int(now.timestamp()))
    began = time.monotonic()
    try:
        answer = await parts.outside.post_bytes(endpoint.url, content=message.body, headers=headers)
    except HttpFailure as failure:
        return Answered(str(failure), time.monotonic() - began)
    seconds, is_gone = time.monotonic() - began, answer.status == _GONE
    if not answer.is_public:
        # Who may name an address is not to look around with it inside of the installation.
        return Answered("" if answer.ok else _NOT_TAKEN, seconds, is_gone=is_gone)
    error = "" if answer.ok else f"It answered {answer.status}."
    text = readable(answer.body)
    return Answered(error, seconds, answer.status, text, is_shown=True, is_gone=is_gone)


def readable(body: bytes) -> str:
    """The beginning of an answer, without what looks like a secret."""
    text = body[: 2 * LONGEST_ANSWER].decode("utf-8", "replace").replace("\0", "")
    return redaction.text(text)[:LONGEST_ANSWER]


def host_of(endpoint: Endpoint | EndpointDraft) -> str:
    """Where it is, as events and letters say it: an address may have a secret in its path."""
    return urlsplit(endpoint.url).netloc


def id_of(number: UUID) -> str:
    """The header ``webhook-id`` of a delivery, however often it is sent."""
    return f"msg_{number.hex}"


def _body(kind: str, when: datetime, data: Mapping[str, Any]) -> bytes:
    return orjson.dumps({"type": kind, "timestamp": _written(when), "data": data})


def _written(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds")
