"""Speaking with one LDAP server: one operation after the other, over a stream in TLS."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from authgate.plugin_api import Network, Stream
from authgate_ldap import messages
from authgate_ldap.messages import Entry, NoLdap, Result, Search

SIZE_LIMIT = 4
"""Of a search: there are more entries than were asked for."""


_MOST_REFERENCES = 100
"""Of an answer. Active Directory says one for each of its other domains."""
_AT_ONCE = 4096
"""Octets of a message that are decoded where everybody waits for it."""
_APART = ThreadPoolExecutor(1, thread_name_prefix="ldap")
"""Decodes what is larger: one message at a time, whichever directories they are of."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to."""

    entries: Sequence[Entry]
    result: Result

    @property
    def is_whole(self) -> bool:
        """Whether these are all there are."""
        return self.result.is_success


class Conversation:
    """A connection to one server."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._received = bytearray()
        self._number = 0
        self._taken = 0
        """Octets that came for the question under way."""

    async def start_tls(self) -> None:
        """Go on in TLS (RFC 4511 section 4.14). Raises ``NoLdap`` and ``StreamFailure``."""
        result = await self._one(messages.start_tls_request(self._next()), "extendedResp")
        if not result.is_success:
            raise NoLdap(f"The server does not begin TLS: result {result.code}.")
        if self._received:
            # What came in the clear would be taken for what came in TLS.
            raise NoLdap("The server says more before TLS than it may.")
        await self._stream.start_tls()

    async def bind(self, dn: str, password: str) -> Result:
        """Prove who speaks. Raises ``NoLdap``, ``StreamFailure`` and ``ValueError``."""
        if not password:
            # RFC 4513 section 5.1.2: it would be let in as nobody, and taken for somebody.
            raise ValueError("a bind without a password")
        return await self._one(messages.bind_request(self._next(), dn, password), "bindResponse")

    async def search(self, search: Search) -> Found:
        """Look for entries; where the server says to look elsewhere, that is left alone. Raises
        ``NoLdap`` and ``StreamFailure``."""
        await self._stream.send(messages.search_request(self._next(), search))
        entries: list[Entry] = []
        elsewhere = self._taken = 0
        while True:
            name, operation = await self._answer()
            if name == "searchResDone":
                result = messages.result_of(operation)
                return Found(entries, result)
            if name == "searchResEntry":
                entries.append(messages.entry_of(operation))
            elif name == "searchResRef":
                elsewhere += 1
            else:
                raise NoLdap("An answer that belongs to no search.")
            if elsewhere > _MOST_REFERENCES:
                raise NoLdap("An answer that leads to too many other servers.")
            if len(entries) > search.most:
                return Found(entries, Result(SIZE_LIMIT, ""))

    async def _one(self, request: bytes, expected: str) -> Result:
        self._taken = 0
        await self._stream.send(request)
        name, operation = await self._answer()
        if name != expected:
            raise NoLdap("An answer to another question.")
        return messages.result_of(operation)

    async def _answer(self) -> tuple[str, Any]:
        while (content := messages.taken_from(self._received)) is None:
            came = await self._stream.receive()
            if not came:
                raise NoLdap("The server has ended the connection.")
            self._taken += len(came)
            if self._taken > messages.MOST_OF_ANSWER:
                raise NoLdap("An answer that is too long.")
            self._received += came
        number, name, operation = await _decoded(content)
        if number != self._number:
            raise NoLdap("An answer to another question.")
        return name, operation

    def _next(self) -> int:
        self._number += 1
        return self._number


async def _decoded(content: bytes) -> tuple[int, str, Any]:
    if len(content) > _AT_ONCE:
        return await asyncio.get_running_loop().run_in_executor(_APART, messages.decoded, content)
    await asyncio.sleep(0)  # many small ones take as long
    return messages.decoded(content)


@asynccontextmanager
async def speaking(
    network: Network, host: str, port: int, *, starts_tls: bool
) -> AsyncIterator[Conversation]:
    """A connection in TLS, until the block ends. Raises ``NoLdap`` and ``StreamFailure``."""
    async with network.open(host, port, tls=not starts_tls) as stream:
        conversation = Conversation(stream)
        if starts_tls:
            await conversation.start_tls()
        yield conversation
