"""The short way to the machine endpoints: a whole request in, one message out, no ASGI between.

ASGI's scope, queues and events cost more than most of these endpoints do. A server that has read
a whole request in one piece may ask the application's door; everything else goes by ASGI.
"""

from functools import lru_cache
from http import HTTPStatus
from typing import Protocol

from authgate.web.exchange import WITHOUT_LENGTH, Answered, RequestHead
from authgate.web.machine import Headers


class MachineDoor(Protocol):
    """What an application offers beside ASGI, as its attribute ``machine_door``."""

    @property
    def body_limit(self) -> int:
        """Bytes that a body may have; a longer one goes by ASGI, to be refused."""

    def takes(self, *, host: str, path: str) -> bool:
        """Whether requests for this path may be asked here."""

    async def answer(self, head: RequestHead, body: bytes) -> Answered:
        """The answer. It does not raise: what fails is answered as well."""


class DirectAnswer:
    """An answer being made; to the rest of the connection it looks like uvicorn's cycle."""

    __slots__ = (
        "disconnected", "keep_alive", "message_event", "more_body", "response_complete",
        "response_started", "transport",
    )  # fmt: skip

    def __init__(self, *, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.disconnected = False
        self.more_body = False
        self.response_started = False
        self.response_complete = False
        self.message_event = _nobody_waits
        self.transport: object = None


class _NobodyWaits:
    """In place of the event that wakes a reader of the body."""

    def set(self) -> None:
        """Do nothing: the body has been read."""


_nobody_waits = _NobodyWaits()


def message(answered: Answered, *, date: bytes, closing: bool, is_head: bool) -> bytes:
    """An answer as HTTP/1.1 writes it (RFC 9112); ``date`` is a whole line.

    Raises ``ValueError`` where a header would be several.
    """
    has_length = answered.status not in WITHOUT_LENGTH
    return b"%b%bx-request-id: %b\r\n%b%b\r\n%b" % (
        _constant(answered.status, answered.headers),
        date,
        answered.request_id.encode(),
        b"content-length: %d\r\n" % len(answered.body) if has_length else b"",
        b"connection: close\r\n" if closing else b"",
        b"" if is_head else answered.body,
    )


@lru_cache(maxsize=1024)
def _constant(status: int, headers: Headers) -> bytes:
    fields = b"".join(b"%b: %b\r\n" % field for field in headers)
    if not fields.count(b"\r") == fields.count(b"\n") == len(headers):
        raise ValueError("A header holds the end of a line.")
    return b"HTTP/1.1 %d %b\r\n%b" % (status, HTTPStatus(status).phrase.encode(), fields)
