"""A server in TLS on this machine that speaks another protocol than HTTP: whatever a test says."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol


class Line(Protocol):
    """One connection, as the server has it."""

    async def send(self, content: bytes) -> None:
        """Say something."""
        ...

    async def receive(self) -> bytes:
        """What came, some of it; nothing where the other side has ended."""
        ...


Talk = Callable[[Line], Awaitable[None]]
"""What the server does on each connection, which ends with it; one that raises ``ConnectionError``
cuts it."""


class _Connected:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, content: bytes) -> None:
        self._writer.write(content)
        await self._writer.drain()

    async def receive(self) -> bytes:
        return await self._reader.read(65_536)


@asynccontextmanager
async def listening(certificate: tuple[Path, Path], talk: Talk) -> AsyncIterator[str]:
    """A server with this certificate and its key, for as long as the block lasts: its name and
    port."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    talks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.current_task())  # type: ignore[arg-type]  # there is one: this
        try:
            await talk(_Connected(reader, writer))
            writer.close()
        except (ConnectionError, ssl.SSLError):
            writer.transport.abort()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"localhost:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for each in talks:
            each.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await server.wait_closed()
