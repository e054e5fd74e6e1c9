"""Signatures of the Standard Webhooks scheme (1.0.0): HMAC-SHA256, several at once."""

import hmac
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence

BEGINNING = "whsec_"
"""Of the text of a secret."""

_SHORTEST, _LONGEST = 24, 64


def key_of(secret: str) -> bytes:
    """The key that a secret is the text of. Raises ``ValueError``, which says what it should be."""
    try:
        key = b64decode(secret.removeprefix(BEGINNING), validate=True)
    except (Error, ValueError):
        key = b""
    if not secret.startswith(BEGINNING) or not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"must be {BEGINNING} and {_SHORTEST} to {_LONGEST} bytes in base64")
    return key


def signed(
    body: bytes, keys: Sequence[bytes], *, message_id: str, timestamp: int
) -> dict[str, str]:
    """The headers of a message: its id, when it was sent, and a signature by each of the keys."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(key, content) for key in keys),
    }


def _signature(key: bytes, content: bytes) -> str:
    return f"v1,{b64encode(hmac.digest(key, content, 'sha256')).decode('ascii')}"
