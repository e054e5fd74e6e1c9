"""What a provider publishes about itself, remembered by the server between two sign-ins."""

from typing import Protocol

from authgate.plugin_api.http import HttpClient, HttpFailure, HttpResponse


class Documents(Protocol):
    """Documents at https addresses: a provider's metadata, its keys.

    The server keeps them for one connection of one tenant. However many people sign in, an address
    is asked once in ten minutes, and once a minute where a newer copy is wanted. While a provider
    is down its former copy counts, for a day.
    """

    async def read(self, url: str, *, renewed: bool = False) -> object:
        """The JSON document; ``renewed`` asks for a newer copy than the one that was read before.
        Raises ``HttpFailure``."""
        ...

    async def read_bytes(self, url: str, *, renewed: bool = False) -> bytes:
        """The same of a document that is no JSON: its bytes as they came."""
        ...


class FetchedDocuments:
    """The same without a memory, for tests: asks every time."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def read(self, url: str, *, renewed: bool = False) -> object:
        """The document as it is now. Raises ``HttpFailure``."""
        return (await self._asked(url, "application/json")).json()

    async def read_bytes(self, url: str, *, renewed: bool = False) -> bytes:
        """The bytes as they are now. Raises ``HttpFailure``."""
        return (await self._asked(url, "*/*")).body

    async def _asked(self, url: str, wanted: str) -> HttpResponse:
        answer = await self._http.get(url, headers={"Accept": wanted})
        if answer.status != 200:
            raise HttpFailure(f"Status {answer.status}.")
        return answer
