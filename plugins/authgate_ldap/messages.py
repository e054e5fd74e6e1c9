"""Messages of LDAP (RFC 4511), made and read by pyasn1; found entries are read without it.

A search is put together of values, and never of text: nothing that somebody types is read as a part
of a filter (RFC 4515).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error
from pyasn1_modules import rfc2251

from authgate_ldap.entries import NoLdap, found_in

START_TLS = "1.3.6.1.4.1.1466.20037"
"""RFC 4511 section 4.14."""
WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"
"""RFC 4532."""

MOST_OF_MESSAGE = 65_536
"""Octets, and of all that answer a question about one person."""
MOST_OF_CONVERSATION = 1_000_000
"""Of all answers together."""

_SUCCESS = 0
_INTEGER = b"\x02"
_REFERENCE = b"\x73"
"""What a ``SearchResultReference`` begins with (RFC 4511 section 4.5.2)."""
_OF_LENGTH = 4
"""Octets of a length: more are no message of ours."""
_MOST_OF_RESULT = 8192
"""Octets of what is read by its schema, a thousand times as slow."""
_FOUND = "searchResEntry"


@dataclass(frozen=True, slots=True)
class Result:
    """How an operation ended."""

    code: int
    text: str

    @property
    def is_success(self) -> bool:
        """Whether it did what it should."""
        return self.code == _SUCCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for."""

    base: str
    any_of: Sequence[tuple[str, str]] = ()
    """Attributes and values, one of which an entry has; without any all do."""
    all_of: Sequence[tuple[str, str]] = ()
    """Attributes and values that it has each."""
    attributes: Sequence[str] = ()
    only_base: bool = False
    most: int = 2
    octets: int = MOST_OF_MESSAGE
    """Of the whole answer."""
    seconds: int = 4


def bind_request(number: int, dn: str, password: str) -> bytes:
    """A simple bind (RFC 4513 section 5.1.3)."""
    request = rfc2251.BindRequest()
    request["version"] = 3
    request["name"] = dn.encode()
    request["authentication"]["simple"] = password.encode()
    return _message(number, "bindRequest", request)


def extended_request(number: int, operation: str) -> bytes:
    """What asks for an extended operation that needs no value."""
    request = rfc2251.ExtendedRequest()
    request["requestName"] = operation
    return _message(number, "extendedReq", request)


def search_request(number: int, search: Search) -> bytes:
    """What looks for entries; aliases are not followed."""
    request = rfc2251.SearchRequest()
    request["baseObject"] = search.base.encode()
    request["scope"] = 0 if search.only_base else 2
    request["derefAliases"] = 0
    request["sizeLimit"] = search.most
    request["timeLimit"] = search.seconds
    request["typesOnly"] = False
    request["filter"] = _filter(search)
    for place, name in enumerate(search.attributes or ("1.1",)):
        request["attributes"][place] = name.encode()
    return _message(number, "searchRequest", request)


def result_of(operation: Any) -> Result:
    """The result in an answer that ends an operation."""
    text = bytes(operation["errorMessage"]).decode("utf-8", "replace")
    return Result(int(operation["resultCode"]), text)


def response_of(operation: Any) -> str:
    """What the answer to an extended operation says besides its result."""
    said = operation["response"]
    return bytes(said).decode("utf-8", "replace") if said.hasValue() else ""


def is_reference(content: bytes) -> bool:
    """Whether a whole message says to look elsewhere, seen without decoding it."""
    first = content[1]
    start = 2 + (first & 0x7F if first & 0x80 else 0)
    head = content[start : start + 8]
    if head[:1] != _INTEGER or len(head) < 2:
        return False
    return head[2 + head[1] :][:1] == _REFERENCE


def taken_from(received: bytearray) -> bytes | None:
    """The first whole message of what came, which is taken out of it. ``None`` where it is not
    whole yet. Raises ``NoLdap``."""
    end = _end(received)
    if end is None or len(received) < end:
        return None
    content = bytes(received[:end])
    del received[:end]
    return content


def decoded(content: bytes) -> tuple[int, str, Any]:
    """A message: its number, the operation's name and the operation, which of a found entry is an
    ``Entry``. Raises ``NoLdap``."""
    if (found := found_in(content)) is not None:
        return found[0], _FOUND, found[1]
    if len(content) > _MOST_OF_RESULT:
        raise NoLdap("A result that is too long.")
    try:
        message, rest = decoder.decode(content, asn1Spec=rfc2251.LDAPMessage())
        name, operation = message["protocolOp"].getName(), message["protocolOp"].getComponent()
        number = int(message["messageID"])
    except (PyAsn1Error, RecursionError, ValueError, LookupError, TypeError) as error:
        raise NoLdap("What came is no message of LDAP.") from error
    if rest:
        raise NoLdap("There is more in a message than a message.")
    return number, name, operation


def _end(received: bytearray) -> int | None:
    if not received:
        return None
    if received[0] != 0x30:
        raise NoLdap("What came is no LDAP.")
    if len(received) < 2:
        return None
    first = received[1]
    if first < 0x80:
        return 2 + first
    octets = first & 0x7F
    if not 1 <= octets <= _OF_LENGTH:
        raise NoLdap("A message without a length.")
    if len(received) < 2 + octets:
        return None
    length = int.from_bytes(received[2 : 2 + octets], "big")
    if length > MOST_OF_MESSAGE:
        raise NoLdap("A message that is too long.")
    return 2 + octets + length


def _message(number: int, name: str, request: Any) -> bytes:
    message = rfc2251.LDAPMessage()
    message["messageID"] = number
    message["protocolOp"][name] = request
    content: bytes = encoder.encode(message)
    return content


def _filter(search: Search) -> Any:
    made = rfc2251.Filter()
    if not search.any_of and not search.all_of:
        made["present"] = "objectClass"
        return made
    parts = made["and"]
    for place, (attribute, value) in enumerate(search.all_of):
        _equal(parts, place, attribute, value)
    if search.any_of:
        either = rfc2251.Filter2()
        for place, (attribute, value) in enumerate(search.any_of):
            _equal(either["or"], place, attribute, value)
        parts[len(search.all_of)] = either
    return made


def _equal(parts: Any, place: int, attribute: str, value: str) -> None:
    wanted = parts.componentType.clone()
    wanted["equalityMatch"]["attributeDesc"] = attribute.encode()
    wanted["equalityMatch"]["assertionValue"] = value.encode()
    parts[place] = wanted
