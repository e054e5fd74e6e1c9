"""Topics, who tells of them, and who listens."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import NamedTuple, Self
from uuid import UUID

from authgate.storage.invalidation import Invalidations
from authgate.telemetry import metrics
from authgate_tenants import current_tenant

NEWS = "news"
"""The topic of invalidation that all of this is told under."""

_DEAF_SECONDS = 0.9
"""After so long whoever cannot be told by other processes looks again."""


class Kind(StrEnum):
    """What changes while somebody may be waiting for it."""

    AUDIT_EVENTS = "audit_events"
    """What is in the tenant's log."""
    DEVICE_CODE = "device_code"
    """Whether a device's request is approved; by the id of its row."""
    DEVICE_TOKEN = "device_token"
    """Whether a device has fetched its token; by the id of its request."""
    EXPORTS = "exports"
    """How far the files have come that hold all of the tenant."""
    INSTALLATION = "installation"
    """Whether the installation is well."""
    OVERVIEW = "overview"
    """What the tenant comes to, and what somebody should look at."""
    USER_IMPORT = "user_import"
    """How far a file of people has been gone through; by its id."""


class Topic(NamedTuple):
    """Something of a tenant's that changes."""

    tenant_id: UUID
    kind: Kind
    of: str = ""
    """One of its kind; empty for all of them."""

    @classmethod
    def here(cls, kind: Kind, of: UUID | str = "") -> Self:
        """The current tenant's."""
        return cls(current_tenant().id, kind, str(of))


class News:
    """What one listener has not looked at yet."""

    def __init__(self, *, look_again: float | None) -> None:
        self._are_there = asyncio.Event()
        self._look_again = look_again

    def wake(self) -> None:
        """Have the listener look again."""
        self._are_there.set()

    async def come(self, within: float) -> bool:
        """Wait for so many seconds at most; whether there may be something to read.

        What came since the last time counts too, so that nothing is missed while it was read.
        """
        seconds = within if self._look_again is None else min(within, self._look_again)
        try:
            async with asyncio.timeout(seconds):
                await self._are_there.wait()
        except TimeoutError:
            return seconds < within
        self._are_there.clear()
        return True


class Newsroom:
    """Passes news on to whoever listens in this process, from whichever process they come."""

    def __init__(self, invalidations: Invalidations) -> None:
        self._invalidations = invalidations
        self._listeners: defaultdict[UUID, dict[News, Topic]] = defaultdict(dict)
        invalidations.subscribe(NEWS, self._heard)

    async def publish(self, kind: Kind, of: UUID | str = "") -> None:
        """Tell of a change to something of the current tenant's, with the open unit of work."""
        await self._invalidations.publish(NEWS, current_tenant().id, kind, str(of))

    async def publish_all(self, tenant_id: UUID) -> None:
        """Tell all who listen to anything of this tenant's that it is no longer what it was."""
        await self._invalidations.publish(NEWS, tenant_id)

    @contextmanager
    def listening(self, topic: Topic) -> Iterator[News]:
        """Hear of this until the block ends. Whoever listens reads for the first time after."""
        self._invalidations.begin()
        news = News(look_again=None if self._invalidations.hear_others else _DEAF_SECONDS)
        self._listeners[topic.tenant_id][news] = topic
        try:
            yield news
        finally:
            listeners = self._listeners[topic.tenant_id]
            del listeners[news]
            if not listeners:
                del self._listeners[topic.tenant_id]

    def wake(self, topic: Topic) -> None:
        """Have everybody in this process look again who listens to this."""
        self._heard(*topic)

    def wake_all(self) -> None:
        """Have everybody look again: this process leaves, or may have missed something."""
        self._heard(None)

    def wake_kind(self, tenant_id: UUID | None, kind: Kind) -> None:
        """Have everybody look again who listens to this of a tenant's, or (``None``) of any."""
        self._heard(tenant_id, kind)

    def _heard(self, tenant_id: UUID | None, kind: str = "", of: str = "", *_more: str) -> None:
        tenants = list(self._listeners) if tenant_id is None else [tenant_id]
        for each in tenants:
            for news, topic in self._listeners.get(each, {}).items():
                if kind in ("", topic.kind) and (not of or topic.of in ("", of)):
                    metrics.news_told.add(topic.kind)
                    news.wake()
