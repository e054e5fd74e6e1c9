"""What signs: one class per algorithm of RFC 7518 and RFC 8037, on top of ``cryptography``.

PyJWT would do as well, at twice the cost of a signature; it stays in charge of verifying.
"""

import binascii
import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Self

import orjson
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from authgate_tenants.settings import SigningAlgorithm

VerifyingKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey | bytes
"""What checks a signature; for HS256 it is the secret itself."""

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_RSA_BITS = 2048
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def base64url(data: bytes) -> bytes:
    """Base64url without padding (RFC 7515 section 2)."""
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=")


class PrivateKey(ABC):
    """A key that signs. It never shows what it holds."""

    algorithm: ClassVar[SigningAlgorithm]
    is_slow: ClassVar[bool] = False
    """Whether making and using it takes so long that it belongs into a thread."""

    __slots__ = ()

    @classmethod
    @abstractmethod
    def generate(cls) -> Self:
        """Make a new random key."""

    @classmethod
    @abstractmethod
    def from_bytes(cls, private: bytes) -> Self:
        """Load what ``to_bytes`` gave. Raises ``ValueError`` for anything else."""

    @abstractmethod
    def to_bytes(self) -> bytes:
        """The private part, to be sealed and stored."""

    @abstractmethod
    def sign(self, data: bytes) -> bytes:
        """The signature in the form that RFC 7518 section 3 gives it in a JWS."""

    @abstractmethod
    def verifying_key(self) -> VerifyingKey:
        """What checks this key's signatures."""

    @abstractmethod
    def public_members(self) -> dict[str, str]:
        """The members of the public JWK that name the key itself (RFC 7518 section 6)."""

    def thumbprint(self) -> str:
        """What the key is called: its ``kid`` (RFC 7638)."""
        return thumbprint(self.public_members())

    def public_jwk(self) -> dict[str, str]:
        """The key as it is published (RFC 7517)."""
        members = self.public_members()
        return members | {"use": "sig", "alg": self.algorithm, "kid": thumbprint(members)}


class ES256(PrivateKey):
    """ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4)."""

    algorithm = "ES256"
    __slots__ = ("_key",)
    _hash: ClassVar = ec.ECDSA(hashes.SHA256())

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> Self:
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_bytes(cls, private: bytes) -> Self:
        key = load_der_private_key(private, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
            raise ValueError("This is not a P-256 key.")
        return cls(key)

    def to_bytes(self) -> bytes:
        return _der(self._key)

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self._key.sign(data, self._hash))
        # Of the two signatures that verify, s and n - s, ours has the smaller s, and the
        # verifier takes no other: so a token has one spelling, and its hash one value.
        s = min(s, P256_ORDER - s)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def verifying_key(self) -> VerifyingKey:
        return self._key.public_key()

    def public_members(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": number(numbers.x, 32),
            "y": number(numbers.y, 32),
        }


class RS256(PrivateKey):
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3), for clients that know nothing else."""

    algorithm = "RS256"
    is_slow = True
    __slots__ = ("_key",)

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> Self:
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS))

    @classmethod
    def from_bytes(cls, private: bytes) -> Self:
        # Our own keys, which no one has touched since we sealed them: checking the primes again
        # would take 57 ms.
        key = load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _RSA_BITS:
            raise ValueError(f"This is not an RSA key of {_RSA_BITS} bits or more.")
        return cls(key)

    def to_bytes(self) -> bytes:
        return _der(self._key)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def verifying_key(self) -> VerifyingKey:
        return self._key.public_key()

    def public_members(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}


class EdDSA(PrivateKey):
    """Ed25519 (RFC 8037)."""

    algorithm = "EdDSA"
    __slots__ = ("_key",)

    def __init__(self, key: ed25519.Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> Self:
        return cls(ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, private: bytes) -> Self:
        return cls(ed25519.Ed25519PrivateKey.from_private_bytes(private))

    def to_bytes(self) -> bytes:
        return self._key.private_bytes_raw()

    def private_key(self) -> ed25519.Ed25519PrivateKey:
        """The key as the library has it, for what is signed rarely."""
        return self._key

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)

    def verifying_key(self) -> VerifyingKey:
        return self._key.public_key()

    def public_members(self) -> dict[str, str]:
        point = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url(point).decode()}


class HS256(PrivateKey):
    """HMAC with SHA-256 (RFC 7518 section 3.2), for servers that share the secret."""

    algorithm = "HS256"
    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def generate(cls) -> Self:
        return cls(os.urandom(32))

    @classmethod
    def from_bytes(cls, private: bytes) -> Self:
        if len(private) < 32:
            raise ValueError("An HS256 secret has 32 bytes or more (RFC 7518 section 3.2).")
        return cls(private)

    def to_bytes(self) -> bytes:
        return self._secret

    def sign(self, data: bytes) -> bytes:
        mac = hmac.HMAC(self._secret, hashes.SHA256())
        mac.update(data)
        return mac.finalize()

    def verifying_key(self) -> VerifyingKey:
        return self._secret

    def public_members(self) -> dict[str, str]:
        return {"kty": "oct"}

    def thumbprint(self) -> str:
        # RFC 7638 section 3.2.1. It gives nothing away: 256 random bits cannot be tried out
        # (section 7 there).
        return thumbprint({"kty": "oct", "k": base64url(self._secret).decode()})

    def public_jwk(self) -> dict[str, str]:
        return super().public_jwk() | {"kid": self.thumbprint()}


ALGORITHMS: dict[str, type[PrivateKey]] = {
    kind.algorithm: kind for kind in (ES256, RS256, EdDSA, HS256)
}
"""What a tenant may choose from, by the name in RFC 7518."""


def _der(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def number(value: int, length: int | None = None) -> str:
    """A number as a JWK writes it (RFC 7518 sections 2 and 6.2.1.2)."""
    octets = length or (value.bit_length() + 7) // 8
    return base64url(value.to_bytes(octets, "big")).decode()


def thumbprint(members: Mapping[str, str]) -> str:
    """What a key is called by the members that make it up (RFC 7638)."""
    canonical = orjson.dumps(dict(members), option=orjson.OPT_SORT_KEYS)
    return base64url(hashlib.sha256(canonical).digest()).decode()
