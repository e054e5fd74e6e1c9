"""How a secret looks in a text: as it is, or as somebody may have encoded it on the way there.

A text is read by its runs, which are what secrets are made of. A secret is known by a part of it
that is long enough to be no accident, since a line of a log may be cut anywhere.
"""

import base64
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

WINDOW = 8
"""Bytes by which a secret is looked up; no shorter one is watched."""

_PART = 24
_LONG = 2 * _PART
_TOKEN = b"eyJ"  # so begin all tokens of a key
_RUN = re.compile(rb"[A-Za-z0-9_+/%.~-]{8,}")
_ODD = re.compile(rb"[\x80-\xff]")


def runs(text: bytes) -> set[bytes]:
    """The pieces of a text that a secret could be in, each once."""
    return set(_RUN.findall(text))


def odd_places(text: bytes) -> Iterator[int]:
    """Where a text has bytes that are not ASCII, as bytes made by chance have and few texts do."""
    return iter(()) if text.isascii() else (found.start() for found in _ODD.finditer(text))


def marks(secret: bytes) -> set[bytes]:
    """What gives the secret away, in any of its forms."""
    return {mark for form in _forms(secret) for mark in _marks(form)}


def _forms(secret: bytes) -> Iterator[bytes]:
    yield secret
    yield quote(secret, safe="").encode()
    yield quote_plus(secret).encode()
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for offset in range(3):
        standard = _within_base64(secret, offset)
        yield standard
        yield standard.translate(bytes.maketrans(b"+/", b"-_"))


def _within_base64(secret: bytes, offset: int) -> bytes:
    """The base64 of any bytes that hold the secret so far from the beginning of three of them."""
    encoded = base64.b64encode(bytes(offset) + secret)
    whole = (offset + len(secret)) * 8 // 6
    return encoded[-(-offset * 8 // 6) : whole]


def _marks(form: bytes) -> Iterator[bytes]:
    longest = max(_RUN.findall(form), key=len, default=b"")
    if not longest:
        return
    if len(longest) <= _LONG:
        yield longest[:_PART]
        return
    middle = len(longest) // 2
    yield longest[middle : middle + _PART]
    yield longest[-_PART:]
    if not longest.startswith(_TOKEN):
        yield longest[:_PART]
