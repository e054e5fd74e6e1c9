"""What a provider publishes about itself, remembered by the server between two sign-ins."""

from collections.abc import Callable
from typing import Any, Protocol

from authgate.plugin_api.http import HttpClient, HttpFailure, HttpResponse


class UnfitDocument(Exception):
    """What came is not the document that it should be. The text is told to administrators."""


class Documents(Protocol):
    """Documents at https addresses: a provider's metadata, its keys.

    The server keeps them for one connection of one tenant. However many people sign in, an address
    is asked once in ten minutes, and once a minute where a newer copy is wanted. While a provider
    is down, or what it says is not fit, its former copy counts, for a day.
    """

    async def read(
        self, url: str, *, renewed: bool = False, check: Callable[[Any], object] | None = None
    ) -> object:
        """The JSON document; ``renewed`` asks for a newer copy than the one that was read before.
        ``check`` is shown what has just come, and raises ``UnfitDocument`` for what takes no former
        copy's place: where there is none, it is returned all the same. Raises ``HttpFailure``."""
        ...

    async def read_bytes(
        self, url: str, *, renewed: bool = False, check: Callable[[bytes], object] | None = None
    ) -> bytes:
        """The same of a document that is no JSON: its bytes as they came."""
        ...

    def fault(self, url: str) -> str:
        """What was wrong when this address was last asked; nothing where the copy that is read is
        what it said. 1.2."""
        ...


class FetchedDocuments:
    """The same without a memory, for tests: asks every time."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def read(
        self, url: str, *, renewed: bool = False, check: Callable[[Any], object] | None = None
    ) -> object:
        """The document as it is now. Raises ``HttpFailure``."""
        return (await self._asked(url, "application/json")).json()

    async def read_bytes(
        self, url: str, *, renewed: bool = False, check: Callable[[bytes], object] | None = None
    ) -> bytes:
        """The bytes as they are now. Raises ``HttpFailure``."""
        return (await self._asked(url, "*/*")).body

    def fault(self, url: str) -> str:
        """Nothing is remembered, and no former copy."""
        return ""

    async def _asked(self, url: str, wanted: str) -> HttpResponse:
        answer = await self._http.get(url, headers={"Accept": wanted})
        if answer.status != 200:
            raise HttpFailure(f"Status {answer.status}.")
        return answer
