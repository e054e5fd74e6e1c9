"""A private key that somebody brings to sign with: read, and looked at before it is believed in."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm, OKPAlgorithm
from jwt.exceptions import PyJWTError
from jwt.utils import from_base64url_uint

from authgate import languages
from authgate.tokens import jwk
from authgate.tokens.algorithms import ES256, HS256, RS256, EdDSA, PrivateKey
from authgate.tokens.jwk import BadJwk

LONGEST = 16_384
"""Characters of a key as it is brought."""

_READERS: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "EC": ECAlgorithm.from_jwk,
    "OKP": OKPAlgorithm.from_jwk,
}
_RSA = ("n", "e", "d", "p", "q", "dp", "dq", "qi")

_PEM = re.compile(
    r"-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----\s([A-Za-z0-9+/\s]+={0,2}\s*)-----END \1-----"
)
"""One that nobody has encrypted, in the forms of RFC 5958, RFC 8017 and RFC 5915."""

_LENGTH = rb"(?:[\x00-\x7f]|\x81.|\x82..)"
_RFC_5958 = re.compile(
    rb"\x30" + _LENGTH + rb"\x02\x01[\x00\x01]\x30" + _LENGTH + rb"\x06(?:"
    rb"\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"  # 1.2.840.113549.1.1.1: RSA
    rb"|\x07\x2a\x86\x48\xce\x3d\x02\x01"  # 1.2.840.10045.2.1: EC
    rb"|\x03\x2b\x65\x70)",  # 1.3.101.112: Ed25519
    re.DOTALL,
)
"""How a key of the types that are taken begins. Others are not even opened: to load a key of Diffie
and Hellman is to look for minutes whether its numbers are prime."""

_NO_KEY = (
    PyJWTError,
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
    AssertionError,
    UnsupportedAlgorithm,
)
"""What PyJWT and ``cryptography`` raise for members that make no key."""

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


_OTHER_TYPE = languages.text(
    "A key is of none of the types EC with P-256, OKP with Ed25519, and RSA."
)


class UnfitKey(ValueError):
    """A key that is not taken. The text says why, and nothing of the key."""


class ImportedKey(NamedTuple):
    """A key, and what the tokens call it that it has signed."""

    key: PrivateKey
    kid: str


def read(text: str, *, kid: str = "") -> ImportedKey:
    """The key of a PEM (RFC 7468) or of a JWK (RFC 7517), with the algorithm that goes with it.

    Whoever sends it decides neither how long that takes nor how much memory: sizes are looked at
    before anything is computed, and an encrypted key, which says itself how much work it is to open
    it, is refused.

    ES256 for P-256, EdDSA for Ed25519, RS256 for RSA of 2048 to 4096 bits, HS256 for a secret of 32
    bytes or more. It is called as ``kid`` says, or its JWK, or by its thumbprint. Raises
    ``UnfitKey``.
    """
    if len(text) > LONGEST:
        raise UnfitKey(languages.text("A key has no more than %(most)s characters.", most=LONGEST))
    text = text.strip()
    told = _read_jwk(text) if text.startswith("{") else None
    key = _of_jwk(told) if told is not None else _of_pem(text)
    if key.thumbprint() in _EVERYBODYS:
        raise UnfitKey(languages.text("This key stands in an example: everybody has it."))
    return ImportedKey(key, _called(key, kid or (told or {}).get("kid")))


def _called(key: PrivateKey, kid: object) -> str:
    # By its thumbprint a secret is known again, which shows nothing else of itself; and who shares
    # one does not look at names.
    if not kid or key.algorithm == "HS256":
        return key.thumbprint()
    if not isinstance(kid, str) or not re.fullmatch(KID, kid):
        raise UnfitKey(
            languages.text(
                "The kid has more than 64 characters, or others than letters, digits and "
                "_ . ~ : = + - after a first one that is a letter, a digit or _."
            )
        )
    return kid


def opened(text: str, *, passphrase: str) -> str:
    """An encrypted PEM as one that is not, for whoever has the file and need not fear it.

    Raises ``UnfitKey``.
    """
    try:
        key = load_pem_private_key(text.encode(), passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnfitKey(languages.text("The passphrase opens no private key in it.")) from error
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _of_pem(text: str) -> PrivateKey:
    if "ENCRYPTED" in text:
        raise UnfitKey(
            languages.text("The key is encrypted: only the command authgate keys import opens it.")
        )
    found = _PEM.search(text)
    if found is None:
        raise UnfitKey(languages.text("This is no private key as PEM or JWK."))
    try:
        if found[1] == "PRIVATE KEY" and not _RFC_5958.match(base64.b64decode(found[2])):
            raise UnfitKey(_OTHER_TYPE)
        # The numbers of an RSA key are looked at afterwards, once it is known how long they are.
        key = load_pem_private_key(found[0].encode(), None, unsafe_skip_rsa_key_validation=True)
        return _ours(key)
    except UnfitKey:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnfitKey(languages.text("The PEM holds no private key.")) from error


def _read_jwk(text: str) -> Mapping[str, Any]:
    try:
        told: Mapping[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UnfitKey(languages.text("The JWK is no JSON.")) from error
    return told


def _of_jwk(told: Mapping[str, Any]) -> PrivateKey:
    if told.get("use", "sig") != "sig":
        raise UnfitKey(languages.text("The JWK is not for signatures."))
    key = _of_members(told)
    if told.get("alg", key.algorithm) != key.algorithm:
        raise UnfitKey(
            languages.text("The alg of the JWK is not %(algorithm)s.", algorithm=key.algorithm)
        )
    return key


def _of_members(told: Mapping[str, Any]) -> PrivateKey:
    if told.get("kty") == "oct":
        return _shared(told.get("k"))
    kind = str(told.get("kty"))
    if (kind != "RSA" and kind not in _READERS) or "d" not in told:
        raise UnfitKey(
            languages.text("The JWK is no private key of the types EC, OKP or RSA, and no secret.")
        )
    try:
        # Whatever members it has: a private key that does not go with its public half is refused.
        key = _of_rsa_members(told) if kind == "RSA" else _ours(_READERS[kind](dict(told)))
    except UnfitKey:
        raise
    except BadJwk as error:
        raise UnfitKey(str(error)) from error
    except _NO_KEY as error:
        raise UnfitKey(languages.text("The members of the JWK make no private key.")) from error
    members = key.public_members()
    if any(told[name] != members.get(name) for name in _PUBLIC if name in told):
        raise UnfitKey(languages.text("The public members of the JWK are another key's."))
    return key


def _of_rsa_members(told: Mapping[str, Any]) -> PrivateKey:
    if not all(name in told for name in _RSA):
        # To find the primes without them takes long.
        raise UnfitKey(
            languages.text("An RSA key is brought with all of n, e, d, p, q, dp, dq and qi.")
        )
    n, e, d, p, q, dp, dq, qi = (from_base64url_uint(told[name]) for name in _RSA)
    public = rsa.RSAPublicNumbers(e, n)
    return _rsa(
        rsa.RSAPrivateNumbers(p=p, q=q, d=d, dmp1=dp, dmq1=dq, iqmp=qi, public_numbers=public)
    )


def _ours(found: object) -> PrivateKey:
    try:
        match found:
            case ec.EllipticCurvePrivateKey():
                jwk.public_key(jwk.members_of(found.public_key()))
                return ES256(found)
            case ed25519.Ed25519PrivateKey():
                return EdDSA(found)
            case rsa.RSAPrivateKey():
                return _rsa(found.private_numbers())
    except BadJwk as error:
        raise UnfitKey(str(error)) from error
    raise UnfitKey(_OTHER_TYPE)


def _rsa(numbers: rsa.RSAPrivateNumbers) -> PrivateKey:
    """A key of numbers that nobody has looked at yet. Raises ``BadJwk`` and ``ValueError`` too."""
    public = numbers.public_numbers
    jwk.check_rsa(public.n, public.e)
    bits = public.n.bit_length()
    rest = (numbers.d, numbers.dmp1, numbers.dmq1, numbers.iqmp)
    if max(each.bit_length() for each in rest) > bits:
        raise UnfitKey(languages.text("A member of the RSA key is longer than its modulus."))
    if max(numbers.p.bit_length(), numbers.q.bit_length()) > (bits + 1) // 2:
        raise UnfitKey(languages.text("A prime of the RSA key is longer than half of its modulus."))
    _check_primes(numbers, bits)
    return RS256(numbers.private_key())


def _check_primes(numbers: rsa.RSAPrivateNumbers, bits: int) -> None:
    apart = abs(numbers.p - numbers.q).bit_length()
    if apart <= bits // 2 - _PRIMES_APART:
        raise UnfitKey(
            languages.text("The primes of the RSA key are so close that anybody can find them.")
        )


def _shared(text: object) -> PrivateKey:
    try:
        secret = base64.b64decode(str(text) + "=" * (-len(str(text)) % 4), altchars=b"-_")
    except (binascii.Error, ValueError) as error:
        raise UnfitKey(languages.text("The secret of the JWK is not base64url.")) from error
    if len(secret) < _SECRET_BYTES:
        raise UnfitKey(
            languages.text("A secret for HS256 has 32 bytes or more (RFC 7518 section 3.2).")
        )
    if len(set(secret)) < _DIFFERENT_BYTES:
        raise UnfitKey(languages.text("The secret follows a pattern, so it can be guessed."))
    return HS256(secret)
