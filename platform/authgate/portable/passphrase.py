"""What protects the secrets in a tenant's file: keys that are made of a passphrase.

The same passphrase makes the same keys for a tenant, and AES-SIV (RFC 5297) gives the same bytes
for the same secret at the same place: a file and its copy are equal, and nothing else can be told
from two of them. Each secret names its place: none can be moved to another row, column or tenant.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from typing import Any, Self
from uuid import UUID

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from authgate.languages import text

MINIMUM_LENGTH = 15
"""Characters: whoever has the file may try as many passphrases as they like."""

_LONGEST = 1024

PASSES, MEMORY_KIB, LANES = 3, 65536, 4
"""Of Argon2id: the second recommended option of RFC 9106 section 4."""

_SIV_BYTES, _MAC_BYTES, _SALT_BYTES = 64, 32, 16


class WeakPassphrase(ValueError):
    """A passphrase that could be guessed. The text says what it needs."""


class WrongPassphrase(ValueError):
    """The passphrase is not the file's."""

    def __init__(self) -> None:
        super().__init__(text("The passphrase is not the one that the file was made with."))


class FileKeys:
    """Seals and opens the secrets in the file of one tenant, and proves the file whole."""

    def __init__(self, siv: bytes, mac: bytes, tenant_id: UUID) -> None:
        self._siv = AESSIV(siv)
        self._mac = mac
        self._place = str(tenant_id).encode()

    @classmethod
    def of(cls, passphrase: str, tenant_id: UUID) -> Self:
        """The keys that a passphrase makes for a tenant's file. Takes a second of processor time.

        Raises ``WeakPassphrase``.
        """
        check_passphrase(passphrase)
        made = hash_secret_raw(
            passphrase.encode(),
            salt_of(tenant_id),
            PASSES,
            MEMORY_KIB,
            LANES,
            _SIV_BYTES + _MAC_BYTES,
            Type.ID,
        )
        return cls(made[:_SIV_BYTES], made[_SIV_BYTES:], tenant_id)

    def told(self, tenant_id: UUID) -> dict[str, Any]:
        """What the head of a file says of them, by which the passphrase is known."""
        return derivation(tenant_id) | {"check": self.seal(b"", "check")}

    def check(self, told: dict[str, Any]) -> None:
        """Raises ``WrongPassphrase`` where the head speaks of others."""
        self.open(told.get("check"), "check")

    def seal(self, secret: bytes, *place: str) -> str:
        """A secret as the file holds it."""
        sealed = (
            self._siv.encrypt(secret, self._where(place)) if secret else self._of_nothing(place)
        )
        return b64encode(sealed).decode("ascii")

    def open(self, sealed: object, *place: str) -> bytes:
        """A secret from the file. Raises ``WrongPassphrase`` where it was not sealed for this
        place by these keys."""
        try:
            blob = b64decode(sealed, validate=True) if isinstance(sealed, str) else b""
            if hmac.compare_digest(blob, self._of_nothing(place)):
                return b""
            return self._siv.decrypt(blob, self._where(place))
        except (InvalidTag, ValueError) as error:
            raise WrongPassphrase from error

    def proof(self, digest: bytes) -> str:
        """What whoever does not know the passphrase cannot make for a file with this digest."""
        return hmac.new(self._mac, b"file" + digest, hashlib.sha256).hexdigest()

    def _where(self, place: tuple[str, ...]) -> list[bytes]:
        return [self._place, *(each.encode() for each in place)]

    def _of_nothing(self, place: tuple[str, ...]) -> bytes:
        # The library seals no empty text.
        where = b"\0".join([b"nothing", *self._where(place)])
        return hmac.digest(self._mac, where, "sha256")


def check_passphrase(passphrase: str) -> None:
    """Refuse one that could be guessed. Raises ``WeakPassphrase``."""
    if not MINIMUM_LENGTH <= len(passphrase) <= _LONGEST:
        raise WeakPassphrase(
            text("A passphrase needs at least %(least)s characters.", least=MINIMUM_LENGTH)
        )


def derivation(tenant_id: UUID) -> dict[str, Any]:
    """How keys are made of a passphrase."""
    return {
        "kdf": "argon2id",
        "passes": PASSES,
        "memory_kib": MEMORY_KIB,
        "lanes": LANES,
        "salt": b64encode(salt_of(tenant_id)).decode("ascii"),
        "seal": "AES-256-SIV",
    }


def salt_of(tenant_id: UUID) -> bytes:
    """No two tenants have the same, and a tenant's is the same wherever it lives."""
    return hashlib.sha256(b"authgate tenant file" + tenant_id.bytes).digest()[:_SALT_BYTES]
