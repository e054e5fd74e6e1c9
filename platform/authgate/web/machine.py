"""The door for machines: one parsed request in, one reply out, and no framework between.

A web framework's own work costs more than most of these endpoints do, so they are plain functions.
"""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote_plus

import orjson

Headers = tuple[tuple[bytes, bytes], ...]
Gone = Callable[[], Awaitable[None]]
"""Returns once whoever asked has left."""

FIELD_LIMIT = 100
"""Parameters that one form may have."""

_DEEPEST = 64
"""Objects and lists of a JSON body, one within the other."""

_FORM = "application/x-www-form-urlencoded"
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\"';,\s]*)", re.IGNORECASE)
_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii"})
_HALF_ESCAPED = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_JSON_TYPE = (b"content-type", b"application/json; charset=utf-8")
NO_STORE: Headers = ((b"cache-control", b"no-store"), (b"pragma", b"no-cache"))
"""For what nobody may keep (RFC 6749 section 5.1)."""


class BadRequest(ValueError):
    """A request that cannot be read. The text may be told."""


class Reply(NamedTuple):
    """An answer."""

    status: int
    body: bytes = b""
    headers: Headers = ()
    own: Headers = ()
    """Further headers, which hardly another answer has: they are not worth remembering."""
    waited: float = 0.0
    """Seconds for which nothing was done, because the client asked for that."""

    @classmethod
    def json(
        cls, status: int, content: Any, headers: Headers = NO_STORE, own: Headers = ()
    ) -> "Reply":
        """A JSON answer; not to be stored unless other headers say so."""
        return cls(status, orjson.dumps(content), (_JSON_TYPE, *headers), own)


class Form(NamedTuple):
    """Parameters, each given once; one without a value counts as not given (RFC 6749 3.1)."""

    values: Mapping[str, str]

    def get(self, name: str) -> str | None:
        """The parameter's value, if it has one."""
        return self.values.get(name) or None


@dataclass(slots=True)
class MachineRequest:
    """A request whose body has been read."""

    method: str
    path: str
    query: bytes
    headers: Iterable[tuple[bytes, bytes]]
    body: bytes
    client_ip: str
    request_id: str
    raw_path: bytes = b""
    """The path as it was sent, where a part of it may hold an encoded slash."""
    peer: str = ""
    """The address at the other end of the connection: a proxy's, where there is one."""
    gone: Gone | None = None
    """Returns once the client has left; ``None`` where nobody would know."""
    _form: Form | None = field(default=None, repr=False)

    def header(self, name: bytes) -> str | None:
        """A header by its lower-case name. Raises ``BadRequest`` where it is given twice."""
        found = None
        for key, value in self.headers:
            if key == name:
                if found is not None:
                    raise BadRequest(f"The header {name.decode()} is repeated.")
                found = value
        return None if found is None else found.decode("latin-1")

    def content_type(self) -> str:
        """The media type of the body, without its parameters, in lower case.

        Raises ``BadRequest`` for a body that is not UTF-8 by its own account.
        """
        media_type, has_more, parameters = (self.header(b"content-type") or "").partition(";")
        charset = _CHARSET.search(parameters) if has_more else None
        if charset and charset[1].lower() not in _UTF_8:
            raise BadRequest("The body must be UTF-8.")
        return media_type.strip().lower()

    def form(self, *, several: str | None = None) -> Form:
        """The form in the body; of the parameter that may come ``several`` times the last one.

        Raises ``BadRequest`` for another media type, a repeated parameter, parameters in the URL,
        bytes that are not UTF-8, and too many parameters.
        """
        if self._form is None:
            self._form = self._parsed(several)
        return self._form

    def _parsed(self, several: str | None) -> Form:
        if self.query:
            raise BadRequest("Parameters belong into the body, not into the URL.")
        if not self.body:
            return Form({})
        if self.content_type() != _FORM:
            raise BadRequest("The body must be application/x-www-form-urlencoded.")
        return parse_form(self.body, several=several)


def parse_form(body: bytes, *, several: str | None = None) -> Form:
    """The parameters of a urlencoded body. Raises ``BadRequest``."""
    pairs = parse_pairs(body)
    values = dict(pairs)
    if len(values) != len(pairs):
        repeated = _repeated([pair for pair in pairs if pair[0] != several])
        if repeated is not None:
            raise BadRequest(f"The parameter {repeated!r} is repeated.")
    return Form(values)


def parse_pairs(text: bytes) -> list[tuple[str, str]]:
    """What a urlencoded body or query holds, in order. Raises ``BadRequest``."""
    if b"%" in text and _HALF_ESCAPED.search(text):
        raise BadRequest("The body is not a valid form.")
    if text.count(b"&") >= FIELD_LIMIT:
        raise BadRequest("The body is not a valid form.")
    if b"\0" in text or b"%00" in text:
        raise BadRequest("A parameter holds a NUL character.")
    try:
        pieces = (piece.partition("=") for piece in text.decode("ascii").split("&") if piece)
        pairs = [(name, value) for name, _, value in pieces]
        if b"%" in text or b"+" in text:
            pairs = [(_plain(name), _plain(value)) for name, value in pairs]
    except ValueError as error:
        raise BadRequest("The body is not a valid form.") from error
    return pairs


def _plain(text: str) -> str:
    return unquote_plus(text, errors="strict") if "%" in text or "+" in text else text


def parse_json_form(body: bytes) -> Form:
    """Parameters sent as a flat JSON object of texts. Raises ``BadRequest``."""
    try:
        # Given bytes, the parser would take UTF-16 as well.
        pairs = json.loads(body.decode("utf-8"), object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not valid JSON.") from error
    is_flat = isinstance(pairs, list) and all(
        isinstance(pair, tuple) and isinstance(pair[1], str | None) for pair in pairs
    )
    if not is_flat or len(pairs) > FIELD_LIMIT:
        raise BadRequest("The body must be one JSON object of texts.")
    values = {name: value or "" for name, value in pairs}
    if len(values) != len(pairs):
        raise BadRequest(f"The parameter {_repeated(pairs)!r} is repeated.")
    if any("\0" in text or not text.isprintable() for pair in values.items() for text in pair):
        raise BadRequest("A parameter holds a character that no parameter has.")
    return Form(values)


def parse_json_object(body: bytes) -> dict[str, Any]:
    """The members of the JSON object that a body is. Raises ``BadRequest``."""
    try:
        found = orjson.loads(body)  # strict UTF-8, and no lone surrogates
        json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadRequest(
            "The body is not JSON in which each member has a name of its own."
        ) from error
    if not isinstance(found, dict):
        raise BadRequest("The body has to be one JSON object.")
    _refuse_unfit(found, _DEEPEST)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member is repeated")
    return found


def _refuse_unfit(value: Any, left: int) -> None:
    """PostgreSQL has no NUL in texts, and nobody has one in a name. Whoever reads on goes as deep
    as the body does, so that is bounded here."""
    match value:
        case str() if "\0" in value:
            raise BadRequest("A text in the body holds a NUL character.")
        case dict() | list() if not left:
            raise BadRequest(f"The body is nested more than {_DEEPEST} deep.")
        case dict():
            for name, member in value.items():
                _refuse_unfit(name, left - 1)
                _refuse_unfit(member, left - 1)
        case list():
            for each in value:
                _refuse_unfit(each, left - 1)


def _repeated(pairs: list[tuple[str, str]]) -> str | None:
    names = [name for name, _ in pairs]
    return next((name[:40] for name in names if names.count(name) > 1), None)


Handler = Callable[[MachineRequest], Awaitable[Reply]]
Routes = Mapping[str, Mapping[str, Handler]]
"""Path below the tenant, then method, then what answers."""


class Subtree(Protocol):
    """What answers everything below one path, and finds its routes itself."""

    def holds(self, path: str) -> bool:
        """Whether a path below the tenant in scope is its own."""

    def route(self, path: bytes) -> str:
        """The name of a path, as it was sent, among few."""

    async def answer(self, request: MachineRequest) -> Reply:
        """The answer, or an error that is worded as a problem (RFC 9457)."""
