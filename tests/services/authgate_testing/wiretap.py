"""Listens to every exchange of a test, for what must hold in all of them.

No answer says that we failed, repeats a form elsewhere, or leaves out the headers that protect a
browser; and no secret that went over the wire turns up where it must not.
"""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from authgate_testing.secrets_watch import exchanged

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_TALKATIVE = (b"Traceback", b"asyncpg", b"sqlite3", b"tortoise", b"/site-packages/")
_SHOWN_IN_FRAMES = "/admin/branding/preview/"
_KEPT_BY_OTHERS = ("/branding/logos/", "/.well-known/", "/static/", "/openapi.json")
_SHORTEST = 8


@dataclass(slots=True)
class _Talk:
    scope: Scope
    asked: bytes = b""
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    answered: bytes = b""

    def hear(self, message: Message) -> None:
        self.asked += message.get("body", b"")

    def say(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [
                (name.decode().lower(), value.decode("latin-1"))
                for name, value in message["headers"]
            ]
        self.answered += message.get("body", b"")

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def secrets(self) -> Iterator[str]:
        yield from (secret for _, secret in self._secrets())

    def _secrets(self) -> exchanged.Found:
        yield from exchanged.in_form(self.asked)
        yield from exchanged.in_json(self.answered)
        yield from exchanged.in_json(self.asked)
        for name, value in self.scope["headers"]:
            if name == b"authorization":
                yield from exchanged.in_authorization(value.decode("latin-1"))
            if name == b"cookie":
                yield from exchanged.in_cookies(value.decode("latin-1"))
        for name, value in self.headers:
            if name == "set-cookie":
                yield from exchanged.in_cookies(value)
            if name == "location":
                yield from exchanged.in_form(value.partition("?")[2].encode())

    def faults(self) -> Iterator[str]:
        yield from self._status_faults()
        yield from self._header_faults()
        for name, value in self.headers:
            if name == "set-cookie":
                yield from _cookie_faults(value)
        yield from (f"speaks of {word!r}" for word in _TALKATIVE if word in self.answered)

    def _status_faults(self) -> Iterator[str]:
        if self.status >= 500 and self.status != 503:
            yield "failed"
        if 300 <= self.status < 400 and self.status not in (303, 304):
            yield "redirects otherwise than by 303"
        wanted = {401: "www-authenticate", 405: "allow", 429: "retry-after", 503: "retry-after"}
        name = wanted.get(self.status)
        if name and not self.header(name):
            yield f"has no {name}"

    def _header_faults(self) -> Iterator[str]:
        is_shown = _SHOWN_IN_FRAMES in self.scope["path"] and self.status == 200
        framing = "'self'; sandbox " if is_shown else "'none'"
        if f"frame-ancestors {framing}" not in self.header("content-security-policy"):
            yield "may be framed"
        if self.header("x-content-type-options") != "nosniff":
            yield "may be sniffed"
        if self.header("referrer-policy") != "no-referrer":
            yield "sends referrers"
        if not self.header("x-request-id"):
            yield "has no request id"
        path = self.scope["path"]
        if not any(each in path for each in _KEPT_BY_OTHERS) and "no-store" not in self.header(
            "cache-control"
        ):
            yield "may be stored"


class Wiretap:
    """An ASGI application around the server's, which passes everything on unchanged."""

    def __init__(self, app: App) -> None:
        self.app = app
        """What is listened to."""
        self.secrets: set[str] = set()
        self.faults: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        talk = _Talk(scope)

        async def hearing() -> Message:
            message = await receive()
            talk.hear(message)
            return message

        async def saying(message: Message) -> None:
            talk.say(message)
            await send(message)

        await self.app(scope, hearing, saying)
        self.secrets.update(each for each in talk.secrets() if len(each) >= _SHORTEST)
        self.faults += [
            f"{scope['method']} {scope['path']} {talk.status}: {fault}" for fault in talk.faults()
        ]

    def leaks(self, text: str) -> list[str]:
        """The secrets that went over the wire and are in this text."""
        return sorted(each for each in self.secrets if each in text)


def _cookie_faults(cookie: str) -> Iterator[str]:
    name = cookie.partition("=")[0]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    if not {"httponly", "samesite=lax"} <= attributes:
        yield f"sets the cookie {name} for scripts or other sites"
    if any(each.startswith("domain") for each in attributes):
        yield f"sets the cookie {name} for other hosts"
    path = next((each for each in attributes if each.startswith("path=")), "")
    if name.startswith("__") != ("secure" in attributes):
        yield f"sets the cookie {name} without its prefix or without Secure"
    if name.startswith("__Host-") and path != "path=/":
        yield f"sets the cookie {name} for a part of its host"
    if not name.startswith("__Host-") and path in ("", "path=/") and "secure" in attributes:
        yield f"sets the cookie {name} for every tenant of the host"
