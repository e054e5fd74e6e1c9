"""A tenant's published keys, opened: what signs, what verifies, and the JWKS (RFC 7517)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import orjson
from jwt.algorithms import get_default_algorithms

from authgate.storage.keys.signing_keys import KeyState, NewKey
from authgate.tokens.algorithms import ALGORITHMS, P256_ORDER, PrivateKey
from authgate.tokens.signer import Signer
from authgate_tenants.encryption import TenantCipher
from authgate_tenants.settings import SigningAlgorithm

MAX_AGE = 900
"""Seconds for which clients may keep the JWKS."""

MAX_AGE_AFTER_REVOCATION = 60
"""The same, for a day after a key was revoked, so that clients forget it soon."""

STALE_WHILE_REVALIDATE = 300
"""Seconds for which clients may still use it, while they fetch it anew."""

_CHECKS = get_default_algorithms()
_ORDER = (KeyState.ACTIVE, KeyState.PENDING, KeyState.RETIRING)


class StoredKey(Protocol):
    """A key as it is stored, with its private part sealed."""

    @property
    def kid(self) -> str: ...

    @property
    def algorithm(self) -> str: ...

    @property
    def state(self) -> KeyState: ...

    @property
    def sealed_private(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """Checks the signatures of one key that has signed, or still does."""

    kid: str
    key: PrivateKey = field(repr=False)
    """Its public part is made for each check: kept for 10,000 tenants it would take 20 MB."""

    @property
    def algorithm(self) -> SigningAlgorithm:
        """The only ``alg`` that goes with this key."""
        return self.key.algorithm

    def verifies(self, signing_input: bytes, signature: bytes) -> bool:
        """Whether this key made this signature, in the one form our signer gives it."""
        if self.algorithm == "ES256" and int.from_bytes(signature[32:], "big") > P256_ORDER // 2:
            return False
        return _CHECKS[self.algorithm].verify(signing_input, self.key.verifying_key(), signature)


@dataclass(frozen=True, slots=True)
class JwksDocument:
    """The JWKS, ready to be sent."""

    body: bytes
    etag: str
    cache_control: str


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of a tenant as they were when they were loaded."""

    tenant_id: UUID
    signers: Mapping[str, Signer] = field(repr=False)
    """What signs, by algorithm."""
    verification_keys: Mapping[str, VerificationKey]
    """What verifies, by ``kid``: keys that sign or have signed, not those that wait."""
    waiting: frozenset[str]
    """The keys that have yet to sign, by ``kid``."""
    jwks: JwksDocument

    @classmethod
    def opened(
        cls, rows: Iterable[StoredKey], *, cipher: TenantCipher, max_age: int = MAX_AGE
    ) -> "KeySet":
        """Open published keys. Raises ``SealBroken`` where a row is not as we stored it."""
        found = sorted(rows, key=lambda row: _ORDER.index(row.state))
        opened = [(row.state, row.kid, _opened(row, cipher)) for row in found]
        return cls(
            tenant_id=cipher.tenant_id,
            signers={
                key.algorithm: Signer(key, kid=kid)
                for state, kid, key in opened
                if state == KeyState.ACTIVE
            },
            verification_keys={
                kid: VerificationKey(kid, key)
                for state, kid, key in opened
                if state != KeyState.PENDING
            },
            waiting=frozenset(kid for state, kid, _ in opened if state == KeyState.PENDING),
            jwks=_document([(kid, key) for _, kid, key in opened], max_age=max_age),
        )


def sealed(key: PrivateKey, *, cipher: TenantCipher, kid: str = "") -> NewKey:
    """A new key, ready to be stored; called by its thumbprint where it has no name yet."""
    kid = kid or key.thumbprint()
    return NewKey(
        kid=kid,
        algorithm=key.algorithm,
        public_jwk=key.public_jwk() | {"kid": kid},
        sealed_private=cipher.seal(
            kind=_kind(key.algorithm), object_id=kid, plaintext=key.to_bytes()
        ),
    )


def _opened(row: StoredKey, cipher: TenantCipher) -> PrivateKey:
    # The public part is computed from the sealed one, never read, and the seal holds for this kid
    # only: whoever can write rows cannot make the server believe in a key of theirs.
    private = cipher.open(
        kind=_kind(row.algorithm), object_id=row.kid, sealed=bytes(row.sealed_private)
    )
    return ALGORITHMS[row.algorithm].from_bytes(private)


def _kind(algorithm: str) -> str:
    # With the algorithm in the seal, no row can turn a public-key pair into a shared secret.
    return f"signing-key/{algorithm}"


def _document(keys: Iterable[tuple[str, PrivateKey]], *, max_age: int) -> JwksDocument:
    shown = [key.public_jwk() | {"kid": kid} for kid, key in keys if key.algorithm != "HS256"]
    body = orjson.dumps({"keys": shown})
    return JwksDocument(
        body=body,
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        cache_control=(
            f"public, max-age={max_age}, stale-while-revalidate={STALE_WHILE_REVALIDATE}"
        ),
    )
