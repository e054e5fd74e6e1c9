"""Codes that an authenticator app shows: HMAC-SHA-1, six digits, a new one each half minute (RFC
6238), which is what all such apps take."""

import os
from base64 import b32encode
from datetime import datetime
from hmac import compare_digest

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

SECONDS = 30
"""How long a code is shown (RFC 6238 section 5.2)."""
DIGITS = 6
WINDOW = 1
"""Codes before and after the present one that are taken: clocks differ, and people are slow."""

_SECRET_BYTES = 20  # RFC 4226 section 4


def new_secret() -> bytes:
    """A secret for one person's app."""
    return os.urandom(_SECRET_BYTES)


def value(secret: bytes, at: float, *, digits: int = DIGITS) -> str:
    """The code at a moment, in seconds since 1970."""
    return _totp(secret, digits).generate(int(at)).decode()


def step(secret: bytes, code: str, *, now: datetime) -> int | None:
    """The time step that a code belongs to; ``None`` where it is not good now.

    Which code of the window it is takes no other time to find out than that it is none.
    """
    present = int(now.timestamp()) // SECONDS
    given = code.encode("utf-8", "replace")
    found = None
    for each in range(present - WINDOW, present + WINDOW + 1):
        if compare_digest(value(secret, each * SECONDS).encode(), given):
            found = each
    return found


def as_text(secret: bytes) -> str:
    """The secret as people type it (RFC 4648 section 6), in groups of four."""
    text = b32encode(secret).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def uri(secret: bytes, *, account: str, issuer: str) -> str:
    """What the picture says that apps read (the Key URI format)."""
    return _totp(secret, DIGITS).get_provisioning_uri(account, issuer)


def _totp(secret: bytes, digits: int) -> TOTP:
    # SHA-1 is what RFC 6238 begins with and apps know; as an HMAC it is not what was broken.
    return TOTP(secret, digits, SHA1(), SECONDS)  # noqa: S303
