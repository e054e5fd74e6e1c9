"""Takes what endpoints want out of a tenant's log: each event is a delivery, with the place behind
it in the same transaction.

Only what is sealed has a place, so none is passed over that was committed late. What an endpoint
has too much of stays in the log until there is room.
"""

from typing import Final

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
    for endpoint in await _running():
        for _ in range(_STEPS):
            if not await _step(parts, endpoint):
                break
            endpoint = await _again(endpoint)  # noqa: PLW2901  # the same one, further


async def _running() -> list[Endpoint]:
    async with storage.transaction():
        found = await endpoints.every()
    return [each for each in found if each.enabled and each.paused_at is None]


async def _again(endpoint: Endpoint) -> Endpoint:
    async with storage.transaction():
        return await endpoints.find(endpoint.id) or endpoint


async def _step(parts: Installation, endpoint: Endpoint) -> bool:
    """Whether there may be more."""
    now = parts.clock()
    async with storage.transaction():
        if endpoint.seq is None:
            # It came with its tenant: what is in the log did so, too.
            await endpoints.begin_at(endpoint.id, place=await unsealed.last_place())
            return True
        room = MOST_WAITING - await sendings.waiting(endpoint.id)
        if room <= 0:
            return False
        events = await sendings.behind(endpoint.seq, limit=min(room, _AT_ONCE))
        if not events or not await endpoints.moved(endpoint, events[-1].seq):
            return False
        choice = Choice(endpoint)
        since = endpoint.since or endpoint.created_at
        wanted = [each for each in events if each.occurred_at >= since and choice.has(each)]
        if wanted:
            await sendings.add(endpoint.id, wanted, now=now)
            await sendings.trim(most=MOST_KEPT)
    return len(events) == min(room, _AT_ONCE)
