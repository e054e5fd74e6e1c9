"""That somebody has looked at the audit log is in the audit log."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from authgate import audit
from authgate.audit import Actor, Event
from authgate.storage.audit import search

ONCE_IN: Final = timedelta(minutes=15)
"""Who looks again for the same within so long is not written down again."""


async def note(actor: Actor, looked_for: Mapping[str, Any], *, now: datetime) -> None:
    """Write down, once in a quarter of an hour, that somebody looks for this; page after page of it
    is one look, and so is one event of what they have listed."""
    recent = await search.by_actor(
        Event.AUDIT_LOG_VIEWED, actor.type, actor.id, since=now - ONCE_IN
    )
    known = [each.details.get("filter") for each in recent]
    if looked_for in known or (known and "id" in looked_for):
        return
    await audit.record(Event.AUDIT_LOG_VIEWED, actor=actor, details={"filter": dict(looked_for)})
