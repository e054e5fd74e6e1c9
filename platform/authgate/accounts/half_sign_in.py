"""A sign-in that has one factor and wants another: kept in the browser that began it.

There is no session yet, and this is none: the cookie opens the pages that ask for the second factor
and nothing else. It is sealed by the tenant's data key, so it opens at no other tenant, and is good
for no other password than the one that was checked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self
from uuid import UUID

from authgate.storage.people.users import User
from authgate.web import sealed_text
from authgate_tenants.encryption import TenantCipher

COOKIE = "authgate_half"
LIFETIME = timedelta(minutes=10)
_SEAL = "half-sign-in/4"
"""Another one with each change of what is sealed: servers of two versions run side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfSignIn:
    """What was proven so far, and where the browser goes once all of it is."""

    user_id: UUID
    amr: tuple[str, ...]
    return_to: str
    connection: str
    """Slug of the connection that vouched; empty where none did."""
    remembered: bool
    """Whether the person asked to stay signed in."""
    mark: str
    """Of the password that they had."""
    has_factor: bool
    """Whether they have a second factor, which is to be shown, or none, which is to be set up."""
    expires_at: datetime
    vouched_at: datetime | None = None
    """When the person signed in at the provider, where it told."""

    def sealed(self, cipher: TenantCipher) -> str:
        """The value of the cookie."""
        said = [
            str(self.user_id),
            self.amr,
            self.return_to,
            self.connection,
            self.remembered,
            self.mark,
            self.has_factor,
            self.expires_at.timestamp(),
            self.vouched_at.timestamp() if self.vouched_at else None,
        ]
        return sealed_text.sealed(said, cipher=cipher, kind=_SEAL)

    @classmethod
    def unsealed(cls, cookie: str, *, cipher: TenantCipher, now: datetime) -> Self | None:
        """What the cookie says, if it was sealed here and has not ended."""
        try:
            said = sealed_text.opened(cookie, cipher=cipher, kind=_SEAL)
        except ValueError:
            return None
        user_id, amr, return_to, connection, remembered, mark, has_factor, ends, vouched = said
        expires_at = datetime.fromtimestamp(ends, now.tzinfo)
        if expires_at <= now:
            return None
        return cls(
            user_id=UUID(user_id),
            amr=tuple(amr),
            return_to=return_to,
            connection=connection,
            remembered=remembered,
            mark=mark,
            has_factor=has_factor,
            expires_at=expires_at,
            vouched_at=None if vouched is None else datetime.fromtimestamp(vouched, now.tzinfo),
        )


def password_mark(user: User) -> bytes:
    """Tells one password of a person from the next, and nothing else of it."""
    return sha256(f"{user.id}\0{user.password_hash}".encode()).digest()
