"""Logout tokens: what tells a client that a session is over (OpenID Connect Back-Channel Logout 1.0
section 2.4)."""

from uuid_utils import uuid7

from authgate.clock import Clock
from authgate.storage.clients.rows import Client
from authgate.tokens.id_token import algorithm_for, signer_of
from authgate.tokens.keys import SigningKeys
from authgate_tenants import current_tenant

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120
"""Seconds: it is made anew for each attempt."""


class LogoutTokens:
    """Signs logout tokens, with the key that signs ID tokens."""

    def __init__(self, *, keys: SigningKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def sign(self, client: Client, *, subject: str, session_id: str, issuer: str = "") -> str:
        """The token, by the issuer that the client knows, if that is not the canonical one.

        It never has a ``nonce``, so nobody takes it for an ID token.
        """
        now = int(self._clock().timestamp())
        signer = await signer_of(self._keys, algorithm_for(client))
        claims: dict[str, object] = {
            "iss": issuer or current_tenant().canonical_issuer,
            "sub": subject,
            "aud": client.client_id,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": str(uuid7()),
            "sid": session_id,
            "events": {EVENT: {}},
        }
        return await signer.sign(claims, typ="logout+jwt")
