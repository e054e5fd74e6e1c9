"""That somebody has looked at the audit log is in the audit log."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from authgate import audit
from authgate.audit import Actor, Event
from authgate.storage.audit import search
from authgate_tenants import current_tenant

ONCE_IN: Final = timedelta(minutes=15)
"""Who looks again for the same within so long is not written down again."""


MANY: Final = 20
"""Looks within so long that are written down one by one; beyond, that there are many."""

_NO_LIST: Final = ({"id"}, {"statistics"}, {"overview"}, {"many"})
"""By what nobody is shown which events there are, or a few that they did not look for."""


async def note(actor: Actor, looked_for: Mapping[str, Any], *, now: datetime) -> None:
    """Write down, once in a quarter of an hour, that somebody looks for this; page after page of it
    is one look, and so is one event of what they have listed."""
    recent = await search.by_actor(
        Event.AUDIT_LOG_VIEWED, actor.type, actor.id, name=actor.name, since=now - ONCE_IN
    )
    known = [dict(each.details.get("filter", {})) for each in recent]
    told = _told(looked_for) if len(known) < MANY else {"many": True}
    has_listed = any(set(each) not in _NO_LIST for each in known)
    if told in known or (has_listed and "id" in looked_for):
        return
    await audit.record(Event.AUDIT_LOG_VIEWED, actor=actor, details={"filter": told})


def _told(looked_for: Mapping[str, Any]) -> dict[str, Any]:
    """What stays of it: of a text, which may be anybody's name, no more than whether it is the same
    again. So little of a digest fits too many names to tell one."""
    told = dict(looked_for)
    if "search" in told:
        text = f"{current_tenant().id} {told['search']}"
        told["search"] = f"#{hashlib.sha256(text.encode()).hexdigest()[:4]}"
    return told
