"""Challenges on their way: handed to a browser in a cookie of its own, and taken back once."""

from quart import Response, request

from authgate.accounts.passkey_ceremonies import LIFETIME, Challenge, NoPasskey
from authgate.clock import Clock
from authgate.web import session_cookie
from authgate_tenants import current_tenant
from authgate_tenants.encryption import TenantEncryption

_COOKIE = "authgate_passkey"


class PasskeyChallenges:
    """Of the tenant in scope."""

    def __init__(self, encryption: TenantEncryption, *, clock: Clock) -> None:
        self._encryption = encryption
        self._clock = clock

    async def hand_out(self, challenge: Challenge, options: str) -> Response:
        """Tell a page's script what to ask the device for."""
        cipher = await self._encryption.cipher(current_tenant().id)
        response = Response(options, content_type="application/json")
        response.headers["Cache-Control"] = "no-store"
        max_age = int(LIFETIME.total_seconds())
        session_cookie.write(response, _COOKIE, challenge.sealed(cipher), max_age=max_age)
        return response

    async def taken_back(self, purpose: str) -> Challenge:
        """The one that this browser was handed for this. Raises ``NoPasskey``."""
        cookie = session_cookie.read(request.headers, _COOKIE)
        if not cookie:
            raise NoPasskey
        cipher = await self._encryption.cipher(current_tenant().id)
        return Challenge.unsealed(cookie, purpose, cipher=cipher, now=self._clock())
