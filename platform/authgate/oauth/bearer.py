"""The bearer token of a request (RFC 6750), checked against what was remembered of it.

The signature is not looked at: the hash of the whole text is compared with the stored one, which
proves more, costs less and sees a revocation at once.
"""

from dataclasses import dataclass

from authgate.clock import Clock
from authgate.oauth.errors import InvalidRequest, InvalidToken, MissingToken
from authgate.oauth.registered_clients import RegisteredClients
from authgate.storage import tokens, users
from authgate.storage.tokens import Remembered, TokenStatus
from authgate.storage.users import User
from authgate.tokens import verifier
from authgate.tokens.keys import SigningKeys
from authgate.web.client_ip import bucket
from authgate.web.limits import Limits
from authgate.web.machine import MachineRequest, parse_form

_REFUSAL = "The token is unknown, has ended or was revoked."
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Presented:
    """A good token, and the person it speaks for; nobody where it is a machine's."""

    token: Remembered
    user: User | None


class BearerTokens:
    """Believes access tokens that the current tenant issued and has not ended."""

    def __init__(
        self, *, keys: SigningKeys, clients: RegisteredClients, limits: Limits, clock: Clock
    ) -> None:
        self._keys = keys
        self._clients = clients
        self._limits = limits
        self._clock = clock

    async def presented(self, request: MachineRequest) -> Presented:
        """The request's access token, if its client and its person are still served.

        Raises ``MissingToken``, ``InvalidToken``, ``InvalidRequest`` and ``TooMany``.
        """
        found = await self.find(_token(request))
        if found is not None:
            return found
        await self._limits.count("bearer_failures", bucket(request.client_ip))
        raise InvalidToken(_REFUSAL)

    async def find(self, text: str) -> Presented | None:
        """What is known of an access token, if it is good now."""
        token = await self._remembered(text)
        if token is None or not self._is_good(token, text):
            return None
        user = await users.find(token.user_id) if token.user_id else None
        return Presented(token, user) if await self._is_served(token, user) else None

    async def _remembered(self, token: str) -> Remembered | None:
        try:
            parsed = verifier.parse_unverified(token)
        except verifier.InvalidToken:
            return None
        # A revoked key's tokens end with it, whatever their rows say.
        if parsed.kid not in (await self._keys.key_set()).verification_keys:
            return None
        return await tokens.find(parsed.jti)

    async def _is_served(self, token: Remembered, user: User | None) -> bool:
        client = await self._clients.find(token.client_id)
        if client is None or not client.is_active:
            return False
        return token.user_id is None or (user is not None and user.is_active)

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
    if _has_token_in_body(request):
        raise InvalidRequest("The token came twice; RFC 6750 section 2 allows one way.")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST:
        raise InvalidToken(_REFUSAL)
    return token


def _has_token_in_body(request: MachineRequest) -> bool:
    is_form = request.content_type() == "application/x-www-form-urlencoded"
    return is_form and parse_form(request.body).get("access_token") is not None
