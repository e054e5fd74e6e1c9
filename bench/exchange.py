"""One HTTP exchange with a server under measurement (RFC 9112)."""

import http.client
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request ready to be sent, once by us or a million times by the load generator."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def get(cls, url: str) -> "Request":
        """A plain read."""
        return cls("GET", url)

    @classmethod
    def form(cls, url: str, **fields: str) -> "Request":
        """A form post, as every OAuth endpoint takes it."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return cls("POST", url, headers, urlencode(fields).encode())

    def with_header(self, name: str, value: str) -> "Request":
        """The same with a header added."""
        return replace(self, headers={**self.headers, name: value})

    @property
    def place(self) -> str:
        """Host and port of the server."""
        return urlsplit(self.url).netloc

    @property
    def target(self) -> str:
        """What is asked of the server (RFC 9112 section 3.2.1)."""
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def wire(self) -> bytes:
        """The bytes of the request on a connection that stays open."""
        headers = {"Host": self.place} | self.headers
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.target} HTTP/1.1\r\n{head}\r\n".encode() + self.body


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The parsed body; raises `ValueError` when it is not JSON."""
        return json.loads(self.body)


def send(request: Request) -> Reply:
    """Send *request* on a connection of its own."""
    return next(send_all([request]))


def send_all(requests: Sequence[Request]) -> Iterator[Reply]:
    """Send *requests* to one server, one after the other on one connection."""
    connection = http.client.HTTPConnection(requests[0].place, timeout=_SECONDS)
    try:
        for request in requests:
            ask(connection, request)
            yield answer(connection)
    finally:
        connection.close()


def ask(connection: http.client.HTTPConnection, request: Request) -> None:
    """Send *request*, whose answer is read later."""
    connection.request(request.method, request.target, request.body or None, request.headers)


def answer(connection: http.client.HTTPConnection) -> Reply:
    """Read the answer to what was asked."""
    response = connection.getresponse()
    return Reply(response.status, response.read())
