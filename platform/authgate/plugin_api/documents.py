"""What a provider publishes about itself, remembered by the server between two sign-ins."""

from typing import Protocol

from authgate.plugin_api.http import HttpClient, HttpFailure


class Documents(Protocol):
    """JSON documents at https addresses: a provider's metadata, its keys.

    The server keeps them for one connection of one tenant. However many people sign in, an address
    is asked once in ten minutes, and once a minute where a newer copy is wanted. While a provider
    is down its former copy counts, for a day.
    """

    async def read(self, url: str, *, renewed: bool = False) -> object:
        """The document; ``renewed`` asks for a newer copy than the one that was read before.
        Raises ``HttpFailure``."""
        ...


class FetchedDocuments:
    """The same without a memory, for tests: asks every time."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def read(self, url: str, *, renewed: bool = False) -> object:
        """The document as it is now. Raises ``HttpFailure``."""
        answer = await self._http.get(url, headers={"Accept": "application/json"})
        if answer.status != 200:
            raise HttpFailure(f"Status {answer.status}.")
        return answer.json()
