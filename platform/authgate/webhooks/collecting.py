"""Takes what endpoints want out of a tenant's log: each event is a delivery, with the place behind
it in the same transaction.

Only what is sealed has a place, so none is passed over that was committed late. What an endpoint
has too much of stays in the log until there is room.
"""

from typing import Final, NamedTuple

from authgate import storage
from authgate.installation import Installation
from authgate.storage.audit import unsealed
from authgate.storage.webhooks import endpoints, sendings
from authgate.storage.webhooks.endpoints import Endpoint
from authgate.webhooks.choosing import Choice

MOST_WAITING: Final = 2000
"""Deliveries that wait for one endpoint: what more there is stays in the log."""

MOST_KEPT: Final = 50_000
"""Deliveries of a tenant: of those that have ended the oldest go."""

_AT_ONCE: Final = 500
_STEPS: Final = 10


async def collect(parts: Installation) -> None:
    """Go on in the current tenant's log for each of its endpoints, as far as a few steps reach."""
    async with storage.transaction():
        running = await endpoints.looked(now=parts.clock())
    added = 0
    for each in running:
        added += await _collected(parts, each)
    if added:
        async with storage.transaction():
            await sendings.trim(most=MOST_KEPT)


async def _collected(parts: Installation, endpoint: Endpoint) -> int:
    """How many deliveries were made for one."""
    added = 0
    for _ in range(_STEPS):
        step = await _step(parts, endpoint)
        added += step.added
        if not step.is_more:
            break
        endpoint = await _again(endpoint)
    return added


async def _again(endpoint: Endpoint) -> Endpoint:
    async with storage.transaction():
        return await endpoints.find(endpoint.id) or endpoint


class _Step(NamedTuple):
    """What came of one step."""

    added: int = 0
    is_more: bool = False
    """Whether there may be."""


async def _step(parts: Installation, endpoint: Endpoint) -> _Step:
    now = parts.clock()
    async with storage.transaction():
        if endpoint.seq is None:
            # It came with its tenant: what is in the log did so, too.
            await endpoints.begin(endpoint.id, place=await unsealed.last_place())
            return _Step(is_more=True)
        room = MOST_WAITING - await sendings.waiting(endpoint.id)
        if room <= 0:
            return _Step()
        events = await sendings.behind(endpoint.seq, limit=min(room, _AT_ONCE))
        if not events or not await endpoints.moved(endpoint, events[-1].seq):
            return _Step()
        choice = Choice(endpoint)
        since = endpoint.since or endpoint.created_at
        wanted = [each for each in events if each.occurred_at >= since and choice.has(each)]
        if wanted:
            await sendings.add(endpoint.id, wanted, now=now)
    return _Step(len(wanted), is_more=len(events) == min(room, _AT_ONCE))
