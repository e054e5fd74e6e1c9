"""Tells plugins what has happened, from each tenant's audit log, in order and at least once.

A plugin that cannot be told keeps its place and is told again after ever longer pauses; no other
plugin and no other tenant waits for it. Those that take long are told beside the others.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from authgate import storage
from authgate.feeds import lag, lifecycles
from authgate.feeds.places import place, raise_first
from authgate.installation import Installation
from authgate.plugin_api import AuditEvent
from authgate.plugin_manager import NotConfigured, PluginFailed
from authgate.storage.audit import audit_events, audit_feeds
from authgate.storage.audit.audit_feeds import AuditFeed
from authgate.storage.sweep import due_feeds
from authgate.telemetry import metrics
from authgate_tenants import Tenant, current_tenant, use_tenant

BATCH = 100
"""Events that a plugin is told of at once; half as many after each time that it could not be told,
until a visit has got ahead: it may be that so many take it too long."""

_MOST_DUE = 2000
"""Feeds that a run takes up; the next one goes on with those that wait longest."""
_AT_ONCE, _SLOW_AT_ONCE = 8, 64
"""Tenants whose plugins are told at the same time: slow ones do nothing but wait for an answer, so
one that turns out to be slow gives its place to the next."""
_RUN_SECONDS = 30.0
"""After so long a run takes up no more tenants: the next one begins with them."""
_SLOW_SECONDS = 2.0
"""After so long one that may still ask the database gives its place to the next."""
_VISIT_SECONDS, _SLOW_VISIT_SECONDS = _SLOW_SECONDS, 5.0
"""After so long a plugin is told more of what waits by the next run: not after its place is gone,
or all that have much to catch up with would ask the database beside each other."""

_IDLE = timedelta(seconds=5)
_AWAY = timedelta(minutes=15)
"""Until somebody looks again at a plugin that is paused, not set up, or not installed here. When a
tenant changes that it is told at once."""
_LONGEST_PAUSE = timedelta(minutes=5)


async def keep_feeds(parts: Installation, enabled: Sequence[str], *, now: datetime) -> None:
    """Have the plugins that the current tenant has enabled be told of what happens from now on,
    where they were not before, and no others."""
    heard = [each for each in enabled if parts.plugins.hooks.hears(each)]
    await audit_feeds.keep(enabled, heard=heard, now=now)


async def feed_everywhere(parts: Installation, *, slow: bool = False) -> None:
    """Tell the plugins of all tenants that are due: those that took long the last time, or the
    others. Raises what fails, once all are gone through; not that a plugin does."""
    database, now = parts.settings.database, parts.clock()
    due = await due_feeds.due(database, slow=slow, now=now, limit=_MOST_DUE)
    places = asyncio.Semaphore(_SLOW_AT_ONCE if slow else _AT_ONCE)
    in_all, end = asyncio.Semaphore(_SLOW_AT_ONCE), time.monotonic() + _RUN_SECONDS

    async def at(tenant_id: UUID) -> None:
        async with in_all, place(places, seconds=_RUN_SECONDS if slow else _SLOW_SECONDS):
            if time.monotonic() > end:
                return
            # Also one that is not served: that it is suspended is what somebody wants to know.
            tenant = await parts.resolver.find_by_id(tenant_id)
            if tenant is not None:
                with use_tenant(tenant):
                    await feed_plugins(parts, slow=slow)

    tenants = dict.fromkeys(each.tenant_id for each in due)
    ended = await asyncio.gather(*(at(each) for each in tenants), return_exceptions=True)
    if not slow:
        await lag.measure(parts, due)
    raise_first(ended)


async def feed_plugins(parts: Installation, *, slow: bool = False) -> None:
    """Tell those of the current tenant's that are due, all of them at once."""
    async with storage.transaction():
        due = await audit_feeds.taken(now=parts.clock(), slow=slow)
    raise_first(await asyncio.gather(*(_feed(parts, each) for each in due), return_exceptions=True))


async def _feed(parts: Installation, feed: AuditFeed) -> None:
    running = current_tenant().settings.running_plugins
    if feed.plugin not in running or not parts.plugins.hooks.hears(feed.plugin):
        await _leave_alone(parts, feed)
        return
    end = time.monotonic() + (_SLOW_VISIT_SECONDS if feed.slow else _VISIT_SECONDS)
    limit = max(1, BATCH >> feed.failures)
    current = await _told_next(parts, feed, limit)
    # One of the slow that has become quick is told on by the others' job, which has fewer places.
    while current is not None and current.slow == feed.slow and time.monotonic() < end:
        current = await _told_next(parts, current, limit)
    if current is not None:
        await _store(current, parts.clock())


async def _told_next(parts: Installation, feed: AuditFeed, limit: int) -> AuditFeed | None:
    """The feed once its plugin was told of so many, where more wait that it can be told of."""
    now = parts.clock()
    async with storage.transaction():
        batch = await audit_feeds.following(feed, now=now, limit=limit)
    began = time.monotonic()
    try:
        await _tell(parts, feed.plugin, batch.events)
    except NotConfigured:
        await _leave_alone(parts, feed)
        return None
    except PluginFailed:
        failed = replace(feed.failed(batch.events), slow=_is_slow(began))
        await _store(failed, parts.clock() + _pause(feed.failures))
        return None
    is_last = len(batch.events) < limit
    moved = feed.moved(batch.events, certain=batch.certain, all_told=is_last)
    moved = replace(moved, slow=_is_slow(began) if batch.events else feed.slow)
    stored = await _store(moved, parts.clock() + (_IDLE if is_last else audit_feeds.LEASE))
    return None if is_last else stored


async def _tell(
    parts: Installation, plugin: str, events: Sequence[audit_events.AuditEvent]
) -> None:
    if events:
        tenant = current_tenant()
        told = [as_told(tenant, each) for each in events]
        await parts.plugins.hooks.tell(plugin, told, tenant_id=tenant.id)
        metrics.plugin_events_told.add(plugin, by=len(events))


async def _leave_alone(parts: Installation, feed: AuditFeed) -> None:
    # It is not behind: its tenant has it wait.
    left = replace(feed, failures=0, waiting_since=None)
    await _store(left, parts.clock() + _AWAY)


async def _store(feed: AuditFeed, next_at: datetime) -> AuditFeed | None:
    async with storage.transaction():
        return await audit_feeds.store(feed, next_at=next_at)


def _is_slow(began: float) -> bool:
    return time.monotonic() - began > _SLOW_SECONDS


def _pause(failures: int) -> timedelta:
    return min(_LONGEST_PAUSE, timedelta(seconds=2 ** min(failures + 1, 10)))


def as_told(tenant: Tenant, event: audit_events.AuditEvent) -> AuditEvent:
    """An event of the tenant's log as plugins are told of it."""
    return AuditEvent(
        id=str(event.id),
        tenant=tenant.slug,
        type=event.event_type,
        lifecycle=lifecycles.of(event.event_type) if event.success else None,
        severity=event.severity,
        occurred_at=event.occurred_at,
        success=event.success,
        actor_type=event.actor_type,
        actor_id=event.actor_id,
        actor_name=event.actor_name,
        client_id=event.client_id,
        resource_type=event.resource_type,
        resource_id=event.resource_id,
        address=event.ip,
        user_agent=event.user_agent,
        request_id=event.request_id,
        session_id=event.session_id,
        details=event.details,
    )
