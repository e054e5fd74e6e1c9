"""XML as it may come from outside: UTF-8, no DTD, no entities, of a bounded size and shape.

Whoever can begin a sign-in can send what is read here. What canonical XML costs grows by the
product of elements, of depth, and of the namespaces in scope (or of attributes, squared): each of
them has a bound, far beyond what providers write.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol, Self

from lxml import etree


class Element(Protocol):
    """What is asked of lxml's elements."""

    tag: str
    text: str | None

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Self]: ...

    def get(self, name: str, otherwise: str = ..., /) -> str | None:
        """An attribute."""
        ...

    def iter(self, tag: str = ..., /) -> Iterator[Self]:
        """Itself, and all below."""
        ...

    def iterchildren(self, tag: str, /) -> Iterator[Self]:
        """The children of this name."""
        ...

    def getparent(self) -> Self | None:
        """The element that it is in."""
        ...


ASSERTION_NS = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL_NS = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA_NS = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE_NS = "http://www.w3.org/2000/09/xmldsig#"
PREFIXES = {"saml": ASSERTION_NS, "samlp": PROTOCOL_NS, "md": METADATA_NS, "ds": SIGNATURE_NS}

_MOST_ELEMENTS = 5000
_DEEPEST = 25
_MOST_NAMESPACES = 50
"""Declarations in scope at one place, those among them that an inner one hides."""
_MOST_ATTRIBUTES = 100


class Unreadable(ValueError):
    """No XML that is read here. The text may be told to administrators."""


def parsed(data: bytes, *, most: int, strict: bool = False) -> Element:
    """The root of a document of at most so many bytes; ``strict`` allows nothing but elements and
    text, so that a comment parts no name in two. Raises ``Unreadable``."""
    if len(data) > most:
        raise Unreadable(f"larger than {most} bytes")
    plain = _plain(data)
    if "<!DOCTYPE" in plain or "<!ENTITY" in plain:
        raise Unreadable("XML with a DTD")
    if strict and ("<!" in plain or plain.count("<?") > plain.startswith("<?xml ")):
        raise Unreadable("XML with more in it than elements and text")
    # The encoding is ours to say: another one that the document names could hide what is refused.
    parser = etree.XMLPullParser(
        events=("start", "end", "start-ns", "end-ns"),
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    try:
        parser.feed(plain.encode())
        root: Element = parser.close()
        events = [kind for kind, _ in parser.read_events()]
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("no XML") from error
    _check_shape(events)
    _check(root)
    return root


def name_of(qualified: str) -> str:
    """``saml:NameID`` as lxml has it."""
    prefix, _, local = qualified.partition(":")
    return f"{{{PREFIXES[prefix]}}}{local}"


def attribute(element: Element, name: str) -> str:
    """An attribute; empty where there is none."""
    return element.get(name) or ""


def children(parent: Element, qualified: str) -> list[Element]:
    """The children that are called so."""
    return list(parent.iterchildren(name_of(qualified)))


def below(parent: Element, qualified: str) -> list[Element]:
    """Those of this name at any depth, itself included."""
    return list(parent.iter(name_of(qualified)))


def text_of(element: Element) -> str:
    """The text of an element that holds nothing else; otherwise nothing."""
    return "" if len(element) else (element.text or "").strip()


def _plain(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable("no UTF-8") from error


def _check_shape(events: Iterable[str]) -> None:
    open_now = {"": 0, "-ns": 0}
    for each in events:
        what = each.removeprefix("start").removeprefix("end")
        open_now[what] += 1 if each.startswith("start") else -1
        if open_now[""] > _DEEPEST:
            raise Unreadable(f"XML of more than {_DEEPEST} elements in one another")
        if open_now["-ns"] > _MOST_NAMESPACES:
            raise Unreadable(f"XML with more than {_MOST_NAMESPACES} namespaces at one place")


def _check(root: Element) -> None:
    document = etree.ElementTree(root)
    if document.docinfo.internalDTD is not None:
        raise Unreadable("XML with a DTD")
    for number, node in enumerate(document.iter()):
        if number >= _MOST_ELEMENTS:
            raise Unreadable(f"XML of more than {_MOST_ELEMENTS} elements")
        if node.tag is etree.Entity:
            raise Unreadable("XML with entities")
        if len(node.attrib) > _MOST_ATTRIBUTES:
            raise Unreadable(f"XML with more than {_MOST_ATTRIBUTES} attributes in one place")
