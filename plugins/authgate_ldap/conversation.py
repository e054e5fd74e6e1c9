"""Speaking with one LDAP server: one operation after the other, over a stream in TLS."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from authgate.plugin_api import Network, Stream
from authgate_ldap import messages
from authgate_ldap.entries import Entry, NoLdap
from authgate_ldap.messages import Result, Search

SIZE_LIMIT = 4
"""Of a search: there are more entries than were asked for."""


_MOST_REFERENCES = 100
"""Of an answer. Active Directory says one for each of its other domains."""
_AT_ONCE = 1024
"""Octets of a message that are decoded where everybody waits for it."""
_HERE = 8192
"""Octets of a conversation that are."""
_APART = ThreadPoolExecutor(1, thread_name_prefix="ldap")
"""Decodes what is more: one message at a time, whichever directories they are of. Each conversation
waits for its own, so all have their turn."""


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
        self._most = messages.MOST_OF_MESSAGE
        """Octets that may."""
        self._came = self._elsewhere = 0
        self._decoded_here = 0

    async def start_tls(self) -> None:
        """Go on in TLS (RFC 4511 section 4.14). Raises ``NoLdap`` and ``StreamFailure``."""
        asked = messages.extended_request(self._next(), messages.START_TLS)
        result = messages.result_of(await self._one(asked, "extendedResp"))
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
        asked = messages.bind_request(self._next(), dn, password)
        return messages.result_of(await self._one(asked, "bindResponse"))

    async def who_am_i(self) -> str | None:
        """Whom the server takes us for, ``dn:`` or ``u:`` and a name, empty where for nobody (RFC
        4532); ``None`` where it does not say. Raises ``NoLdap`` and ``StreamFailure``."""
        asked = messages.extended_request(self._next(), messages.WHO_AM_I)
        said = await self._one(asked, "extendedResp")
        return messages.response_of(said) if messages.result_of(said).is_success else None

    async def search(self, search: Search) -> Found:
        """Look for entries; where the server says to look elsewhere, that is left alone. Raises
        ``NoLdap`` and ``StreamFailure``."""
        await self._ask(messages.search_request(self._next(), search), most=search.octets)
        entries: list[Entry] = []
        while True:
            name, operation = await self._answer()
            if name == "searchResDone":
                result = messages.result_of(operation)
                return Found(entries, result)
            if name == "searchResEntry":
                entries.append(operation)
            else:
                raise NoLdap("An answer that belongs to no search.")
            if len(entries) > search.most:
                return Found(entries, Result(SIZE_LIMIT, ""))

    async def _one(self, request: bytes, expected: str) -> Any:
        await self._ask(request, most=messages.MOST_OF_MESSAGE)
        name, operation = await self._answer()
        if name != expected:
            raise NoLdap("An answer to another question.")
        return operation

    async def _ask(self, request: bytes, *, most: int) -> None:
        self._taken = self._elsewhere = 0
        self._most = most
        await self._stream.send(request)

    async def _answer(self) -> tuple[str, Any]:
        while messages.is_reference(content := await self._message()):
            self._elsewhere += 1
            if self._elsewhere > _MOST_REFERENCES:
                raise NoLdap("An answer that leads to too many other servers.")
        number, name, operation = await self._decoded(content)
        if number != self._number:
            raise NoLdap("An answer to another question.")
        return name, operation

    async def _message(self) -> bytes:
        while (content := messages.taken_from(self._received)) is None:
            came = await self._stream.receive()
            if not came:
                raise NoLdap("The server has ended the connection.")
            self._taken += len(came)
            self._came += len(came)
            if self._taken > self._most or self._came > messages.MOST_OF_CONVERSATION:
                raise NoLdap("An answer that is too long.")
            self._received += came
        return content

    async def _decoded(self, content: bytes) -> tuple[int, str, Any]:
        self._decoded_here += len(content)
        if len(content) > _AT_ONCE or self._decoded_here > _HERE:
            running = asyncio.get_running_loop()
            return await running.run_in_executor(_APART, messages.decoded, content)
        await asyncio.sleep(0)  # many small ones take as long
        return messages.decoded(content)

    def _next(self) -> int:
        self._number += 1
        return self._number


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
