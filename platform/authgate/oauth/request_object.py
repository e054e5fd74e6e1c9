"""Authorization requests that a client has signed (RFC 9101): taken by value, or from an address
that is registered, and as a whole."""

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urldefrag

import orjson

from authgate import storage
from authgate.clock import Clock
from authgate.oauth.authorization_request import Parameters
from authgate.oauth.client_keys import ClientKeys
from authgate.oauth.errors import InvalidRequest, InvalidRequestObject, InvalidRequestUri
from authgate.plugin_api import HttpClient, HttpFailure
from authgate.storage.clients.rows import Client
from authgate.storage.grants import spent_jtis
from authgate.tokens import security_profile
from authgate.tokens.foreign_jwt import LEEWAY, ForeignJwt
from authgate.tokens.jwk import ALGORITHMS
from authgate.tokens.jws import InvalidToken
from authgate_tenants import current_tenant

PARAMETER: Final = "request"
REFERENCE: Final = "request_uri"
SIGNING_ALGORITHMS: Final = ALGORITHMS

_TYPE = "oauth-authz-req+jwt"
_MEDIA_TYPES = f"application/{_TYPE}, application/jwt"
_LONGEST = 3600
_LARGEST = 65_536
_LONGEST_JTI = 256
_KIND = "request_object"
_OF_THE_JWT = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
_NOT_INSIDE = frozenset({"request", "request_uri", "sub"})
"""A request in a request; and with ``sub`` it could pass for an assertion (section 10.8)."""


class RequestObjects:
    """Believes requests that their clients have signed for this issuer."""

    def __init__(self, *, keys: ClientKeys, http: HttpClient, clock: Clock) -> None:
        self._keys = keys
        self._http = http
        self._clock = clock

    async def opened(self, parameters: Parameters, client: Client) -> Parameters:
        """What the client asks for: what it has signed, and nothing beside it (section 6.3).

        Parameters without a request object are given back as they are. Raises
        ``InvalidRequestObject``, ``InvalidRequestUri`` and ``InvalidRequest``.
        """
        text = await self._text(parameters, client)
        if text is None:
            if security_profile.must_sign(client):
                raise InvalidRequest("The client is registered for signed requests.")
            return parameters
        try:
            return await self._checked(ForeignJwt.read(text), client)
        except InvalidToken as error:
            raise InvalidRequestObject(f"The request object {error}.") from error

    async def _text(self, parameters: Parameters, client: Client) -> str | None:
        if PARAMETER in parameters and REFERENCE in parameters:
            raise InvalidRequestObject("A request comes once, and in one way.")
        if {PARAMETER, REFERENCE} & parameters.repeated:
            raise InvalidRequestObject("A request comes once, and in one way.")
        # Of a client that keeps none of its requests elsewhere no address is looked at.
        if REFERENCE not in parameters or not client.metadata.request_uris:
            return parameters.get(PARAMETER) or None
        return await self._fetched(parameters.get(REFERENCE), client)

    async def _fetched(self, uri: str, client: Client) -> str:
        """What lies at an address of the client's (RFC 9101 section 5.2.3)."""
        if uri not in client.metadata.request_uris:
            raise InvalidRequestUri("The request lies where the client is not registered.")
        try:
            async with storage.set_aside():
                # Its fragment, the hash of what lies there, is for who keeps that.
                answer = await self._http.get(urldefrag(uri).url, headers={"accept": _MEDIA_TYPES})
            if not answer.ok or len(answer.body) > _LARGEST:
                raise HttpFailure(f"Status {answer.status}, {len(answer.body)} bytes.")
            return answer.body.decode("ascii").strip()
        except (HttpFailure, UnicodeDecodeError) as error:
            raise InvalidRequestUri("The request is not where it should be.") from error

    async def _checked(self, signed: ForeignJwt, client: Client) -> Parameters:
        if not signed.is_a(_TYPE):
            raise InvalidToken("is of another type")
        if client.metadata.request_object_signing_alg not in ("", signed.algorithm):
            raise InvalidToken("is not signed by the client's algorithm")
        if signed.algorithm not in security_profile.algorithms(client):
            raise InvalidToken("is not signed by an algorithm of the client's security profile")
        if not await self._keys.signed(client, signed):
            raise InvalidToken("is not signed by the client")
        _check_parties(signed, client)
        now = self._clock().timestamp()
        # Who may ask without a signature as well gains nothing by one that has no end.
        may_be_endless = not security_profile.must_sign(client)
        end = signed.check_times(now, longest=_LONGEST, may_be_endless=may_be_endless)
        _check_begin(signed, client, now)
        found = Parameters([pair for name in signed.claims for pair in _pairs(signed, name)])
        await _spend(signed, client, end)
        return found


def _check_begin(signed: ForeignJwt, client: Client, now: float) -> None:
    """FAPI 2.0 Message Signing section 5.3.1: an hour ago at most, and for an hour."""
    begin, end = signed.seconds("nbf"), signed.seconds("exp")
    if begin is None:
        if security_profile.must_sign(client):
            raise InvalidToken("does not say when it begins")
    elif now - begin > _LONGEST + LEEWAY or (end is not None and end - begin > _LONGEST):
        raise InvalidToken("is good for longer than an hour")


def _check_parties(signed: ForeignJwt, client: Client) -> None:
    if signed.text("client_id") != client.client_id or signed.text("iss") != client.client_id:
        raise InvalidToken("is not of this client")
    audience = signed.claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not any(issuer in named for issuer in current_tenant().issuers):
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
