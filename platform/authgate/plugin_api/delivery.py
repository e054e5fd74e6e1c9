"""How a sink goes on where a receiver does not take an event: that one holds up no other, and is
not passed over either."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from authgate.plugin_api.events import AuditEvent
from authgate.plugin_api.http import HttpFailure
from authgate.plugin_api.login import SetupStep
from authgate.plugin_api.streams import StreamFailure

Send = Callable[[Sequence[AuditEvent]], Awaitable[None]]
"""Hands on events, and returns once they are taken. Raises ``EventsRefused``."""

WITHHELD = {"withheld": True}
"""The details of an event that was refused as it was."""

_NOT_OF_CONTENT = frozenset({401, 404, 407, 408, 425, 429})
"""Statuses of the client's fault that no other content would have made another."""
_PLAIN = re.compile(r"[A-Za-z0-9._~:@/+=-]{0,255}")

_TRIAL_SECONDS = 5.0

_log = logging.getLogger(__name__)


class EventsRefused(Exception):
    """The receiver does not take these events, and would not the next time: it is there, and it is
    they that it does not take."""


def is_of_content(status: int) -> bool:
    """Whether a receiver may say by this status of HTTP that it does not take what is in the
    request. What is in front of it says 403 for words that look like an attack, as it does to
    whoever may not write at all: ``deliver`` finds out which, by few requests."""
    return 400 <= status < 500 and status not in _NOT_OF_CONTENT


async def deliver(events: Sequence[AuditEvent], send: Send) -> None:
    """Hand on all of them, in order. Where some are refused the halves are sent by themselves, down
    to the one that it is about; that is sent as ``bare``, and those behind it as they are.

    Raises ``EventsRefused`` where that is not taken either: then it is not about an event.
    """
    try:
        await send(events)
    except EventsRefused:
        half = len(events) // 2
        if half:
            await deliver(events[:half], send)
            await deliver(events[half:], send)
        else:
            _log.warning("sent without its details, since it was refused: %s", events[0].id)
            await send([bare(each) for each in events])


def bare(event: AuditEvent) -> AuditEvent:
    """The same event without what people and applications write: what it was is kept, and that
    something is left out. The audit log has all of it.

    Of identifiers those are kept that are of plain characters: one that was cut could be another's.
    """
    return replace(
        event,
        actor_id=_plain(event.actor_id),
        actor_name="",
        client_id=_plain(event.client_id),
        resource_id=_plain(event.resource_id),
        request_id=_plain(event.request_id),
        user_agent="",
        details=WITHHELD,
    )


def _plain(said: str) -> str:
    return said if _PLAIN.fullmatch(said) else ""


async def tried(tenant: str, send: Send, *failures: type[Exception]) -> list[SetupStep]:
    """What comes of it where ``trial_event`` is sent, for ``examine_config``. The texts of these
    failures, and of those of ``http`` and ``network``, are shown to the administrator."""
    expected: tuple[type[Exception], ...] = (EventsRefused, HttpFailure, StreamFailure, *failures)
    try:
        async with asyncio.timeout(_TRIAL_SECONDS):
            await send([trial_event(tenant)])
    except TimeoutError:
        said = f"It did not take it within {_TRIAL_SECONDS:g} seconds."
        return [SetupStep(name="Test event", passed=False, said=said)]
    except expected as failure:
        return [SetupStep(name="Test event", passed=False, said=str(failure))]
    return [SetupStep(name="Test event", passed=True, said="It was taken.")]


def trial_event(tenant: str) -> AuditEvent:
    """What a sink sends when an administrator wants to see that it arrives: an event of the type
    ``TEST``, which is in no audit log."""
    return AuditEvent(
        id=str(uuid4()),
        tenant=tenant,
        type="TEST",
        lifecycle=None,
        severity="INFO",
        occurred_at=datetime.now(UTC),
        success=True,
        actor_type="system",
        actor_id="",
        actor_name="",
        client_id="",
        resource_type="",
        resource_id="",
        address="",
        user_agent="",
        request_id="",
        details={"test": True},
    )
