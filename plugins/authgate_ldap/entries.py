"""A found entry, read from its octets (RFC 4511 section 4.5.2).

A server may tell a thousand of them at once. By a schema each would take milliseconds of a
processor; this way it takes microseconds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_INTEGER, _TEXT, _SEQUENCE, _SET = 0x02, 0x04, 0x30, 0x31
_FOUND = 0x64
_CONTROLS = 0xA0
_OF_LENGTH = 4
"""Octets of a length: more are no message of ours."""
_OF_NUMBER = 4
_MALFORMED = "What came is no message of LDAP."


class NoLdap(Exception):
    """What came is no message of LDAP, or not the one that was waited for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in the directory."""

    dn: str
    attributes: Mapping[str, Sequence[bytes]]
    """By name in small letters."""


class _Part(NamedTuple):
    """A value, and where it lies."""

    kind: int
    start: int
    end: int


def found_in(content: bytes) -> tuple[int, Entry] | None:
    """The message's number and the entry in it; ``None`` where the message holds something else.
    Raises ``NoLdap``."""
    number, operation = _operation(content)
    if operation.kind != _FOUND:
        return None
    name, attributes = _some(content, operation, _TEXT, _SEQUENCE)
    return number, Entry(_text(content, name), _attributes(content, attributes))


def _operation(content: bytes) -> tuple[int, _Part]:
    [message] = _some(content, _Part(0, 0, len(content)), _SEQUENCE)
    parts = list(_parts(content, message))
    if len(parts) not in (2, 3) or any(each.kind != _CONTROLS for each in parts[2:]):
        raise NoLdap(_MALFORMED)
    number, operation = parts[:2]
    if number.kind != _INTEGER or not 1 <= number.end - number.start <= _OF_NUMBER:
        raise NoLdap("A message without a number.")
    return int.from_bytes(content[number.start : number.end], "big", signed=True), operation


def _attributes(content: bytes, listed: _Part) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {}
    for each in _parts(content, listed):
        if each.kind != _SEQUENCE:
            raise NoLdap(_MALFORMED)
        kind, values = _some(content, each, _TEXT, _SET)
        found[_text(content, kind).lower()] = [
            content[start:end] for _, start, end in _all(content, values, _TEXT)
        ]
    return found


def _some(content: bytes, within: _Part, *kinds: int) -> list[_Part]:
    """The parts, which are these and no others."""
    found = list(_parts(content, within))
    if tuple(each.kind for each in found) != kinds:
        raise NoLdap(_MALFORMED)
    return found


def _all(content: bytes, within: _Part, kind: int) -> list[_Part]:
    """The parts, which are all of this kind."""
    found = list(_parts(content, within))
    if any(each.kind != kind for each in found):
        raise NoLdap(_MALFORMED)
    return found


def _parts(content: bytes, within: _Part) -> Iterator[_Part]:
    place, end = within.start, within.end
    while place < end:
        start, stop = _reach(content, place)
        if stop > end:
            raise NoLdap(_MALFORMED)
        yield _Part(content[place], start, stop)
        place = stop


def _reach(content: bytes, place: int) -> tuple[int, int]:
    """Where the value that begins here does, and where it ends: of a definite length, as all of
    LDAP is (section 5.1)."""
    head = content[place + 1 : place + 2 + _OF_LENGTH]
    if not head:
        raise NoLdap(_MALFORMED)
    if head[0] < 0x80:
        return place + 2, place + 2 + head[0]
    octets = head[0] & 0x7F
    if not 1 <= octets < len(head):
        raise NoLdap(_MALFORMED)
    start = place + 2 + octets
    return start, start + int.from_bytes(head[1 : 1 + octets], "big")


def _text(content: bytes, part: _Part) -> str:
    try:
        return content[part.start : part.end].decode()
    except UnicodeDecodeError as error:
        raise NoLdap("A name that is no text.") from error
