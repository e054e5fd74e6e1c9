"""An https server on this machine that says what a site tells it to say."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

FORM = "application/x-www-form-urlencoded"

JSON = {"content-type": "application/json"}
"""Of every answer that says nothing else."""


@dataclass(frozen=True)
class Asked:
    """One request that reached the pretend server."""

    method: str
    path: str
    """With the query behind it."""
    headers: Mapping[str, str]
    """By lower-case name."""
    form: Mapping[str, str]
    body: bytes = b""
    """As it was sent, which a signature may be made over."""


@dataclass
class Answer:
    """What the pretend server says, and how."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    never_ends: bool = False


Site = Callable[[Asked], Answer]
"""What a server says to each request."""


@dataclass
class Host:
    """An https server on the loopback address."""

    port: int
    name: str
    """``localhost:<port>``."""
    asked: list[Asked]
    site: Site

    def says(self, **said: Any) -> None:
        """Answer this to everything."""
        self.site = lambda asked: Answer(**said)


@asynccontextmanager
async def opened(certificate: tuple[Path, Path], *, port: int = 0) -> AsyncIterator[Host]:
    """A server with this certificate and its key, for as long as the block lasts.

    It says ``{}`` to everything until it is given a site. Raises ``OSError`` where the port is
    taken; 0 is any that is free.
    """
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.current_task())  # type: ignore[arg-type]  # there is one: this
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            asked = await _read(reader)
            running.asked.append(asked)
            await _write(writer, running.site(asked))
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", port, ssl=tls)
    at = server.sockets[0].getsockname()[1]
    running = Host(port=at, name=f"localhost:{at}", asked=[], site=lambda asked: Answer())
    try:
        yield running
    finally:
        server.close()
        for each in talks:
            each.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await server.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    lines = (line.partition(": ") for line in head[1:] if line)
    headers = {name.lower(): value for name, _, value in lines}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    form = (
        parse_qsl(body.decode("ascii")) if headers.get("content-type", "").startswith(FORM) else []
    )
    return Asked(method, path, headers, dict(form), body)


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    headers = JSON | {"connection": "close"} | answer.headers
    if not answer.never_ends:
        headers["content-length"] = str(len(answer.body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {answer.status} Said\r\n{lines}\r\n".encode("latin-1") + answer.body)
    await writer.drain()
    while answer.never_ends:
        writer.write(answer.body)
        await writer.drain()
        await asyncio.sleep(0)
