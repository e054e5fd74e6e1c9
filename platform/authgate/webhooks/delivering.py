"""Sends what is due to each endpoint, and tries again for three days.

One that is slow or gone delays nobody but itself: it is visited beside the others, by a job of its
own once it is known to be slow, and where it fails again and again it is asked for one thing at a
time, after ever longer pauses.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from authgate import storage
from authgate.feeds.places import place, raise_first
from authgate.installation import Installation
from authgate.storage.deliveries import next_attempt
from authgate.storage.sweep import due_webhooks
from authgate.storage.webhooks import endpoints, sendings
from authgate.storage.webhooks.endpoints import WEARY, Endpoint
from authgate.storage.webhooks.sendings import Answered, WebhookDelivery
from authgate.telemetry import metrics
from authgate.webhooks import collecting, messages, pausing
from authgate_tenants import use_tenant

AGAIN_AFTER_SECONDS: Final = (5, 60, 300, 1800, 7200, 18_000, 36_000, 57_600, 86_400)
"""Pauses after attempts that went wrong: 58 hours in all, or up to 69."""

TRIED_FOR: Final = timedelta(days=3)
"""What was not taken for so long is given up, however often it could be tried."""

_MOST_DUE = 2000
_COLLECTED_AT_ONCE = 8
"""Tenants in whose logs is looked at the same time."""
_AT_ONCE, _SLOW_AT_ONCE = 16, 64
"""Endpoints that are visited at the same time: slow ones do nothing but wait for an answer."""
_OF_ONE_TENANT = 4
"""Requests of one tenant: it needs its part of what leaves for signing people in as well. So many
of its endpoints are visited at the same time, and each by so many at the most."""
_RUN_SECONDS = 30.0
_SLOW_SECONDS = 2.0
_VISIT_SECONDS, _SLOW_VISIT_SECONDS = _SLOW_SECONDS, 10.0
_LONGEST_PAUSE = 300.0
_OUR_FAULT = "An error of our own: the log says which."
_LOST = "The log has it no more."
_TOO_OLD = "It was not taken for three days."

_log = structlog.get_logger(__name__)


async def deliver_everywhere(parts: Installation, *, slow: bool = False) -> None:
    """Look into the logs, and send what is due, at all tenants. Raises what fails, once all are
    gone through; not that an endpoint does."""
    database = parts.settings.database
    faults: list[BaseException | None] = []
    if not slow:
        unread = await due_webhooks.unread(
            database, now=parts.clock(), most=collecting.MOST_WAITING, limit=_MOST_DUE
        )
        faults += await _collected(parts, unread)
    due = await due_webhooks.endpoints(database, slow=slow, now=parts.clock(), limit=_MOST_DUE)
    faults += await _delivered(parts, due, slow=slow)
    if not slow:
        await _measure(parts)
    raise_first(faults)


async def deliver(parts: Installation) -> None:
    """The same at the current tenant, whatever of it is slow."""
    await collecting.collect(parts)
    places, end = asyncio.Semaphore(_OF_ONE_TENANT), time.monotonic() + _RUN_SECONDS
    visits = (_visit(parts, each, places, end=end) for each in await _known())
    raise_first(await asyncio.gather(*visits, return_exceptions=True))


async def _collected(parts: Installation, tenants: Sequence[UUID]) -> list[BaseException | None]:
    places, end = asyncio.Semaphore(_COLLECTED_AT_ONCE), time.monotonic() + _RUN_SECONDS / 2

    async def at(tenant_id: UUID) -> None:
        async with places:
            if time.monotonic() > end:
                return
            tenant = await parts.resolver.find_by_id(tenant_id)
            if tenant is not None:
                with use_tenant(tenant):
                    await collecting.collect(parts)

    return await asyncio.gather(*(at(each) for each in tenants), return_exceptions=True)


async def _delivered(
    parts: Installation, due: Sequence[due_webhooks.DueEndpoint], *, slow: bool
) -> list[BaseException | None]:
    places = asyncio.Semaphore(_SLOW_AT_ONCE if slow else _AT_ONCE)
    in_all, end = asyncio.Semaphore(_SLOW_AT_ONCE), time.monotonic() + _RUN_SECONDS
    visits, requests = _places_by_tenant(), _places_by_tenant()

    async def at(each: due_webhooks.DueEndpoint) -> None:
        # The tenant's place first: where its endpoints hang, they keep no more of all than that.
        own = visits[each.tenant_id]
        async with own, in_all, place(places, seconds=_RUN_SECONDS if slow else _SLOW_SECONDS):
            tenant = await parts.resolver.find_by_id(each.tenant_id)
            if tenant is None or time.monotonic() > end:
                return
            with use_tenant(tenant):
                endpoint = await _found(each.id)
                if endpoint is not None:
                    await _visit(parts, endpoint, requests[each.tenant_id], end=end)

    return await asyncio.gather(*(at(each) for each in due), return_exceptions=True)


def _places_by_tenant() -> defaultdict[UUID, asyncio.Semaphore]:
    return defaultdict(lambda: asyncio.Semaphore(_OF_ONE_TENANT))


async def _known() -> list[Endpoint]:
    async with storage.transaction():
        return await endpoints.every()


async def _found(endpoint_id: UUID) -> Endpoint | None:
    async with storage.transaction():
        return await endpoints.find(endpoint_id)


async def _visit(
    parts: Installation, endpoint: Endpoint, places: asyncio.Semaphore, *, end: float
) -> None:
    """Send what is due to one, for a while that begins with its first place and is over when all
    of them end."""
    seconds = _SLOW_VISIT_SECONDS if endpoint.slow else _VISIT_SECONDS
    until: float | None = None

    async def work() -> None:
        nonlocal until
        while True:
            # Before it is taken: nobody waits for a place with what others could send.
            async with places:
                until = until or min(end, time.monotonic() + seconds)
                # Others of the tenant may have kept the place for long.
                if time.monotonic() > until:
                    return
                due = await _next(parts, endpoint.id)
                if due is None:
                    return
                await _tried(parts, *due)

    workers = 1 if endpoint.is_weary else _OF_ONE_TENANT
    raise_first(await asyncio.gather(*(work() for _ in range(workers)), return_exceptions=True))


async def _next(parts: Installation, endpoint_id: UUID) -> tuple[Endpoint, WebhookDelivery] | None:
    """What is due to an endpoint that may be asked now."""
    now = parts.clock()
    async with storage.transaction():
        endpoint = await endpoints.find(endpoint_id)
        if endpoint is None or not _may_be_asked(endpoint, now):
            return None
        if endpoint.failures:
            await endpoints.held(endpoint_id)  # first, as whoever changes it does
            old = now - TRIED_FOR
            gone = await sendings.give_up_old(endpoint_id, before=old, now=now, error=_TOO_OLD)
            if gone and not await sendings.waiting(endpoint_id):
                await endpoints.rested(endpoint_id)
        taken = await sendings.take(endpoint_id, now=now, limit=1)
    return (endpoint, taken[0]) if taken else None


def _may_be_asked(endpoint: Endpoint, now: datetime) -> bool:
    if not endpoint.enabled or endpoint.paused_at is not None:
        return False
    return endpoint.not_before is None or endpoint.not_before <= now


async def _tried(parts: Installation, endpoint: Endpoint, delivery: WebhookDelivery) -> None:
    try:
        said = await _sent(parts, endpoint, delivery)
    except Exception:  # noqa: BLE001  # the others do not wait for what is wrong with this one
        _log.exception("webhook not sent", endpoint=str(endpoint.id))
        said = Answered(_OUR_FAULT)
    if said is None:
        lost = Answered(_LOST)
        async with storage.transaction():
            await sendings.give_up(delivery, lost, now=parts.clock())
        metrics.webhook_deliveries.add("failed")
    elif said.error:
        await _failed(parts, endpoint, delivery, said)
    else:
        await _taken(parts, endpoint, delivery, said)


async def _sent(
    parts: Installation, endpoint: Endpoint, delivery: WebhookDelivery
) -> Answered | None:
    """What came of it; nothing where the event is gone."""
    async with storage.transaction():
        event = await sendings.event(delivery.event_id)
    if event is None:
        return None
    return await messages.sent(parts, endpoint, messages.of_event(delivery.id, event))


async def _taken(
    parts: Installation, endpoint: Endpoint, delivery: WebhookDelivery, said: Answered
) -> None:
    slow = _is_slow(said)
    is_other = endpoint.failures > 0 or endpoint.slow != slow
    async with storage.transaction():
        if is_other:
            await endpoints.held(endpoint.id)  # first, as whoever changes it does
        await sendings.delivered(delivery, said, now=parts.clock())
        if is_other:
            await endpoints.taken(endpoint.id, slow=slow)
    metrics.webhook_deliveries.add("delivered")


async def _failed(
    parts: Installation, endpoint: Endpoint, delivery: WebhookDelivery, said: Answered
) -> None:
    """Try again later, or never again; and leave an endpoint alone that has failed for days."""
    now = parts.clock()
    until = next_attempt(delivery, AGAIN_AFTER_SECONDS, now=now, chance=random.random())  # noqa: S311
    too_old = delivery.begun_at < now - TRIED_FOR
    async with storage.transaction():
        await endpoints.held(endpoint.id)  # first, as whoever changes it does
        if until is None or too_old:
            await sendings.give_up(delivery, said, now=now)
        else:
            await sendings.postpone(delivery, said, now=now, until=until)
        pause = _pause(endpoint.failures + 1)
        failing = await endpoints.failed(endpoint.id, now=now, pause=pause, slow=_is_slow(said))
        if failing is not None:
            await pausing.pause_where_due(parts, failing, said)
        given_up = until is None or too_old
        if given_up and not await sendings.waiting(endpoint.id):
            await endpoints.rested(endpoint.id)
    metrics.webhook_deliveries.add("failed" if given_up else "postponed")
    _log.warning(
        "webhook not delivered",
        endpoint=str(endpoint.id),
        attempts=delivery.attempts,
        status=said.status,
        reason=said.error,
        given_up=given_up,
    )


def _pause(failures: int) -> timedelta | None:
    """For how long an endpoint is left alone that has failed so often."""
    if failures < WEARY:
        return None
    seconds = min(_LONGEST_PAUSE, 2.0 ** min(failures, 10))
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311  # not secret


def _is_slow(said: Answered) -> bool:
    return said.seconds > _SLOW_SECONDS


async def _measure(parts: Installation) -> None:
    database, now = parts.settings.database, parts.clock()
    lag = await due_webhooks.lag(database, now=now, most=collecting.MOST_WAITING)
    metrics.webhook_lag_seconds.set(lag.total_seconds())
    for status, level in (
        ("pending", metrics.webhook_deliveries_waiting),
        ("failed", metrics.webhook_deliveries_dead),
    ):
        level.set(await due_webhooks.count(database, status, now=now))
    metrics.webhook_endpoints_paused.set(len(await due_webhooks.paused(database, now=now)))
