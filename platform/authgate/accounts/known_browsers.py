"""Browsers in which somebody has signed in before.

Wrong passwords tried elsewhere pause the account there; whoever comes with a browser that is known
for the account has a count of their own, so that no stranger can lock them out.
"""

import secrets
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from quart import Response
from werkzeug.datastructures import Headers

from authgate.storage.people.users import User
from authgate.web import sealed_text, session_cookie
from authgate_tenants.encryption import TenantCipher

_COOKIE = "authgate_known"
_SECONDS = 180 * 86400
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
        return sealed_text.sealed([str(self.user_id), self.mark], cipher=cipher, kind=_KIND)

    @classmethod
    def unsealed(cls, cookie: str, *, cipher: TenantCipher) -> Self | None:
        """What the cookie says, if it was sealed here."""
        try:
            user_id, mark = sealed_text.opened(cookie, cipher=cipher, kind=_KIND)
        except ValueError:
            return None
        return cls(UUID(user_id), mark)


def shown(headers: Headers, user: User | None, *, cipher: TenantCipher) -> KnownBrowser | None:
    """The browser that a request came from, if it is known for this person."""
    cookie = session_cookie.read(headers, _COOKIE)
    known = KnownBrowser.unsealed(cookie, cipher=cipher) if cookie else None
    return known if known and user and known.user_id == user.id else None


def remember(response: Response, browser: KnownBrowser, *, cipher: TenantCipher) -> None:
    """Have the browser be known from now on: only once somebody has signed in with all it takes."""
    session_cookie.write(response, _COOKIE, browser.sealed(cipher), max_age=_SECONDS)
