"""A worker's watch over the shared listening socket.

asyncio's own server drops connections it has accepted and not yet attached when it is closed.
So we accept ourselves: to stop is to take away a reader, and what is accepted is served.
"""

import asyncio
import errno
import logging
import math
import socket
from collections.abc import Awaitable, Callable

from authgate.serving.crowd import Crowd

logger = logging.getLogger(__name__)

_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_REST_SECONDS = 0.1
_SECONDS_BETWEEN_WARNINGS = 60.0


class Listener:
    """Accepts connections while it watches, and knows those that are still served."""

    def __init__(
        self,
        listening: socket.socket,
        *,
        serve: Callable[[socket.socket], Awaitable[None]],
        make_room: Callable[[], None],
        most: int,
        crowd: Crowd,
    ) -> None:
        """Take no more than *most* connections at a time, and those that the crowd admits."""
        self._socket = listening
        self._serve = serve
        self._make_room = make_room
        self._most = most
        self._crowd = crowd
        self._loop = asyncio.get_running_loop()
        self._resting: asyncio.TimerHandle | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._warned_at: dict[str, float] = {}

    def watch(self) -> None:
        self._resting = None
        self._loop.add_reader(self._socket, self._accept)

    def stop(self) -> None:
        """Accept what the kernel has already welcomed, then watch no more."""
        if self._resting is not None:
            self._resting.cancel()
        self._loop.remove_reader(self._socket)
        while self._accept():
            pass
        if self._resting is not None:
            self._resting.cancel()
        self._socket.close()

    async def served(self, *, within: float) -> int:
        """Wait until every connection is gone; cut those left in the end and return how many."""
        if not self._connections:
            return 0
        _, left = await asyncio.wait(self._connections, timeout=within)
        for connection in left:
            connection.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)

    def _accept(self) -> bool:
        """Accept one connection, so that the next may go to another worker."""
        if len(self._connections) >= self._most:
            self._rest("as many connections as are taken are open; idle ones are closed")
            return False
        try:
            connection, (address, *_) = self._socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            self._rest("no descriptor left for a new connection; idle ones are closed")
            return False
        if not self._crowd.admits(address):
            self._warn("an address has as many connections as one may have; it gets no more")
            connection.close()
            return True
        task = self._loop.create_task(self._attend(connection, address))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        return True

    def _rest(self, reason: str) -> None:
        # The connection stays readable in the kernel's queue: to go on watching would spin.
        self._warn(reason)
        self._loop.remove_reader(self._socket)
        self._make_room()
        self._resting = self._loop.call_later(_REST_SECONDS, self.watch)

    def _warn(self, reason: str) -> None:
        # Once a minute tells as much as a flood of lines would.
        now = self._loop.time()
        if now - self._warned_at.get(reason, -math.inf) >= _SECONDS_BETWEEN_WARNINGS:
            self._warned_at[reason] = now
            logger.warning("%s", reason)

    async def _attend(self, connection: socket.socket, address: str) -> None:
        try:
            await self._serve(connection)
        except* OSError as group:
            # The peer's doing: a reset, a handshake that failed, a certificate it refused.
            logger.debug("connection lost: %s", type(group.exceptions[0]).__name__)
        except* Exception:
            logger.exception("connection failed")
        finally:
            self._crowd.leave(address)
