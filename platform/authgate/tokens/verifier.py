"""Checking an access token of our own that comes back (RFC 9068 section 4, RFC 8725)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from jwt.exceptions import PyJWTError

from authgate.clock import Clock, utc_now
from authgate.tokens.jws import InvalidToken, SignedToken, members, parsed
from authgate.tokens.key_set import KeySet, VerificationKey
from authgate.tokens.signer import TokenType
from authgate_tenants import current_tenant

__all__ = ["AccessToken", "InvalidToken", "TokenVerifier", "Unverified", "parse_unverified"]

LEEWAY = 30
"""Seconds by which our clocks may differ."""

_HEADER = frozenset({"alg", "typ", "kid"})


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token of ours says. It is ours, and in time; whether it was revoked is not said."""

    jti: UUID
    subject: str
    client_id: str
    scope: str
    audience: tuple[str, ...]
    issued_at: int
    expires_at: int
    claims: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a token claims about itself."""

    kid: str
    jti: UUID
    claims: Mapping[str, object]


class _Keys(Protocol):
    async def key_set(self) -> KeySet: ...


class TokenVerifier:
    """Believes tokens that the tenant in scope has signed, and nothing else."""

    def __init__(self, *, keys: _Keys, clock: Clock = utc_now) -> None:
        self._keys = keys
        self._clock = clock

    async def verify(self, token: str, *, audience: str | None = None) -> AccessToken:
        """What an access token says. Raises ``InvalidToken`` whatever is wrong with it.

        With ``audience`` the token must be for that audience and no other.
        """
        parts = parsed(token)
        check_signature(parts, await self._keys.key_set(), typ="at+jwt")
        claims = members(parts.payload)
        self._check_issuer_and_times(claims)
        found = _access_token(claims)
        if audience is not None and found.audience != (audience,):
            raise InvalidToken("for another audience")
        return found

    def _check_issuer_and_times(self, claims: Mapping[str, object]) -> None:
        if claims.get("iss") not in current_tenant().issuers:
            raise InvalidToken("of another issuer")
        now = self._clock().timestamp()
        if _seconds(claims, "exp") + LEEWAY <= now:
            raise InvalidToken("past its end")
        begins = ("iat", "nbf") if "nbf" in claims else ("iat",)
        if any(_seconds(claims, name) > now + LEEWAY for name in begins):
            raise InvalidToken("not valid yet")


def parse_unverified(token: str) -> Unverified:
    """Which key and which row a token claims to belong to. Raises ``InvalidToken``.

    It only says where to look: believe the token if its key is believed and its hash is the one
    remembered in that row.
    """
    parts = parsed(token)
    kid = parts.header.get("kid")
    if not isinstance(kid, str):
        raise InvalidToken("names no key")
    claims = members(parts.payload)
    return Unverified(kid, _jti(claims), claims)


def check_signature(parts: SignedToken, keys: KeySet, *, typ: TokenType) -> None:
    """Refuse what this tenant has not signed as a token of this type. Raises ``InvalidToken``."""
    key = _key_named_by(parts.header, keys, typ)
    if not _is_signed_by(key, parts):
        raise InvalidToken("the signature is wrong")


def _key_named_by(header: Mapping[str, object], keys: KeySet, typ: TokenType) -> VerificationKey:
    # Our tokens name these three and nothing else: no crit, no jku, no embedded key.
    if header.keys() != _HEADER:
        raise InvalidToken("not a header of ours")
    if header["typ"] != typ:
        raise InvalidToken(f"not of the type {typ}")
    kid = header["kid"]
    key = keys.verification_keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        raise InvalidToken("no key of this tenant")
    if header["alg"] != key.algorithm:
        raise InvalidToken("not the algorithm of its key")
    return key


def _is_signed_by(key: VerificationKey, parts: SignedToken) -> bool:
    try:
        return key.verifies(parts.signing_input, parts.signature)
    except (PyJWTError, ValueError, TypeError) as error:
        raise InvalidToken("the signature cannot be read") from error


def _access_token(claims: Mapping[str, object]) -> AccessToken:
    if claims.get("type") != "access":
        raise InvalidToken("not an access token")
    return AccessToken(
        jti=_jti(claims),
        subject=_text(claims, "sub"),
        client_id=_text(claims, "client_id"),
        scope=_text(claims, "scope") if claims.get("scope", "") != "" else "",
        audience=_audience(claims.get("aud")),
        issued_at=_seconds(claims, "iat"),
        expires_at=_seconds(claims, "exp"),
        claims=claims,
    )


def _seconds(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    # bool is an int as well, and true is no time.
    if type(value) is not int or value < 0:
        raise InvalidToken(f"{name} is not a number of seconds")
    return value


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidToken(f"{name} is missing or no text")
    return value


def _audience(value: object) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    if not several or not all(isinstance(each, str) and each for each in several):
        raise InvalidToken("aud is missing or no text")
    return tuple(several)


def _jti(claims: Mapping[str, object]) -> UUID:
    value = claims.get("jti")
    try:
        jti = UUID(value) if isinstance(value, str) else None
    except ValueError:
        jti = None
    if jti is None or str(jti) != value:
        raise InvalidToken("jti is not an id of ours")
    return jti
