"""What a client would like (RFC 7240): that its answer waits until there is something to tell."""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter

from authgate.web.machine import Gone, Headers, Reply

MOST_SECONDS = 25
"""Proxies give up requests that stay unanswered, many of them after 30 seconds."""

_APPLIED: Headers = ((b"preference-applied", b"wait"),)

_WAIT = re.compile(rb'[ \t]*wait[ \t]*=[ \t]*"?(\d{1,9})"?[ \t]*(?:;|\Z)', re.IGNORECASE)


class Wait:
    """How long a client is willing to wait for an answer (RFC 7240 section 4.3)."""

    __slots__ = ("_gone", "_watch", "is_applied", "is_cut_short", "lasted", "seconds")

    def __init__(self, seconds: float, gone: Gone | None) -> None:
        self.seconds = seconds
        self._gone = gone
        self._watch: asyncio.Task[None] | None = None
        self.is_applied = False
        """Whether the answer has been kept waiting, and says so."""
        self.is_cut_short = False
        """Whether it was us who did not wait for longer: the client may ask again at once."""
        self.lasted = 0.0
        """Seconds that were spent waiting."""

    @property
    def is_abandoned(self) -> bool:
        """Whether the client has left: whatever it would be told is lost."""
        return self._watch is not None and self._watch.done()

    @contextmanager
    def begun(self, wake: Callable[[], None]) -> Iterator[None]:
        """Be waiting until the block ends; ``wake`` is called should the client leave before."""
        began, self.is_applied = perf_counter(), True
        if self._gone is not None:
            self._watch = asyncio.create_task(_watched(self._gone))
            self._watch.add_done_callback(lambda _: wake())
        try:
            yield
        finally:
            if self._watch is not None:
                self._watch.cancel()
            self.lasted = perf_counter() - began


def waited(reply: Reply, wait: Wait | None) -> Reply:
    """The answer to a client that was kept waiting, if it was (RFC 7240 section 3)."""
    if wait is None or not wait.is_applied:
        return reply
    return reply._replace(own=reply.own + _APPLIED, waited=wait.lasted)


def wait(headers: Iterable[tuple[bytes, bytes]], gone: Gone | None) -> Wait | None:
    """How long an answer may wait, if the client says that it may; the first counts."""
    for name, value in headers:
        if name == b"prefer":
            for preference in value.split(b","):
                found = _WAIT.match(preference)
                if found:
                    seconds = min(int(found[1]), MOST_SECONDS)
                    return Wait(seconds, gone) if seconds else None
    return None


async def _watched(gone: Gone) -> None:
    await gone()
