"""A secret between the form that made it and the page that shows it, which is the next.

It goes in a cookie that is sealed by the tenant's data key for one thing and one session, and is
taken away by the page that shows it: it is stored nowhere, and reloading makes no other one.
"""

from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from quart import Response, request

from authgate.accounts.visits import signed_in
from authgate.web import sealed_text, session_cookie
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption

_COOKIE = "authgate_fresh_secret"
_SEAL = "fresh-client-secret"
_LIFETIME = timedelta(minutes=5)


class Kept(Protocol):
    """What is kept of what the secret is of."""

    @property
    def id(self) -> UUID: ...


class FreshSecrets:
    """Hands secrets on to the page that shows them."""

    def __init__(self, encryption: TenantEncryption) -> None:
        self._encryption = encryption

    async def hand_on(self, response: Response, of: Kept, secret: str, *, now: datetime) -> None:
        """Let the page that the response leads to show the secret."""
        cipher = await self._encryption.cipher(current_tenant().id)
        said = [secret, (now + _LIFETIME).timestamp()]
        value = sealed_text.sealed(said, cipher=cipher, kind=_SEAL, object_id=_place(of))
        max_age = int(_LIFETIME.total_seconds())
        session_cookie.write(response, _COOKIE, value, max_age=max_age)

    async def taken(self, of: Kept, *, now: datetime) -> str | None:
        """The secret that was handed on for this; none once it has been shown."""
        cookie = session_cookie.read(request.headers, _COOKIE)
        if cookie is None:
            return None
        cipher = await self._encryption.cipher(current_tenant().id)
        try:
            secret, ends = sealed_text.opened(
                cookie, cipher=cipher, kind=_SEAL, object_id=_place(of)
            )
        except ValueError:
            return None
        return str(secret) if now.timestamp() < ends else None

    def forget(self, response: Response) -> None:
        """It has been shown."""
        session_cookie.clear(response, _COOKIE)


def _place(of: Kept) -> str:
    return f"{of.id}:{signed_in().session.id}"
