"""What an installation states under its own name, for people who check it where no server is.

It is a JWS (RFC 7515) by a key of the installation's, which is made from the key-encryption key,
for each kind of statement another one, and named by its thumbprint (RFC 7638). It carries the
public key, so whoever has noted the thumbprint can check it without asking anybody.
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

_SEED_BYTES = 32


class BadStatement(ValueError):
    """What is no statement of the kind, was changed, or was signed by another key. The text says
    which."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is stated."""

    type: str
    """As the header ``typ`` has it."""
    purpose: bytes
    """What its keys are made for, and nothing else."""
    name: str
    """For people."""


@dataclass(frozen=True, slots=True)
class StatementKey:
    """What an installation signs statements of one kind with."""

    kind: Kind
    key: EdDSA = field(repr=False)

    @classmethod
    def of(cls, kind: Kind, kek: KeyEncryptionKey) -> Self:
        """The one that belongs to a key-encryption key."""
        hkdf = HKDF(algorithm=SHA256(), length=_SEED_BYTES, salt=None, info=kind.purpose)
        return cls(kind, EdDSA.from_bytes(hkdf.derive(kek.secret)))

    @property
    def thumbprint(self) -> str:
        """What it is called."""
        return self.key.thumbprint()

    @property
    def jwk(self) -> dict[str, str]:
        """Its public part (RFC 7517)."""
        return self.key.public_jwk()

    def sign(self, statement: Mapping[str, Any]) -> str:
        """The statement, signed."""
        headers = {
            "typ": self.kind.type,
            "kid": self.thumbprint,
            "jwk": self.key.public_members(),
        }
        private = self.key.private_key()
        return jwt.encode(dict(statement), private, algorithm="EdDSA", headers=headers)


def thumbprints(kind: Kind, keks: Iterable[KeyEncryptionKey]) -> list[str]:
    """Of the keys that an installation has signed with, the present one first."""
    return [StatementKey.of(kind, kek).thumbprint for kek in keks]


def signer_of(kind: Kind, statement: str) -> str:
    """The thumbprint of the key that a statement carries. Raises ``BadStatement``."""
    return _carried(kind, statement)[0]


def read(kind: Kind, statement: str, *, trusted: Collection[str]) -> dict[str, Any]:
    """What is stated, signed by one of these keys. Raises ``BadStatement``."""
    thumbprint, key = _carried(kind, statement)
    if thumbprint not in trusted:
        raise BadStatement(f"It was signed by another key: {thumbprint}.")
    try:
        # Of a moment that is past, for nobody in particular: there is nothing to be too late for.
        stated: dict[str, Any] = jwt.decode(
            statement, key, algorithms=["EdDSA"], options={"verify_iat": False}
        )
    except jwt.PyJWTError as error:
        raise BadStatement("It was changed: the signature does not fit.") from error
    return stated


def _carried(kind: Kind, statement: str) -> tuple[str, Any]:
    try:
        header = jwt.get_unverified_header(statement)
        found = public_key(header.get("jwk"))
    except (jwt.InvalidTokenError, BadJwk) as error:
        raise BadStatement(f"This is no {kind.name}.") from error
    if header.get("typ") != kind.type:
        raise BadStatement(f"This is no {kind.name}.")
    return found.thumbprint, found.key
