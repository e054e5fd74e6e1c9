"""The bearer token of a request (RFC 6750), checked against what was remembered of it.

The signature is not looked at: the hash of the whole text is compared with the stored one, which
proves more, costs less and sees a revocation at once.
"""

from authgate.clock import Clock
from authgate.oauth.errors import InvalidRequest, InvalidToken, MissingToken
from authgate.storage import tokens
from authgate.storage.tokens import Remembered, TokenStatus
from authgate.tokens import verifier
from authgate.tokens.keys import SigningKeys
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.machine import MachineRequest

_REFUSAL = "The token is unknown, has ended or was revoked."
_LONGEST = 8192


class BearerTokens:
    """Believes access tokens that the current tenant issued and has not ended."""

    def __init__(self, *, keys: SigningKeys, limits: Limits, clock: Clock) -> None:
        self._keys = keys
        self._limits = limits
        self._clock = clock

    async def presented(self, request: MachineRequest) -> Remembered:
        """What is known of the request's access token.

        Raises ``MissingToken``, ``InvalidToken``, ``InvalidRequest`` and ``TooMany``.
        """
        token = _token(request)
        remembered = await self._remembered(token)
        if remembered is None or not self._is_good(remembered, token):
            await self._limits.count("bearer_failures", bucket(request.client_ip))
            raise InvalidToken(_REFUSAL)
        return remembered

    async def _remembered(self, token: str) -> Remembered | None:
        try:
            parsed = verifier.parse_unverified(token)
        except verifier.InvalidToken:
            return None
        # A revoked key's tokens end with it, whatever their rows say.
        if parsed.kid not in (await self._keys.key_set()).verification_keys:
            return None
        return await tokens.find(parsed.jti)

    def _is_good(self, remembered: Remembered, token: str) -> bool:
        return (
            remembered.is_of(token)
            and remembered.status is TokenStatus.ACTIVE
            and remembered.expires_at > self._clock()
        )


def _token(request: MachineRequest) -> str:
    if b"access_token=" in request.query:
        raise InvalidRequest("A token in the URL is never read: use the Authorization header.")
    authorization = request.header(b"authorization")
    if authorization is None:
        raise MissingToken
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST:
        raise InvalidToken(_REFUSAL)
    return token
