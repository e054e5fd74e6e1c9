"""A private key that somebody brings to sign with: read, and looked at before it is believed in."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from authgate.tokens import jwk
from authgate.tokens.algorithms import ES256, HS256, RS256, EdDSA, PrivateKey
from authgate.tokens.jwk import BadJwk

LONGEST = 16_384
"""Characters of a key as it is brought."""

_READERS: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "EC": ECAlgorithm.from_jwk,
    "OKP": OKPAlgorithm.from_jwk,
    "RSA": RSAAlgorithm.from_jwk,
}
_PUBLIC = ("crv", "x", "y", "n", "e")
_PRIMES_APART = 100
"""Of two primes of n bits the difference has more than n - 100 (FIPS 186-5, appendix A.1.3)."""

_SECRET_BYTES = 32
_DIFFERENT_BYTES = 16
"""Of 32 random bytes 30 differ on average, and fewer than 16 once in 10^11."""

_EVERYBODYS = frozenset(
    {
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",  # RFC 8037, appendix A.3
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",  # RFC 7638, section 3.1
    }
)
"""Thumbprints of keys that stand in examples."""

KID = r"^[A-Za-z0-9_][A-Za-z0-9_.~:=+-]{0,63}$"
"""What a key may be called that is brought: one part of a path, and no option at a terminal."""


class UnfitKey(ValueError):
    """A key that is not taken. The text says why, and nothing of the key."""


class ImportedKey(NamedTuple):
    """A key, and what the tokens call it that it has signed."""

    key: PrivateKey
    kid: str


def read(text: str, *, passphrase: str = "", kid: str = "") -> ImportedKey:
    """The key of a PEM (RFC 7468) or of a JWK (RFC 7517), with the algorithm that goes with it.

    ES256 for P-256, EdDSA for Ed25519, RS256 for RSA of 2048 to 4096 bits, HS256 for a secret of 32
    bytes or more. It is called as ``kid`` says, or its JWK, or by its thumbprint. Raises
    ``UnfitKey``.
    """
    if len(text) > LONGEST:
        raise UnfitKey(f"A key has no more than {LONGEST} characters.")
    text = text.strip()
    told = _read_jwk(text) if text.startswith("{") else None
    key = _of_jwk(told) if told is not None else _of_pem(text, passphrase)
    if key.thumbprint() in _EVERYBODYS:
        raise UnfitKey("This key stands in an example: everybody has it.")
    return ImportedKey(key, _called(key, kid or (told or {}).get("kid")))


def _called(key: PrivateKey, kid: object) -> str:
    # By its thumbprint a secret is known again, which shows nothing else of itself; and who shares
    # one does not look at names.
    if not kid or key.algorithm == "HS256":
        return key.thumbprint()
    if not isinstance(kid, str) or not re.fullmatch(KID, kid):
        raise UnfitKey(
            "The kid has more than 64 characters, or others than letters, digits and _ . ~ : = + -"
            " after a first one that is a letter, a digit or _."
        )
    return kid


def _of_pem(text: str, passphrase: str) -> PrivateKey:
    try:
        found = load_pem_private_key(text.encode(), passphrase.encode() or None)
    except TypeError as error:
        words = "takes no passphrase" if passphrase else "is encrypted: give its passphrase"
        raise UnfitKey(f"The key {words}.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnfitKey(
            "This is neither a private key as PEM or JWK, nor one that the passphrase opens."
        ) from error
    return _ours(found)


def _read_jwk(text: str) -> Mapping[str, Any]:
    try:
        told: Mapping[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UnfitKey("The JWK is no JSON.") from error
    return told


def _of_jwk(told: Mapping[str, Any]) -> PrivateKey:
    if told.get("use", "sig") != "sig":
        raise UnfitKey("The JWK is not for signatures.")
    key = _of_members(told)
    if told.get("alg", key.algorithm) != key.algorithm:
        raise UnfitKey(f"The alg of the JWK is not {key.algorithm}.")
    return key


def _of_members(told: Mapping[str, Any]) -> PrivateKey:
    if told.get("kty") == "oct":
        return _shared(told.get("k"))
    reader = _READERS.get(str(told.get("kty")))
    if reader is None or "d" not in told:
        raise UnfitKey("The JWK is no private key of the types EC, OKP or RSA, and no secret.")
    try:
        # Whatever members it has: a private key that does not go with its public half is refused.
        key = _ours(reader(dict(told)))
    except (PyJWTError, ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
        if isinstance(error, UnfitKey):
            raise
        raise UnfitKey("The members of the JWK make no private key.") from error
    members = key.public_members()
    if any(told[name] != members.get(name) for name in _PUBLIC if name in told):
        raise UnfitKey("The public members of the JWK are another key's.")
    return key


def _ours(found: object) -> PrivateKey:
    try:
        match found:
            case ec.EllipticCurvePrivateKey():
                jwk.public_key(jwk.members_of(found.public_key()))
                return ES256(found)
            case ed25519.Ed25519PrivateKey():
                return EdDSA(found)
            case rsa.RSAPrivateKey():
                jwk.public_key(jwk.members_of(found.public_key()))
                _check_primes(found)
                return RS256(found)
    except BadJwk as error:
        raise UnfitKey(str(error)) from error
    raise UnfitKey("A key is of none of the types EC with P-256, OKP with Ed25519, and RSA.")


def _check_primes(key: rsa.RSAPrivateKey) -> None:
    numbers = key.private_numbers()
    apart = abs(numbers.p - numbers.q).bit_length()
    if apart <= key.key_size // 2 - _PRIMES_APART:
        raise UnfitKey("The primes of the RSA key are so close that anybody can find them.")


def _shared(text: object) -> PrivateKey:
    try:
        secret = base64.b64decode(str(text) + "=" * (-len(str(text)) % 4), altchars=b"-_")
    except (binascii.Error, ValueError) as error:
        raise UnfitKey("The secret of the JWK is not base64url.") from error
    if len(secret) < _SECRET_BYTES:
        raise UnfitKey("A secret for HS256 has 32 bytes or more (RFC 7518 section 3.2).")
    if len(set(secret)) < _DIFFERENT_BYTES:
        raise UnfitKey("The secret follows a pattern, so it can be guessed.")
    return HS256(secret)
