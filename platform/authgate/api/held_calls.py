"""Reading something again once it is different: ``If-None-Match`` with ``Prefer: wait`` (RFC 7240).

So long that whoever has lost the right meanwhile is told no more than five seconds later.
"""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from time import monotonic
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from authgate.live import Kind, Look, Lookout, Newsroom, NoRoom, Room, Topic
from authgate.web import draining, prefer
from authgate.web.machine import Reply
from authgate.web.prefer import Wait
from authgate_tenants import current_tenant

MOST_SECONDS: Final = 4.0
_UNCHANGED = 304

Perform = Callable[[], Awaitable[Reply]]


class Watched(NamedTuple):
    """How it is known that what an operation reads may be different."""

    kind: Kind
    look: Look | None = None
    """At what nobody tells of."""
    unless: str = ""
    """With this parameter it costs too much to be read again and again: nobody waits."""

    def may_wait(self, query: bytes) -> bool:
        """Whether who asks this may be kept waiting."""
        return not self.unless or self.unless not in dict(parse_qsl(query.decode("latin-1")))


class HeldCalls:
    """Holds calls that would read what their caller knows."""

    def __init__(self, newsroom: Newsroom, room: Room) -> None:
        self._newsroom = newsroom
        self._lookout = Lookout(newsroom)
        self._room = room

    async def changed(self, perform: Perform, watched: Watched, wait: Wait, *, who: str) -> Reply:
        """The answer once it is another one, or when the waiting is over."""
        tenant, topic = current_tenant(), Topic.here(watched.kind)
        ends_at = monotonic() + min(wait.seconds, MOST_SECONDS)
        look = watched.look
        reply = Reply(_UNCHANGED)
        with (
            suppress(NoRoom),
            self._room.taken(tenant.id, who),
            self._newsroom.listening(topic) as news,
            self._lookout.kept(topic, look, tenant) if look else nullcontext(),
            wait.begun(news.wake),
        ):
            news.wake()  # it may be another one since it was read
            while await news.come(ends_at - monotonic()) and not wait.is_abandoned:
                reply = await perform()
                if reply.status != _UNCHANGED or draining.has_begun():
                    break
        return prefer.waited(reply, wait)
