"""Browsers in which somebody has signed in before.

Wrong passwords tried elsewhere pause the account there; whoever comes with a browser that is known
for the account has a count of their own, so that no stranger can lock them out.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Self
from uuid import UUID

import orjson

from authgate.storage.people.users import User
from authgate_tenants.encryption import SealBroken, TenantCipher

COOKIE = "authgate_known"
SECONDS = 180 * 86400
"""How long a browser is known after a sign-in."""

_KIND = "known-browser"


@dataclass(frozen=True, slots=True)
class KnownBrowser:
    """A browser that one person has signed in with, by what its cookie says."""

    user_id: UUID
    mark: str
    """Tells this browser from the person's others."""

    @classmethod
    def of(cls, user: User) -> Self:
        """A browser that becomes known now."""
        return cls(user.id, secrets.token_urlsafe(16))

    @property
    def account(self) -> str:
        """What wrong passwords tried here are counted under; no name looks like it."""
        return f"{self.user_id}\0{self.mark}"

    def sealed(self, cipher: TenantCipher) -> str:
        """The value of the cookie, which opens in its tenant only."""
        said = orjson.dumps([str(self.user_id), self.mark])
        blob = cipher.seal(kind=_KIND, object_id="", plaintext=said)
        return urlsafe_b64encode(blob).rstrip(b"=").decode("ascii")

    @classmethod
    def unsealed(cls, cookie: str, *, cipher: TenantCipher) -> Self | None:
        """What the cookie says, if it was sealed here."""
        try:
            blob = urlsafe_b64decode(cookie.encode("ascii") + b"==")
            user_id, mark = orjson.loads(cipher.open(kind=_KIND, object_id="", sealed=blob))
        except (SealBroken, ValueError):
            return None
        return cls(UUID(user_id), mark)
