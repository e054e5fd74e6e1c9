"""A request as ASGI servers hand it over, and its answer as they take it."""

import asyncio
from functools import partial
from urllib.parse import quote

from authgate.web.exchange import WITHOUT_LENGTH, Answered, Receive, RequestHead, Scope, Send
from authgate.web.machine import Headers

_TELLS_OF_BODY = frozenset({b"content-length", b"transfer-encoding"})
"""Without one of these a request has no body (RFC 9112 section 6.3)."""


class TooLarge(Exception):
    """The body is larger than any request that makes sense."""


class Abandoned(Exception):
    """The client left before its request was whole: half of one is never acted on."""


class TooSlow(Exception):
    """The body did not come in time (RFC 9110 section 15.5.9)."""


def head(scope: Scope, receive: Receive) -> RequestHead:
    """What the request begins with."""
    peer = scope["client"][0] if scope.get("client") else ""
    raw_path = scope.get("raw_path") or quote(scope["path"]).encode("ascii")
    return RequestHead(
        scope["method"],
        scope["path"],
        scope["query_string"],
        scope["headers"],
        peer,
        raw_path,
        partial(_left, receive),
    )


def tells_of_body(scope: Scope) -> bool:
    """Whether there is one to wait for."""
    return any(name in _TELLS_OF_BODY for name, _ in scope["headers"])


async def body(receive: Receive, *, limit: int, within: float | None) -> bytes:
    """The whole body, of so many bytes at most. Raises ``TooLarge``, ``Abandoned``, and after so
    many seconds ``TooSlow``."""
    try:
        async with asyncio.timeout(within):
            return await _whole(receive, limit)
    except TimeoutError as error:
        raise TooSlow from error


async def answer(answered: Answered, send: Send, *, is_head: bool) -> None:
    """Send the whole answer."""
    headers = [*_length(answered), (b"x-request-id", answered.request_id.encode())]
    start = {"type": "http.response.start", "status": answered.status}
    await send({**start, "headers": [*headers, *answered.headers]})
    await send({"type": "http.response.body", "body": b"" if is_head else answered.body})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        """Whatever comes besides is no part of the request."""


async def _whole(receive: Receive, limit: int) -> bytes:
    found, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Abandoned
        found += message.get("body", b"")
        if len(found) > limit:
            raise TooLarge
        more = message.get("more_body", False)
    return found


def _length(answered: Answered) -> Headers:
    if answered.status in WITHOUT_LENGTH:
        return ()
    return ((b"content-length", str(len(answered.body)).encode()),)
