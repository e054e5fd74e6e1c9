"""What confidential clients prove themselves with (RFC 6749 section 2.3.1)."""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime

from authgate.storage import random_secrets
from authgate.storage.random_secrets import hashed

_PREFIX = "agsec_"  # lets a secret scanner recognise one
_SECRET = re.compile(r"[!-~]{32,256}")
_LEAST_DIFFERENT = 8
"""Characters of a secret that was not made here: 32 random hexadecimal ones have fewer in one
case of millions."""
_NONE = bytes(32)


class WeakSecret(ValueError):
    """A secret from elsewhere that could be found by its plain hash."""

    def __init__(self) -> None:
        super().__init__(
            "A client's secret is kept as a plain hash, so it has to be random: 32 to 256 visible"
            " ASCII characters."
        )


@dataclass(frozen=True, slots=True)
class ClientSecrets:
    """Hashes of a client's secret and, while it changes over, of its former one."""

    current: bytes | None = None
    expires_at: datetime | None = None
    """When the secret ends (RFC 7591 ``client_secret_expires_at``); never where ``None``."""
    former: bytes | None = None
    former_expires_at: datetime | None = None
    sealed: bytes | None = None
    """The current one itself, of a client that signs with it."""
    former_sealed: bytes | None = None

    def sealed_now(self, now: datetime) -> list[bytes]:
        """What was sealed and has not ended, the current one first."""
        kept = ((self.sealed, self.expires_at), (self.former_sealed, self.former_expires_at))
        return [sealed for sealed, end in kept if sealed is not None and _lives(end, now)]

    def kept_until(self, until: datetime | None, *, now: datetime) -> datetime | None:
        """When the current one ends that another replaces: never later than it would have.

        ``None`` where it ends at once.
        """
        if until is None or self.expires_at is None:
            return until
        return min(until, self.expires_at) if _lives(self.expires_at, now) else None

    @property
    def bcrypt(self) -> bytes | None:
        """The current one's hash, where it came from AuthGate (Go) and nobody has proven it yet."""
        return self.current if (self.current or b"").startswith(b"$2") else None

    def include(self, presented: str, *, now: datetime) -> bool:
        """Whether this is one of them and has not ended, compared in constant time."""
        given = hashed(presented)
        is_current = hmac.compare_digest(self.current or _NONE, given)
        is_former = hmac.compare_digest(self.former or _NONE, given)
        return (is_current and _lives(self.expires_at, now)) or (
            is_former and _lives(self.former_expires_at, now)
        )


def check(secret: str) -> None:
    """Refuse a secret that was not made here and looks guessable. Raises ``WeakSecret``."""
    if not _SECRET.fullmatch(secret) or len(set(secret)) < _LEAST_DIFFERENT:
        raise WeakSecret


def new_secret() -> str:
    """A client secret of 256 random bits, recognisable to secret scanners."""
    return random_secrets.new_secret(_PREFIX)


def _lives(end: datetime | None, now: datetime) -> bool:
    return end is None or now < end
