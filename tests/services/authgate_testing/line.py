"""A line to a server, in the shapes that lines take when they fail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from authgate_testing.processes import LOOPBACK


class Line:
    """Passes bytes on between a port of its own and another, until it is told not to."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target_port = target_port
        self._listener: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._delay = 0.0
        self._swallows = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def stall(self) -> None:
        """Take connections and bytes, and pass nothing on."""
        self._flows.clear()

    def slow_down(self, seconds: float) -> None:
        """Pass everything on so much later."""
        self._delay = seconds

    def swallow(self) -> None:
        """Pass on what is asked, and nothing of what is answered."""
        self._swallows = True

    def cut(self) -> None:
        """End every connection; new ones are taken."""
        for writer in self._writers:
            writer.transport.abort()

    async def refuse(self) -> None:
        """End every connection and take no new one."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.cut()

    async def heal(self) -> None:
        """Pass on what was held back, and all that follows; what was swallowed is gone."""
        self._delay, self._swallows = 0.0, False
        self._flows.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._meet, LOOPBACK, self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)  # a task that is cancelled before it begins ends nothing
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = {writer}
        try:
            with suppress(OSError):
                behind, outer = await asyncio.open_connection(LOOPBACK, self._target_port)
                pair.add(outer)
                self._writers.add(outer)
                await asyncio.gather(
                    self._pass(reader, outer, is_answer=False),
                    self._pass(behind, writer, is_answer=True),
                )
        finally:
            self._writers -= pair
            for each in pair:
                each.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        while data := await reader.read(65536):
            await self._flows.wait()
            if self._delay:
                await asyncio.sleep(self._delay)
            if is_answer and self._swallows:
                continue
            writer.write(data)
            await writer.drain()
        writer.write_eof()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    """A line to this port on loopback until the block ends."""
    line = Line(port)
    await line.heal()
    try:
        yield line
    finally:
        await line.refuse()
