"""A line to a server that can be cut, and one that goes dead without a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from authgate_testing.processes import LOOPBACK, free_port


class SeverableLine:
    """Forwards what comes to ``port``, until it is told not to."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()

    async def restore(self) -> None:
        """Forward again."""
        self._flows.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._accept, LOOPBACK, self.port)

    async def cut(self) -> None:
        """Break every connection and take no new one."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for writer in self._open:
            writer.transport.abort()
        for task in list(self._carrying):
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    def go_dead(self) -> None:
        """Keep every connection, take new ones, and carry nothing."""
        self._flows.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = await asyncio.open_connection(LOOPBACK, self._target)
        for source, target in ((reader, behind[1]), (behind[0], writer)):
            self._open.add(target)
            task = asyncio.create_task(self._carry(source, target))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                await self._flows.wait()
                target.write(data)
                await target.drain()
        target.close()
        self._open.discard(target)


@asynccontextmanager
async def severable_line(target: int) -> AsyncIterator[SeverableLine]:
    """A line to this port on loopback."""
    line = SeverableLine(target)
    await line.restore()
    try:
        yield line
    finally:
        await line.cut()
