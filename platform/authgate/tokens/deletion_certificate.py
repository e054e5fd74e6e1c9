"""What stays of a deleted tenant: a signed statement of what was deleted, when and by whose wish.

It is a JWS (RFC 7515) by a key of the installation's, which is made from the key-encryption key and
named by its thumbprint (RFC 7638). It carries the public key, so whoever has noted the thumbprint
can check it without asking anybody.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from authgate.tokens.algorithms import EdDSA
from authgate.tokens.jwk import BadJwk, public_key
from authgate_tenants.key_encryption import KeyEncryptionKey

TYPE = "deletion-certificate+jwt"

_PURPOSE = b"authgate deletion certificates"
_SEED_BYTES = 32


class BadCertificate(ValueError):
    """What is no certificate, was changed, or was signed by another key. The text says which."""


@dataclass(frozen=True, slots=True)
class CertificateKey:
    """What an installation signs its certificates with."""

    key: EdDSA = field(repr=False)

    @classmethod
    def of(cls, kek: KeyEncryptionKey) -> Self:
        """The one that belongs to a key-encryption key."""
        hkdf = HKDF(algorithm=SHA256(), length=_SEED_BYTES, salt=None, info=_PURPOSE)
        return cls(EdDSA.from_bytes(hkdf.derive(kek.secret)))

    @property
    def thumbprint(self) -> str:
        """What it is called."""
        return self.key.thumbprint()

    def sign(self, statement: Mapping[str, Any]) -> str:
        """The statement as a certificate."""
        headers = {"typ": TYPE, "kid": self.thumbprint, "jwk": self.key.public_members()}
        private = self.key.private_key()
        return jwt.encode(dict(statement), private, algorithm="EdDSA", headers=headers)


def thumbprints(keks: Iterable[KeyEncryptionKey]) -> list[str]:
    """Of the keys that an installation has signed with, the present one first."""
    return [CertificateKey.of(kek).thumbprint for kek in keks]


def signer_of(certificate: str) -> str:
    """The thumbprint of the key that a certificate carries. Raises ``BadCertificate``."""
    return _carried(certificate)[0]


def read(certificate: str, *, trusted: Collection[str]) -> dict[str, Any]:
    """What a certificate states, signed by one of these keys. Raises ``BadCertificate``."""
    thumbprint, key = _carried(certificate)
    if thumbprint not in trusted:
        raise BadCertificate(f"It was signed by another key: {thumbprint}.")
    try:
        # Of a moment that is past, for nobody in particular: there is nothing to be too late for.
        stated: dict[str, Any] = jwt.decode(
            certificate, key, algorithms=["EdDSA"], options={"verify_iat": False}
        )
    except jwt.InvalidTokenError as error:
        raise BadCertificate("It was changed: the signature does not fit.") from error
    return stated


def _carried(certificate: str) -> tuple[str, Any]:
    try:
        header = jwt.get_unverified_header(certificate)
        found = public_key(header.get("jwk"))
    except (jwt.InvalidTokenError, BadJwk) as error:
        raise BadCertificate("This is no certificate of a deletion.") from error
    if header.get("typ") != TYPE:
        raise BadCertificate("This is no certificate of a deletion.")
    return found.thumbprint, found.key
