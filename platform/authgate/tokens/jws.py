"""Reading a signed token (RFC 7515 section 7.1), and taking only what our own signer writes.

A token has one spelling here: other base64, other JSON, a second member of the same name are
refused. Otherwise a changed spelling of a revoked token would have a hash nobody has revoked.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass

import orjson

MAX_LENGTH = 8192
"""Nothing longer is decoded; clients refuse longer ones as well."""


class InvalidToken(ValueError):
    """A token that is not to be believed (RFC 6750 section 3.1, ``invalid_token``).

    The text says why, for the log; who presented the token learns only that it is invalid.
    """


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token in its parts. Nothing in it has been checked."""

    header: dict[str, object]
    payload: bytes
    signing_input: bytes
    signature: bytes


def parsed(token: str, *, read: Callable[[bytes], dict[str, object]] | None = None) -> SignedToken:
    """Take a token apart; JSON is read as we write it, or as ``read`` does.

    Raises ``InvalidToken``.
    """
    if len(token) > MAX_LENGTH:
        raise InvalidToken("longer than any token of ours")
    if not token.isascii():
        raise InvalidToken("not ASCII")
    segments = token.encode("ascii").split(b".")
    if len(segments) != 3:
        raise InvalidToken("not three segments")
    header, payload, signature = segments
    return SignedToken(
        header=(read or members)(_decoded(header)),
        payload=_decoded(payload),
        signing_input=header + b"." + payload,
        signature=_decoded(signature),
    )


def members(json: bytes) -> dict[str, object]:
    """The members of a JSON object. Raises ``InvalidToken``."""
    try:
        found = orjson.loads(json)
        rewritten = orjson.dumps(found)
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidToken("not JSON") from error
    # A repeated member, white space or another way to write a number would not come back.
    if not isinstance(found, dict) or rewritten != json:
        raise InvalidToken("not a JSON object as we write it")
    return found


def _decoded(segment: bytes) -> bytes:
    try:
        data = base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))
    except ValueError as error:
        raise InvalidToken("not base64url") from error
    # The decoder skips what it does not know, and ignores the last character's spare bits.
    if base64.urlsafe_b64encode(data).rstrip(b"=") != segment:
        raise InvalidToken("not base64url in its one spelling")
    return data
