"""Proof Key for Code Exchange (RFC 7636): who redeems a code is who asked for it."""

import base64
import hashlib
import hmac
import re

METHOD = "S256"
"""The only one: ``plain`` tells whoever reads the request what the proof is (RFC 9700 2.1.1)."""

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")  # RFC 7636 4.2: base64url of 32 bytes
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")  # RFC 7636 4.1


def is_challenge(text: str) -> bool:
    """Whether this can be a challenge."""
    return _CHALLENGE.match(text) is not None


def proves(verifier: str, challenge: str) -> bool:
    """Whether the challenge was made from this verifier, compared in constant time."""
    if not _VERIFIER.match(verifier):
        return False
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=")
    return hmac.compare_digest(made, challenge.encode())
