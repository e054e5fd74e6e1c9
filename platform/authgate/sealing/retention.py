"""Events whose time is over leave a tenant's log: under whole seals, the oldest first, and only
what every plugin was told of. The seals stay, and an event says what went.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from authgate import audit, storage
from authgate.audit import SYSTEM, Event
from authgate.installation import Installation
from authgate.sealing import folding, sayings
from authgate.storage.audit import audit_feeds, audit_logs, audit_seals
from authgate.storage.audit.audit_seals import Seal
from authgate.storage.sweep import log_keeping
from authgate.storage.sweep.log_keeping import Remove
from authgate_tenants import current_tenant

STEP: Final = 100
"""Seals that are given up at once, each with up to 500 events."""

_AT_ONCE: Final = 5000
"""Events that go by one statement."""
_VISIT_SECONDS: Final = 10.0


async def retire(parts: Installation, *, seconds: float = _VISIT_SECONDS) -> int:
    """Remove what the current tenant wants to have no longer, or as much of it as goes in this
    time; how many events went. Of what is left others have their turn first."""
    removed, end = 0, time.monotonic() + seconds
    async with log_keeping.removing(parts.settings.database, current_tenant().id) as remove:
        while True:
            going = await _given_up(parts)
            left = len(going) == STEP
            for portion in _portions(going):
                removed += await _removed(parts, portion, remove)
                if time.monotonic() > end and portion[-1] is not going[-1]:
                    left = True
                    break
            if not left or time.monotonic() > end:
                break
    try:
        if not left and not current_tenant().settings.audit_legal_hold:
            left = await folding.fold(parts, seconds=max(0.0, end - time.monotonic()))
    finally:
        # Whatever keeps seals from being folded, events have their turn as ever.
        now = parts.clock()
        async with storage.transaction():
            await audit_logs.look_again(now if left else now + audit_logs.EACH)
    return removed


def _portions(seals: Sequence[Seal]) -> Iterator[Sequence[Seal]]:
    """Seals whose events go by one statement."""
    portion: list[Seal] = []
    for seal in seals:
        if portion and seal.last_seq - portion[0].first_seq >= _AT_ONCE:
            yield portion
            portion = []
        portion.append(seal)
    if portion:
        yield portion


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


async def _removed(parts: Installation, seals: Sequence[Seal], remove: Remove) -> int:
    first, last = seals[0].first_seq, seals[-1].last_seq
    count = await remove(first, last)
    async with storage.transaction():
        await audit_seals.empty(first, last, now=parts.clock())
    return count
