"""Who has sealed an audit log: a key of the installation's, which no database holds."""

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from authgate.tokens.algorithms import base64url, thumbprint
from authgate.tokens.signed_statement import Kind, StatementKey, read, signer_of
from authgate_tenants.key_encryption import KeyEncryptionKey

CHECKPOINT: Final = Kind(
    "audit-checkpoint+jwt", b"authgate audit seals", "checkpoint of an audit log"
)
"""What states how far a log has come, for whoever keeps it elsewhere."""

CHANGE: Final = Kind("audit-change+jwt", CHECKPOINT.purpose, "statement of what left an audit log")
"""What states which events went, or where a log was emptied; by the same key."""

# No JWS begins like this, so neither signature is good for the other.
_SEAL = b"\0authgate audit seal\n"


@dataclass(frozen=True, slots=True)
class SealKeys:
    """The keys that an installation seals with, the present one first."""

    present: StatementKey
    trusted: frozenset[bytes]
    """The public keys of all of them."""

    @classmethod
    def of(cls, keks: Sequence[KeyEncryptionKey]) -> Self:
        """Those that belong to key-encryption keys."""
        keys = [StatementKey.of(CHECKPOINT, each) for each in keks]
        return cls(keys[0], frozenset(map(public_key, keys)))

    @property
    def thumbprints(self) -> frozenset[str]:
        """What they are called."""
        return frozenset(map(named, self.trusted))

    def sign(self, digest: bytes) -> bytes:
        """The signature of a seal."""
        return self.present.key.sign(_SEAL + digest)

    def state(self, change: Mapping[str, Any]) -> str:
        """The statement of what left a log."""
        return StatementKey(CHANGE, self.present.key).sign(change)


def public_key(key: StatementKey) -> bytes:
    """The 32 bytes of its public part (RFC 8032)."""
    return base64.urlsafe_b64decode(key.key.public_members()["x"] + "=")


def named(signer: bytes) -> str:
    """The thumbprint of a public key (RFC 7638)."""
    return thumbprint({"kty": "OKP", "crv": "Ed25519", "x": base64url(signer).decode()})


def is_signed(digest: bytes, signature: bytes, signer: bytes) -> bool:
    """Whether this key has signed the seal, whoever's it is."""
    try:
        Ed25519PublicKey.from_public_bytes(signer).verify(signature, _SEAL + digest)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_checkpoint(statement: str, *, trusted: Collection[str]) -> dict[str, Any]:
    """What a checkpoint states. Raises ``BadStatement``."""
    return read(CHECKPOINT, statement, trusted=trusted)


def checkpoint_signer(statement: str) -> str:
    """The thumbprint of the key that a checkpoint carries. Raises ``BadStatement``."""
    return signer_of(CHECKPOINT, statement)
