"""Key-encryption keys: the installation's own secret, which wraps every tenant's data key.

Nothing here reaches the database. A key that anyone could guess is refused at the start, since
whoever has it and a copy of the database has every tenant's private keys.
"""

import base64
import binascii
import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32
_CURE = (
    "Make a new one with `openssl rand -base64 32` and set it as AUTHGATE_KEYS__KEK, or put it "
    "into the file that AUTHGATE_KEYS__KEK_FILE names (mode 0600)."
)
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
PLACEHOLDERS = re.compile(
    r"change.?me|change.?it|change.?this|replace|placeholder|secret|password|passwd|example|default"
    r"|insecure|your.?key|your.?kek|not.?secure|authgate|correct.?horse|12345678",
    re.IGNORECASE,
)
"""Words of secrets that stand in examples, and of those that people make up."""

# Of 32 random bytes 30 differ on average; fewer than 16 happen once in 10^11 keys.
_DIFFERENT_BYTES = 16
# Bits a character. In 300,000 random keys the least was 4.2 in base64 and 3.3 in hex.
_BASE64_ENTROPY, _HEX_ENTROPY = 4.0, 3.0


class KeyEncryptionKeyError(ValueError):
    """The server cannot start with the key-encryption key it was given."""


class WeakKeyEncryptionKey(KeyEncryptionKeyError):
    """A key-encryption key that others know, may read or could guess. Says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The key-encryption key {reason}. {_CURE}")


class ExposedKeyEncryptionKey(WeakKeyEncryptionKey):
    """A key-encryption key in a file that others may read. Says what to do."""


class KeyProviderFailed(KeyEncryptionKeyError):
    """The plugin that keeps the key-encryption key did not open it. Says why."""


class NoKeyEncryptionKey(KeyEncryptionKeyError):
    """No key-encryption key was given, or its file cannot be read. Says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} {_CURE}")


@dataclass(frozen=True, slots=True)
class KeyEncryptionKey:
    """A key that wraps data keys. The same secret has the same id wherever it is loaded."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read base64 or hex of 32 bytes or more. Raises ``WeakKeyEncryptionKey``."""
        material = _strong_material(text.strip())
        return cls(
            id=_derived(material, purpose=b"id", length=8).hex(),
            secret=_derived(material, purpose=b"wrap", length=_KEY_BYTES),
        )

    @classmethod
    def from_file(cls, path: Path, *, opened: Callable[[str], str] = str) -> Self:
        """Read a file that nobody but its owner may open.

        ``opened`` makes of what is kept there what ``from_text`` reads.

        Raises ``NoKeyEncryptionKey``, ``ExposedKeyEncryptionKey`` and ``WeakKeyEncryptionKey``.
        """
        try:
            with path.open(encoding="ascii", errors="replace") as file:
                # Asked of the open file: the name may lead elsewhere a moment later.
                status = os.fstat(file.fileno())
                text = file.read(4096)
        except OSError as error:
            reason = f"Cannot read the key-encryption key in {path}: {error.strerror}."
            raise NoKeyEncryptionKey(reason) from error
        if is_exposed(status.st_mode, owner=status.st_uid, reader=os.geteuid()):
            mode = f"{status.st_mode & 0o777:04o}"
            raise ExposedKeyEncryptionKey(
                f"in {path} can be read by other users (mode {mode}). If none of them has seen it,"
                f" `chmod 600 {path}` is enough; else rotate it"
            )
        return cls.from_text(opened(text))


def material(text: str) -> bytes:
    """The bytes of a key, which are the key as well. Raises ``WeakKeyEncryptionKey``."""
    return _strong_material(text.strip())


def create_kek_file(path: Path) -> KeyEncryptionKey:
    """Make a random key in a new file of mode 0600. Raises ``FileExistsError``."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = base64.b64encode(os.urandom(_KEY_BYTES)).decode()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{text}\n")
        file.flush()
        # What it will seal outlives a power cut, so must the key.
        os.fsync(file.fileno())
    return KeyEncryptionKey.from_text(text)


def load_keks(
    *,
    kek: str | None,
    kek_file: Path,
    retired: Iterable[str] = (),
    opened: Callable[[str], str] = str,
) -> tuple[KeyEncryptionKey, ...]:
    """The keys in use, the one that wraps first, then those that only open.

    ``kek_file`` is read where ``kek`` is not set; ``opened`` makes of each as it is kept the key as
    it is used. Raises ``NoKeyEncryptionKey`` and ``WeakKeyEncryptionKey``.
    """
    if kek is not None and kek.strip():
        first = KeyEncryptionKey.from_text(opened(kek))
    else:
        first = KeyEncryptionKey.from_file(kek_file, opened=opened)
    return (first, *(KeyEncryptionKey.from_text(opened(text)) for text in retired))


def is_exposed(mode: int, *, owner: int, reader: int) -> bool:
    """Whether others than the reader may open a file of this mode.

    A file of root's that our group may read was handed over to us: Kubernetes mounts secrets so,
    and systemd's credentials look so.
    """
    is_handed_over = owner == 0 and reader != 0
    return bool(mode & (0o037 if is_handed_over else 0o077))


def _derived(material: bytes, *, purpose: bytes, length: int) -> bytes:
    # Derived apart, so that the id, which is stored and shown, tells nothing of the key.
    info = b"authgate key-encryption key " + purpose
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(material)


def _strong_material(text: str) -> bytes:
    if not text:
        raise WeakKeyEncryptionKey("is empty")
    if PLACEHOLDERS.search(text):
        raise WeakKeyEncryptionKey("is a placeholder or an example, which everyone knows")
    least = _HEX_ENTROPY if _HEX.fullmatch(text) else _BASE64_ENTROPY
    material = _decoded(text)
    if len(material) < _KEY_BYTES:
        raise WeakKeyEncryptionKey(f"is too short: {len(material)} bytes of {_KEY_BYTES}")
    if _has_pattern(material) or _entropy(text) < least:
        raise WeakKeyEncryptionKey("repeats itself or follows a pattern, so it can be guessed")
    if all(0x20 <= byte < 0x7F or byte in b"\r\n\t" for byte in material):
        raise WeakKeyEncryptionKey("is made of words or letters; it must be random bytes")
    return material


def _decoded(text: str) -> bytes:
    if _HEX.fullmatch(text):
        return bytes.fromhex(text)
    if not _BASE64.fullmatch(text):
        raise WeakKeyEncryptionKey("is neither base64 nor hex")
    unpadded = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)
    except binascii.Error as error:
        raise WeakKeyEncryptionKey("is cut off: its base64 does not come out even") from error


def _has_pattern(material: bytes) -> bool:
    steps = {(after - before) % 256 for before, after in pairwise(material)}
    return len(set(material)) < _DIFFERENT_BYTES or len(steps) < _DIFFERENT_BYTES


def _entropy(text: str) -> float:
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
