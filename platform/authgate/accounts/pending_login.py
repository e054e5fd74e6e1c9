"""A sign-in that is under way at another provider: kept in the browser that began it.

The cookie is sealed by the tenant's data key for one connection of that tenant, so it opens
nowhere else, and whoever finishes the sign-in must be who began it (RFC 9700 section 4.7). It is
taken away when the browser comes back, whatever comes of it.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from authgate.accounts.proof_times import believed, is_lately
from authgate.plugin_api import LoginAttempt
from authgate.web import sealed_text
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantCipher

LIFETIME = timedelta(minutes=10)
_SEAL = "pending-login/2"
"""Another one with each change of what is sealed: servers of two versions run side by side."""


class Purpose(StrEnum):
    """What the person who comes back is wanted for."""

    SIGN_IN = "sign-in"
    LINK = "link"
    """Who is signed in gets this further way in."""
    TRIAL = "trial"
    """An administrator looks at what the provider says; nobody is signed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogin:
    """One round trip that has begun."""

    connection: str
    """The slug of the tenant's connection."""

    state: str = field(repr=False)
    code_verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    return_to: str
    expires_at: datetime
    purpose: Purpose = Purpose.SIGN_IN
    person: str = ""
    """The id of the user who has begun it, where somebody had to be signed in for that."""

    login_hint: str = ""
    """For the way there alone."""

    max_age: int | None = None
    """How many seconds ago the person may have signed in at the provider, where that matters."""

    @classmethod
    def begin(
        cls,
        connection: str,
        *,
        return_to: str,
        now: datetime,
        purpose: Purpose = Purpose.SIGN_IN,
        person: str = "",
        login_hint: str = "",
        max_age: int | None = None,
    ) -> Self:
        """A new one, with a state, a verifier and a nonce of 256 random bits each."""
        return cls(
            connection=connection,
            state=secrets.token_urlsafe(32),
            code_verifier=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            return_to=return_to,
            expires_at=now + LIFETIME,
            purpose=purpose,
            person=person,
            login_hint=login_hint,
            max_age=max_age,
        )

    @property
    def attempt(self) -> LoginAttempt:
        """What the connector is told of it."""
        return LoginAttempt(
            redirect_uri=callback(self.connection),
            metadata_uri=metadata(self.connection),
            state=self.state,
            code_verifier=self.code_verifier,
            nonce=self.nonce,
            login_hint=self.login_hint,
            max_age=self.max_age,
        )

    def is_fresh_enough(self, authenticated_at: datetime | None) -> bool:
        """Whether somebody who has signed in there then has done so lately enough. A provider that
        does not say is believed to have done as it was asked to."""
        if self.max_age is None or authenticated_at is None:
            return True
        return is_lately(authenticated_at, self._begun_at, self.max_age)

    def vouched_at(self, told: datetime | None, *, now: datetime) -> datetime | None:
        """When whoever has come back signed in at the provider: as it says, or else the earliest
        moment by which it has done as it was asked to. Nothing where it was not asked to."""
        said = believed(told, now=now)
        if said is not None or self.max_age is None:
            return said
        return self._begun_at - timedelta(seconds=self.max_age)

    @property
    def _begun_at(self) -> datetime:
        return self.expires_at - LIFETIME

    def sealed(self, cipher: TenantCipher) -> str:
        """The value of the cookie."""
        said = [
            self.state,
            self.code_verifier,
            self.nonce,
            self.return_to,
            self.expires_at.timestamp(),
            self.purpose,
            self.person,
            self.max_age,
        ]
        return sealed_text.sealed(said, cipher=cipher, kind=_SEAL, object_id=self.connection)

    @classmethod
    def unsealed(
        cls, cookie: str, connection: str, *, cipher: TenantCipher, now: datetime
    ) -> Self | None:
        """What the cookie says, if it was sealed here for this connection and has not ended."""
        try:
            said = sealed_text.opened(cookie, cipher=cipher, kind=_SEAL, object_id=connection)
            state, code_verifier, nonce, return_to, ends, purpose, person, max_age = said
        except ValueError:
            return None
        expires_at = datetime.fromtimestamp(ends, now.tzinfo)
        if expires_at <= now:
            return None
        return cls(
            connection=connection,
            state=state,
            code_verifier=code_verifier,
            nonce=nonce,
            return_to=return_to,
            expires_at=expires_at,
            purpose=Purpose(purpose),
            person=person,
            max_age=max_age,
        )


def callback(connection: str) -> str:
    """Where a provider sends the browser back to: the redirect URI to register there."""
    return f"{current_tenant().issuer}/login/{connection}/callback"


def metadata(connection: str) -> str:
    """Where a provider reads what this server is to it, if the connector says it."""
    return f"{current_tenant().issuer}/login/{connection}/metadata"
