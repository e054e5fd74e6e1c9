"""Whether an ID token is the answer to one attempt (OpenID Connect Core section 3.1.3.7)."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt

ALGORITHMS: Final = frozenset("RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA".split())
"""What an ID token may be signed by: never a shared secret, never nothing."""

LEEWAY: Final = 60
"""Seconds that a provider's clock may differ."""

_LONGEST = 32_768
_SMALLEST_RSA = 2048
_REQUIRED = ["iss", "sub", "aud", "exp", "iat"]


class UnfitIdToken(Exception):
    """It proves nothing. The text says why, and holds nothing of the token."""


class UnknownKey(UnfitIdToken):
    """None of the keys has signed it: perhaps a newer one has."""


def verified(
    token: str,
    *,
    keys: object,
    issuer: str,
    client_id: str,
    algorithms: Sequence[str],
    nonce: str,
    access_token: str,
) -> Mapping[str, Any]:
    """The claims of a token that is what it should be. Raises ``UnfitIdToken``; ``UnknownKey``
    where ``keys``, a JWK set, have not signed it."""
    header = _header(token)
    algorithm = header["alg"]
    if algorithm not in ALGORITHMS or algorithm not in algorithms:
        raise UnfitIdToken("signed by an algorithm that is not taken")
    key = _key(keys, header.get("kid"), algorithm)
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": _REQUIRED},
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise UnfitIdToken(_reason(error)) from error
    _check_party(claims, client_id)
    _check_nonce(claims, nonce)
    _check_hash(claims, algorithm, access_token)
    return claims


def _header(token: str) -> Mapping[str, Any]:
    if len(token) > _LONGEST or not token.isascii():
        raise UnfitIdToken("larger than an ID token is, or no text")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise UnfitIdToken("no JWT") from error
    if "crit" in header or not isinstance(header.get("alg"), str):
        raise UnfitIdToken("with a header that nobody here understands")
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise UnfitIdToken("another token than an ID token")
    return header


def _key(keys: object, kid: object, algorithm: str) -> jwt.PyJWK:
    listed = keys.get("keys") if isinstance(keys, dict) else None
    found = [each for each in listed or () if isinstance(each, dict) and _fits(each, kid)]
    usable = [key for each in found if (key := _usable(each, algorithm))]
    # Without a kid only one may be meant: to try all would take whichever fits.
    if len(usable) != 1:
        raise UnknownKey("signed by none of the provider's keys")
    return usable[0]


def _fits(jwk: Mapping[str, object], kid: object) -> bool:
    return jwk.get("use", "sig") == "sig" and (kid is None or jwk.get("kid") == kid)


def _usable(jwk: Mapping[str, Any], algorithm: str) -> jwt.PyJWK | None:
    if jwk.get("kty") == "oct" or jwk.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(dict(jwk), algorithm=algorithm)
        too_small = getattr(key.key, "key_size", _SMALLEST_RSA) < _SMALLEST_RSA
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
        return None
    return None if jwk.get("kty") == "RSA" and too_small else key


def _check_party(claims: Mapping[str, Any], client_id: str) -> None:
    subject, party, audience = claims["sub"], claims.get("azp"), claims["aud"]
    if not isinstance(subject, str) or not subject:
        raise UnfitIdToken("about nobody")
    several = isinstance(audience, list) and len(audience) > 1
    if party != client_id and (several or party is not None):
        raise UnfitIdToken("for another party")


def _check_nonce(claims: Mapping[str, Any], nonce: str) -> None:
    said = claims.get("nonce")
    if (
        not nonce
        or not isinstance(said, str)
        or not hmac.compare_digest(said.encode(), nonce.encode())
    ):
        raise UnfitIdToken("made for another sign-in")


def _check_hash(claims: Mapping[str, Any], algorithm: str, access_token: str) -> None:
    """Section 3.1.3.8: optional here, and binding where it is there."""
    said = claims.get("at_hash")
    if said is None:
        return
    size = {"384": 384, "512": 512}.get(algorithm[-3:], 512 if algorithm == "EdDSA" else 256)
    digest = hashlib.new(f"sha{size}", access_token.encode()).digest()
    expected = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if said != expected:
        raise UnfitIdToken("for another access token")


def _reason(error: Exception) -> str:
    reasons: tuple[tuple[type[Exception], str], ...] = (
        (jwt.ExpiredSignatureError, "expired"),
        (jwt.InvalidAudienceError, "for another audience"),
        (jwt.InvalidIssuerError, "of another issuer"),
        (jwt.ImmatureSignatureError, "not good yet"),
        (jwt.MissingRequiredClaimError, "without a claim that it must have"),
        (jwt.InvalidSignatureError, "with a signature that is wrong"),
    )
    return next((said for kind, said in reasons if isinstance(error, kind)), "malformed")
