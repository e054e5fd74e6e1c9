"""An answer that goes on: a page that is open is told that something is different (server-sent
events, HTML Living Standard section 9.2).

What is different it is not told: it asks for itself again. So nothing waits here for a reader who
is slow, and one who comes back after a while has missed nothing.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import count
from time import monotonic

from authgate.live import News
from authgate.web import draining

MEDIA_TYPE = "text/event-stream"

HEARTBEAT_SECONDS = 15.0
"""Proxies give up what is silent for longer, many of them after half a minute."""

RIGHT_SECONDS = 3.0
"""So often it is looked whether the reader still may: the stream ends within five seconds."""

LONGEST_SECONDS = 900.0
"""Then the browser has to come again: whoever does not read is not kept for ever."""

_PAUSE_SECONDS = 1.0
"""Between two events at least: what happens meanwhile is told together."""

_OPENING = b"retry: 2000\n\n"
_HEARTBEAT = b":\n\n"

May = Callable[[], Awaitable[bool]]


async def events(news: News, may: May) -> AsyncGenerator[bytes]:
    """Tell of news, the first time at once: something may have changed since the page was made.

    Ends where the reader has lost the right to them, where this process leaves, and some day.
    """
    yield _OPENING
    ends_at, numbers = monotonic() + LONGEST_SECONDS, count(1)
    beats_at = checked_at = monotonic()
    news.wake()
    while monotonic() < ends_at and not draining.has_begun():
        if monotonic() - checked_at >= RIGHT_SECONDS:
            if not await may():
                return
            checked_at = monotonic()
        # No longer than until that is looked at again: what is told is told to who still may.
        if await news.come(max(0.0, checked_at + RIGHT_SECONDS - monotonic())):
            yield b"id: %d\nevent: changed\ndata: .\n\n" % next(numbers)
            beats_at = monotonic()
            await asyncio.sleep(_PAUSE_SECONDS)
        elif monotonic() - beats_at >= HEARTBEAT_SECONDS - RIGHT_SECONDS:
            yield _HEARTBEAT
            beats_at = monotonic()
