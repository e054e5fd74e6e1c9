"""What the authorization endpoint asks of whoever knows clients by their documents."""

from typing import Protocol


class UnreadableDocument(ValueError):
    """A client has no document that can be used. The text is for the person."""


class ClientDocuments(Protocol):
    """Reads the documents of clients whose ``client_id`` is an address."""

    async def introduce(self, client_id: str, *, address: str) -> None:
        """Have the client stored as its document says, on behalf of this network address.

        Raises ``UnreadableDocument`` and ``TooMany``.
        """
