"""What people and programs are believed by: how it is made here, and what is stored of it."""

import hashlib
import secrets


def new_secret(prefix: str = "") -> str:
    """256 random bits as text; a ``prefix`` lets scanners for leaked secrets recognise it."""
    return prefix + secrets.token_urlsafe(32)


def hashed(secret: str) -> bytes:
    """What is stored of a secret.

    It has 256 random bits (a device's user code fewer, for minutes), so a plain hash cannot be
    searched; a slow one would only let a stranger spend our processor time. What is presented may
    be any text, even none in the eyes of UTF-8.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
