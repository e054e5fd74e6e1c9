"""The plugins' streams in tests without a network: at the other end is a talk in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from authgate.plugin_api import Stream, StreamFailure
from authgate.pretend.listener import Talk

_SECONDS = 10.0


class FakeNetwork:
    """A ``Network`` that reaches these servers, each by its name, and no others."""

    def __init__(self) -> None:
        self._talks: dict[str, Talk] = {}

    def serve(self, host: str, talk: Talk) -> None:
        """Have this be what is spoken with at the host."""
        self._talks[host] = talk

    @asynccontextmanager
    async def open(
        self, host: str, port: int, *, tls: bool = True, authorities: str = ""
    ) -> AsyncIterator[Stream]:
        """A stream that ends with the block. Raises ``StreamFailure``."""
        del port, tls, authorities
        talk = self._talks.get(host)
        if talk is None:
            raise StreamFailure("The name leads to no address that may be reached.")
        there, back = asyncio.Queue[bytes](), asyncio.Queue[bytes]()
        at_server = _Side(said=back, heard=there)
        task = asyncio.ensure_future(_talked(talk, at_server, back))
        stream = _Ours(there, back, task, at_server)
        try:
            yield stream
        finally:
            there.put_nowait(b"")
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _talked(talk: Talk, side: "_Side", back: asyncio.Queue[bytes]) -> None:
    try:
        await talk(side)
    finally:
        back.put_nowait(b"")


class _Side:
    """What is said goes into one queue, what is heard comes from the other."""

    def __init__(self, said: asyncio.Queue[bytes], heard: asyncio.Queue[bytes]) -> None:
        self._said, self._heard = said, heard
        self.has_heard_the_end = False

    async def send(self, content: bytes) -> None:
        if content:
            self._said.put_nowait(content)

    async def receive(self) -> bytes:
        if self.has_heard_the_end:
            return b""
        came = await self._heard.get()
        self.has_heard_the_end = not came
        return came


class _Ours(_Side):
    def __init__(
        self,
        said: asyncio.Queue[bytes],
        heard: asyncio.Queue[bytes],
        task: asyncio.Future[None],
        other: _Side,
    ) -> None:
        super().__init__(said, heard)
        self._task, self._other = task, other

    async def send(self, content: bytes) -> None:
        await asyncio.sleep(0)  # others get their turn, as while one waits for a network
        if self._task.done():
            raise StreamFailure("The connection failed.")
        await super().send(content)

    async def start_tls(self) -> None:
        """It is in memory."""

    async def end(self) -> None:
        self._said.put_nowait(b"")
        async with asyncio.timeout(_SECONDS):
            await asyncio.wait([self._task])
        if not self._other.has_heard_the_end:
            raise StreamFailure("It did not say that it has read all of it.")
