"""The application's calls on one Hypercorn connection, and what their requests bring.

On its own Hypercorn puts every piece of a body into a queue of ten and waits for room. An
application that answers without reading leaves that queue full, and then both the connection and
the answer's own end wait for ever.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import NoReturn

from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.config import Config
from hypercorn.typing import AppWrapper, ASGIReceiveEvent, ASGISendEvent, Scope

logger = logging.getLogger(__name__)

MOST_UNREAD = 32 * 1024
"""Bytes of a body that wait for the application before no more are asked for. An HTTP/2 client may
have sent 64 KiB ahead by then (RFC 9113 section 6.9.2)."""


class Calls(TaskGroup):
    """A connection's tasks, of which some are calls of the application."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, one_at_a_time: bool) -> None:
        super().__init__(loop)
        self.running = 0
        """Calls that have not come to their end, whether or not anybody waits for the answer."""
        self.when_one_ends: Callable[[], None] = _nothing
        self._one_at_a_time = one_at_a_time

    async def spawn_app(
        self,
        app: AppWrapper,
        config: Config,
        scope: Scope,
        send: Callable[[ASGISendEvent | None], Awaitable[None]],
    ) -> "Inbox":
        # Where requests share a connection, one that is not read must not hold up the others.
        inbox = Inbox(holds_up=self._one_at_a_time)
        self.running += 1
        self.spawn(self._call, app, scope, inbox, send)
        return inbox

    async def _call(
        self,
        app: AppWrapper,
        scope: Scope,
        inbox: "Inbox",
        send: Callable[[ASGISendEvent | None], Awaitable[None]],
    ) -> None:
        try:
            await app(scope, inbox.receive, send, _no_threads, _no_threads)
        except Exception:
            logger.exception("the application failed")
        finally:
            self.running -= 1
            self.when_one_ends()
            inbox.close()
        # Not of a call that is cancelled: its connection is gone, and would be waited for.
        await send(None)


class Inbox:
    """What a request brings, in one piece however small the pieces that it came in."""

    def __init__(self, *, holds_up: bool) -> None:
        self._holds_up = holds_up
        self._body = bytearray()
        self._is_whole = False
        self._end_is_told = False
        self._client_is_gone = False
        self._is_closed = False
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def __call__(self, event: ASGIReceiveEvent) -> None:
        """Take what comes from the client; in HTTP/1.1, wait until there is room for more."""
        if event["type"] == "http.disconnect":
            self._client_is_gone = True
            self._room.set()
        elif event["type"] == "http.request" and not self._is_closed:
            self._body += event["body"]
            self._is_whole = not event["more_body"]
        self._news.set()
        if self._holds_up:
            await self.room()

    @property
    def is_full(self) -> bool:
        return len(self._body) >= MOST_UNREAD

    async def room(self) -> None:
        """Wait until more may be taken."""
        while self.is_full and not self._client_is_gone:
            self._room.clear()
            await self._room.wait()

    async def receive(self) -> ASGIReceiveEvent:
        """What the application is told next."""
        while not self._body and (self._end_is_told or not self._is_whole):
            if self._client_is_gone:
                return {"type": "http.disconnect"}
            self._news.clear()
            await self._news.wait()
        body = bytes(self._body)
        self._body.clear()
        self._end_is_told = self._is_whole
        self._room.set()
        return {"type": "http.request", "body": body, "more_body": not self._is_whole}

    def close(self) -> None:
        """Nobody will read on: drop what has come, and what comes."""
        self._is_closed = True
        self._body.clear()
        self._room.set()


def _nothing() -> None:
    """Nobody counts along."""


async def _no_threads(*_: object) -> NoReturn:
    raise NotImplementedError  # only WSGI applications are run in threads, and ours is an ASGI one
