"""A request, and the places in it where a name, an id or a credential may stand."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, quote_plus, unquote_plus, urlencode

import httpx2
import orjson
from werkzeug.formparser import parse_form_data

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Pairs = tuple[tuple[str, str], ...]
Pointer = tuple[int | str, ...]
"""To a member of a member, in JSON."""

_FORM = "application/x-www-form-urlencoded"
_WITH_FILES = "multipart/form-data"
_OWN = ("cookie", "authorization", "content-length", "content-type")


class Place(NamedTuple):
    """Where in a request something stands."""

    kind: str
    """``path``, ``query``, ``form``, ``field`` (the name of one), ``json``, ``header``, ``cookie``
    or ``credentials``."""
    name: str
    at: int | Pointer = 0

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client sends to a tenant."""

    method: str
    path: tuple[str, ...]
    """Below the tenant, percent-encoded, part by part."""
    query: Pairs
    headers: Pairs
    cookies: Pairs
    scheme: str
    """Of the header ``Authorization``."""
    credentials: tuple[str, ...]
    """What it holds: a token, or a name and a secret."""
    media_type: str
    form: Pairs
    said: Any
    """A body of JSON."""
    files: frozenset[str] = frozenset()
    """What of the form is a file, which is text here."""

    @classmethod
    def read(cls, scope: Scope, body: bytes, *, prefix: str) -> "Request":
        """What has come in."""
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
        told = dict(headers)
        scheme, _, credentials = told.get("authorization", "").partition(" ")
        media_type = told.get("content-type", "")
        form, files = _form(media_type, body)
        path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("ascii")
        cookies = [each.partition("=") for each in told.get("cookie", "").split("; ") if each]
        return cls(
            method=scope["method"],
            path=tuple(path.partition("?")[0].removeprefix(prefix).split("/")[1:]),
            query=_pairs(scope["query_string"]),
            headers=tuple(each for each in headers if each[0] not in _OWN),
            cookies=tuple((name, value) for name, _, value in cookies),
            scheme=scheme,
            credentials=_told(scheme, credentials),
            media_type=media_type,
            form=form,
            files=files,
            said=orjson.loads(body) if body and media_type.endswith("json") else None,
        )

    def parts(self) -> dict[Place, str]:
        """Each place, and what stands there."""
        return dict(self._parts())

    def _parts(self) -> Iterator[tuple[Place, str]]:
        for index, part in enumerate(self.path):
            yield Place("path", str(index), index), part
        for index, (name, value) in enumerate(self.query):
            yield Place("query", name, index), value
        for index, (name, value) in enumerate(self.form):
            yield Place("form", name, index), value
            yield Place("field", str(index), index), name
        for at, value in _texts(self.said):
            yield Place("json", "/".join(map(str, at)), at), value
        for index, (name, value) in enumerate(self.headers):
            yield Place("header", name, index), value
        for index, (name, value) in enumerate(self.cookies):
            yield Place("cookie", name, index), value
        for index, value in enumerate(self.credentials):
            yield Place("credentials", f"{self.scheme} {index}", index), value

    def having(self, changes: Mapping[Place, str]) -> "Request":
        """The same with something else in these places."""
        changed = self
        for place, value in changes.items():
            changed = changed._with(place, value)
        return changed

    def _with(self, place: Place, value: str) -> "Request":
        at: Any = place.at
        match place.kind:
            case "path":
                return replace(self, path=_put(self.path, at, value))
            case "query" | "form" | "header" | "cookie":
                member = {"header": "headers", "cookie": "cookies"}.get(place.kind, place.kind)
                changed: Any = {member: _put(getattr(self, member), at, (place.name, value))}
                return replace(self, **changed)
            case "field":
                return replace(self, form=_put(self.form, at, (value, self.form[at][1])))
            case "json":
                return replace(self, said=_put_into(self.said, at, value))
            case _:
                return replace(self, credentials=_put(self.credentials, at, value))

    def besides(self, kind: str, name: str) -> Place:
        """A place that it does not have yet."""
        at: Any = (name,)
        if kind in ("query", "form"):
            at = len(getattr(self, kind))
        elif kind == "header":
            at = len(self.headers)
        return Place(kind, name, at)

    def scope(self, prefix: str) -> tuple[Scope, bytes]:
        """As ASGI has it, and its body."""
        body = b""
        headers = list(self.headers)
        if self.cookies:
            headers.append(("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies)))
        if self.scheme:
            sent = _sent(self.scheme, self.credentials)
            headers.append(("authorization", f"{self.scheme} {sent}"))
        if self.media_type:
            media_type, body = self._body()
            headers.append(("content-type", media_type))
            headers.append(("content-length", str(len(body))))
        path = f"{prefix}/{'/'.join(self.path)}"
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": _unquoted(path),
            "raw_path": path.encode(),
            "query_string": urlencode(self.query).encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
            "client": ("127.0.0.1", 123),
            "server": ("localhost", 8080),
        }, body

    def _body(self) -> tuple[str, bytes]:
        """With its media type."""
        if self.files:
            said = [(name, value) for name, value in self.form if name not in self.files]
            sent = [(name, (name, value)) for name, value in self.form if name in self.files]
            built = httpx2.Request("POST", "http://localhost", data=dict(said), files=sent)
            return built.headers["content-type"], built.read()
        if self.media_type == _FORM or self.said is None:
            return self.media_type, urlencode(self.form).encode()
        return self.media_type, orjson.dumps(self.said)


@dataclass(slots=True)
class Answer:
    """What a request was answered."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def location(self) -> str:
        """Where it leads to."""
        return dict(self.headers).get("location", "")


async def ask(app: App, request: Request, *, prefix: str) -> Answer:
    """Send a request to the tenant at this prefix."""
    scope, body = request.scope(prefix)
    return await passed_on(app, scope, body)


async def passed_on(app: App, scope: Scope, body: bytes) -> Answer:
    """Send what has been read."""
    answer, waiting = Answer(), [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()  # the client stays until it is answered
        return waiting.pop()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = [
                (name.decode().lower(), value.decode("latin-1"))
                for name, value in message["headers"]
            ]
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, send)
    return answer


def _pairs(text: bytes) -> Pairs:
    return tuple(parse_qsl(text.decode("ascii"), keep_blank_values=True))


def _form(media_type: str, body: bytes) -> tuple[Pairs, frozenset[str]]:
    """Its fields, and which of them are files."""
    if media_type == _FORM:
        return _pairs(body), frozenset()
    if not media_type.startswith(_WITH_FILES):
        return (), frozenset()
    environ = {"wsgi.input": BytesIO(body), "CONTENT_TYPE": media_type, "REQUEST_METHOD": "POST"}
    _, said, files = parse_form_data(environ | {"CONTENT_LENGTH": str(len(body))})
    sent = []
    for name, file in files.items(multi=True):
        sent.append((name, file.read().decode()))
        file.close()
    return (*said.items(multi=True), *sent), frozenset(files)


def _told(scheme: str, credentials: str) -> tuple[str, ...]:
    if scheme != "Basic":
        return (credentials,) if credentials else ()
    name, _, secret = base64.b64decode(credentials).decode().partition(":")
    return unquote_plus(name), unquote_plus(secret)


def _sent(scheme: str, credentials: tuple[str, ...]) -> str:
    if scheme != "Basic":
        return "".join(credentials)
    return base64.b64encode(":".join(map(quote_plus, credentials)).encode()).decode()


def _unquoted(path: str) -> str:
    return unquote_plus(path.replace("+", "%2B"))


def _put(items: tuple[Any, ...], at: int, value: Any) -> tuple[Any, ...]:
    return (*items[:at], value, *items[at + 1 :])


def _texts(
    said: Any, at: tuple[int | str, ...] = ()
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    match said:
        case str():
            yield at, said
        case dict():
            for name, member in said.items():
                yield from _texts(member, (*at, name))
        case list():
            for index, member in enumerate(said):
                yield from _texts(member, (*at, index))


def _put_into(said: Any, at: Pointer, value: str) -> Any:
    if not at:
        return value
    first, rest = at[0], at[1:]
    if isinstance(said, list) and isinstance(first, int):
        return [*said[:first], _put_into(said[first], rest, value), *said[first + 1 :]]
    members = said or {}
    return {**members, first: _put_into(members.get(first), rest, value)}
