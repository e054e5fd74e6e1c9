"""A client's own server, which is told over TLS when a session is over."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs


@dataclass(slots=True)
class RelyingParty:
    """Keeps what it was told."""

    uri: str = ""
    told: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    """Logout tokens, as they came."""
    answers: list[int] = field(default_factory=list)
    """What it answers next, by HTTP's codes; 200 when there is nothing here."""

    async def next(self) -> str:
        """The logout token that comes next."""
        async with asyncio.timeout(30):
            return await self.told.get()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        assert head.startswith("post /logout?of=rp http/1.1")
        assert "content-type: application/x-www-form-urlencoded" in head
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
        form = parse_qs((await reader.readexactly(length)).decode())
        assert form.keys() == {"logout_token"}
        status = self.answers.pop(0) if self.answers else 200
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()
        self.told.put_nowait(form["logout_token"][0])


@asynccontextmanager
async def listening(
    certificate: tuple[Path, Path], party: RelyingParty | None = None
) -> AsyncIterator[RelyingParty]:
    """A client's server on a free port of this machine."""
    party = party or RelyingParty()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    server = await asyncio.start_server(party.answer, "127.0.0.1", 0, ssl=tls)
    party.uri = f"https://localhost:{server.sockets[0].getsockname()[1]}/logout?of=rp"
    async with server:
        yield party
