"""One HTTP exchange with a server under measurement (RFC 9112)."""

import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit


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

    def wire(self) -> bytes:
        """The bytes of the request on a connection that stays open."""
        parts = urlsplit(self.url)
        headers = {"Host": parts.netloc} | self.headers
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {parts.path} HTTP/1.1\r\n{head}\r\n".encode() + self.body


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
    connection = http.client.HTTPConnection(urlsplit(request.url).netloc, timeout=10)
    try:
        path = urlsplit(request.url).path
        connection.request(request.method, path, request.body or None, request.headers)
        answer = connection.getresponse()
        return Reply(answer.status, answer.read())
    finally:
        connection.close()
