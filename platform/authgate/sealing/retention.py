"""Events whose time is over leave a tenant's log: under whole seals, the oldest first, and only
what every plugin was told of. The seals stay, and an event says what went.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from authgate import audit, storage
from authgate.audit import SYSTEM, Event
from authgate.installation import Installation
from authgate.sealing import sayings
from authgate.storage.audit import audit_feeds, audit_logs, audit_seals
from authgate.storage.audit.audit_seals import Seal
from authgate.storage.sweep import log_keeping
from authgate_tenants import current_tenant

STEP: Final = 100
"""Seals whose events go at once, each with up to 500."""

_STEPS: Final = 20


async def retire(parts: Installation, *, steps: int = _STEPS) -> int:
    """Remove what the current tenant wants to have no longer, or as much of it as these steps
    reach; how many events went."""
    removed = 0
    for _ in range(steps):
        going = await _given_up(parts)
        for seal in going:
            removed += await _removed(parts, seal)
        if len(going) < STEP:
            async with storage.transaction():
                await audit_logs.look_again(parts.clock() + audit_logs.EACH)
            break
    return removed


async def _given_up(parts: Installation) -> Sequence[Seal]:
    """Seals whose events go, as an event of the log says by then. None go while the log is held."""
    if current_tenant().settings.audit_legal_hold:
        return []
    now = parts.clock()
    async with storage.transaction():
        kept = await audit_seals.oldest(limit=STEP)
        begun = [each for each in kept if each.removed_at is not None]
        if begun:
            return begun
        before = await _cut(now)
        going = list(takewhile(lambda each: each.newest_at < before, kept))
        if going:
            await audit_seals.give_up(going, now=now)
            until = going[-1].last_seq
            await audit.record(
                Event.AUDIT_EVENTS_REMOVED,
                actor=SYSTEM,
                resource=("audit_log", str(current_tenant().id)),
                details={
                    "until": until,
                    "events": sum(each.count for each in going),
                    "before": going[-1].newest_at.isoformat(),
                    "statement": await sayings.stated(parts, until=until),
                },
            )
        return going


async def _cut(now: datetime) -> datetime:
    """What happened before this is not wanted any more, and was told."""
    days = current_tenant().settings.audit_retention_days
    told = await audit_feeds.told_of_all()
    wanted = now - timedelta(days=days)
    return min(wanted, told) if told else wanted


async def _removed(parts: Installation, seal: Seal) -> int:
    count = await log_keeping.remove(
        parts.settings.database,
        current_tenant().id,
        first=seal.first_seq,
        last=seal.last_seq,
    )
    async with storage.transaction():
        await audit_seals.empty(seal, now=parts.clock())
    return count
