"""A peer that takes too little of its answer, which would keep it and its connection for ever.

The kernel cuts a peer that reads nothing. One that reads a byte now and then is ours to cut, and so
is one that reads all and gives no leave to send more (HTTP/2 flow control).
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Self, cast

LEAST_BYTES = 8 * 1024
"""What a peer has to take in the time that it is given; in 30 seconds that is 273 bytes a second,
which the slowest telephone can do."""


_AT_ONCE = struct.pack("ii", 1, 0)


def cut(transport: asyncio.BaseTransport) -> None:
    """End a connection, and forget what the kernel would still send."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    cast("asyncio.WriteTransport", transport).abort()


class StalledPeer:
    """Watches, from when an answer is held up until it no longer is, that the peer takes some."""

    __slots__ = ("_before", "_give_up", "_loop", "_seconds", "_taken", "_timer")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        seconds: float,
        taken: Callable[[], int],
        give_up: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._taken = taken
        """A number that grows by every byte the peer takes."""
        self._give_up = give_up
        self._before = 0
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    def of(
        cls, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, *, seconds: float
    ) -> Self:
        """A watch over what waits in this transport, which is cut if the peer does not take it.

        Its protocol tells of it: paused is held up, resumed is flowing.
        """
        return cls(
            loop,
            seconds=seconds,
            taken=lambda: -transport.get_write_buffer_size(),
            give_up=lambda: cut(transport),
        )

    def held_up(self) -> None:
        """Expect the peer to take some, from now on."""
        if self._timer is None:
            self._before = self._taken()
            self._timer = self._loop.call_later(self._seconds, self._look)

    def flows(self) -> None:
        """Expect nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._taken() - self._before < LEAST_BYTES:
            self._give_up()
        else:
            self.held_up()
