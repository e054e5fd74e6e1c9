"""Looking, once a second, at what nobody tells of: as long as somebody listens, and once for all.

For what happens with every token, which must not cost the telling, and for what changes by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import Context

import structlog

from authgate.live.news import Newsroom, Topic
from authgate_tenants import Tenant, use_tenant

Look = Callable[[], Awaitable[str]]
"""What there is, in few letters: others mean that something has changed."""

_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class Lookout:
    """Wakes those who listen to a topic when what there is of it is different."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._watched: dict[Topic, int] = {}
        self._tasks: dict[Topic, asyncio.Task[None]] = {}

    @contextmanager
    def kept(self, topic: Topic, look: Look, tenant: Tenant) -> Iterator[None]:
        """Look at it until the block ends, in this tenant; one look serves all."""
        if topic not in self._watched:
            self._watched[topic] = 0
            # An empty context: what one of them was doing is no matter of the others'.
            work = self._watch(topic, look, tenant)
            self._tasks[topic] = asyncio.create_task(work, context=Context())
        self._watched[topic] += 1
        try:
            yield
        finally:
            self._watched[topic] -= 1
            if not self._watched[topic]:
                del self._watched[topic]
                self._tasks.pop(topic).cancel()

    async def _watch(self, topic: Topic, look: Look, tenant: Tenant) -> None:
        before: str | None = None
        while True:
            try:
                with use_tenant(tenant):
                    now = await look()
            except Exception:  # noqa: BLE001  # the database is away for a moment, or it is our fault
                _log.warning("nothing seen", kind=topic.kind, exc_info=True)
            else:
                if before is not None and now != before:
                    self._newsroom.wake(topic)
                before = now
            await asyncio.sleep(_SECONDS)
