"""What checking a password costs: argon2's parameters or bcrypt's rounds, as they begin a hash.

People who come from another server bring hashes of its costs. An answer that takes as long as one
of them would tell who they are.
"""

import re
import secrets
import string
from base64 import b64encode
from typing import Final

from argon2 import PasswordHasher

_BEGINS = re.compile(r"\$(?:argon2(?:id|i|d)\$(?:v=\d+\$)?m=\d+,t=\d+,p=\d+|2[aby]\$\d\d)\$")
_BCRYPT = re.compile(r"\$2[aby]\$")
_BCRYPT_LETTERS: Final = string.ascii_letters + string.digits + "./"
_SALT_BYTES = 16
_HASH_BYTES = 32


def of(stored: str | None) -> str | None:
    """What a stored hash costs; ``None`` where nothing is stored that could be checked."""
    found = _BEGINS.match(stored or "")
    return _BCRYPT.sub("$2b$", found[0]) if found else None


def of_hasher(hasher: PasswordHasher) -> str:
    """What the hashes cost that this one makes."""
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2{hasher.type.name.lower()}$v=19${costs}$"


def end(stored: str) -> str:
    """What is above each hash that begins as this one, and below each other that is above it."""
    found = _BEGINS.match(stored)
    return f"{found[0]}\x7f" if found else stored


def is_bcrypt(stored: str) -> bool:
    """Whether somebody came with this hash from another server."""
    return _BCRYPT.match(stored) is not None


def of_nobody(cost: str) -> str:
    """A hash of no password, which takes as long to be checked as each of this cost."""
    if is_bcrypt(cost):
        # The last letters of both parts stand for fewer bits than the others.
        return f"{cost}{_letters(21)}.{_letters(30)}."
    salt, hashed = (_plain(secrets.token_bytes(size)) for size in (_SALT_BYTES, _HASH_BYTES))
    return f"{cost}{salt}${hashed}"


def _letters(count: int) -> str:
    return "".join(secrets.choice(_BCRYPT_LETTERS) for _ in range(count))


def _plain(some: bytes) -> str:
    return b64encode(some).decode().rstrip("=")
