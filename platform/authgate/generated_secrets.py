"""Secrets that are made here rather than typed, for somebody else's server to know as well."""

import secrets
from base64 import b64encode

_BYTES = 32


def generated(beginning: str) -> str:
    """A secret that begins so: 32 random bytes in base64 follow."""
    return beginning + b64encode(secrets.token_bytes(_BYTES)).decode("ascii")
