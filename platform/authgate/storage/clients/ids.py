"""What identifies clients (RFC 6749 section 2.2)."""

from typing import Final

LONGEST: Final = 255
"""Characters that a ``client_id`` may have; that of a client with a document is an address."""


def is_address(client_id: str) -> bool:
    """Whether a client is described at its ``client_id`` (Client ID Metadata Documents)."""
    return client_id.startswith("https://")
