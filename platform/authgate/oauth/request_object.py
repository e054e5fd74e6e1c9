"""Authorization requests that a client has signed (RFC 9101): taken by value, and as a whole."""

from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from authgate.clock import Clock
from authgate.oauth.authorization_request import Parameters
from authgate.oauth.client_keys import ClientKeys
from authgate.oauth.errors import InvalidRequestObject
from authgate.storage import spent_jtis
from authgate.storage.client_rows import Client
from authgate.tokens.foreign_jwt import LEEWAY, ForeignJwt
from authgate.tokens.jwk import ALGORITHMS
from authgate.tokens.jws import InvalidToken
from authgate_tenants import current_tenant

PARAMETER: Final = "request"
SIGNING_ALGORITHMS: Final = ALGORITHMS

_TYPE = "oauth-authz-req+jwt"
_LONGEST = 3600
_LONGEST_JTI = 256
_KIND = "request_object"
_OF_THE_JWT = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
_NOT_INSIDE = frozenset({"request", "request_uri", "sub"})
"""A request in a request; and with ``sub`` it could pass for an assertion (section 10.8)."""


class RequestObjects:
    """Believes requests that their clients have signed for this issuer."""

    def __init__(self, *, keys: ClientKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def opened(self, parameters: Parameters, client: Client) -> Parameters:
        """What the client asks for: what it has signed, and nothing beside it (section 6.3).

        Parameters without a request object are given back as they are. Raises
        ``InvalidRequestObject``.
        """
        if PARAMETER not in parameters:
            if client.metadata.require_signed_request_object:
                raise InvalidRequestObject("The client is registered for signed requests.")
            return parameters
        if "request_uri" in parameters or PARAMETER in parameters.repeated:
            raise InvalidRequestObject("A request comes once, and in one way.")
        try:
            return await self._checked(ForeignJwt.read(parameters.get(PARAMETER)), client)
        except InvalidToken as error:
            raise InvalidRequestObject(f"The request object {error}.") from error

    async def _checked(self, signed: ForeignJwt, client: Client) -> Parameters:
        if not signed.is_a(_TYPE):
            raise InvalidToken("is of another type")
        if client.metadata.request_object_signing_alg not in ("", signed.algorithm):
            raise InvalidToken("is not signed by the client's algorithm")
        if not await self._keys.signed(client, signed):
            raise InvalidToken("is not signed by the client")
        _check_parties(signed, client)
        now = self._clock().timestamp()
        end = signed.check_times(now, longest=_LONGEST)
        _check_begin(signed, client, now, end)
        found = Parameters([pair for name in signed.claims for pair in _pairs(signed, name)])
        await _spend(signed, client, end)
        return found


def _check_begin(signed: ForeignJwt, client: Client, now: float, end: float) -> None:
    """FAPI 2.0 Message Signing section 5.3.1: an hour ago at most, and for an hour."""
    begin = signed.seconds("nbf")
    if begin is None:
        if client.metadata.require_signed_request_object:
            raise InvalidToken("does not say when it begins")
    elif now - begin > _LONGEST + LEEWAY or end - begin > _LONGEST:
        raise InvalidToken("is good for longer than an hour")


def _check_parties(signed: ForeignJwt, client: Client) -> None:
    if signed.text("client_id") != client.client_id or signed.text("iss") != client.client_id:
        raise InvalidToken("is not of this client")
    audience = signed.claims.get("aud")
    if current_tenant().issuer not in (audience if isinstance(audience, list) else [audience]):
        raise InvalidToken("is not for this issuer")
    if _NOT_INSIDE & signed.claims.keys():
        raise InvalidToken("holds what has no place in it")


def _pairs(signed: ForeignJwt, name: str) -> list[tuple[str, str]]:
    value = signed.claims[name]
    if name in _OF_THE_JWT or value is None:
        return []
    if name == "resource" and isinstance(value, list):
        return [(name, _text(each)) for each in value]
    return [(name, _text(value))]


def _text(value: object) -> str:
    try:
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
    except orjson.JSONEncodeError as error:
        raise InvalidToken("holds a number that is too large, or is nested too deep") from error
    if "\0" in text:
        raise InvalidToken("holds a NUL character")
    return text


async def _spend(signed: ForeignJwt, client: Client, end: float) -> None:
    """One with a ``jti`` is good once; without it, for as long as it says."""
    jti = signed.claims.get("jti")
    if jti is None:
        return
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise InvalidToken("has no jti that is taken")
    expires_at = datetime.fromtimestamp(end, UTC) + timedelta(seconds=LEEWAY)
    if not await spent_jtis.spend(_KIND, client.client_id, jti, expires_at=expires_at):
        raise InvalidToken("was used before")
