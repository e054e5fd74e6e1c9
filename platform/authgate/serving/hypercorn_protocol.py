"""HTTP/1.1 and HTTP/2 as Hypercorn speaks them, made strict and able to leave politely.

On its own Hypercorn forgives what a proxy in front may read otherwise (a length given twice over,
folded fields), and at its end it closes kept-alive connections with requests on the wire.
"""

import asyncio
from dataclasses import replace

import h11
from h2.errors import ErrorCodes
from h2.events import RequestReceived
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response, StreamClosed
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.protocol.ws_stream import WSStream
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from hyperframe.frame import GoAwayFrame

from authgate.serving.request_head import (
    HEAD_SECONDS,
    MAX_FIELDS,
    MAX_HEAD_BYTES,
    MAX_TARGET_BYTES,
    HeadRefused,
    check_received,
    check_request,
)

LULL_SECONDS = 2.0

_CLOSE = (b"connection", b"close")
_ANY_STREAM = 2**31 - 1


class DrainingContext(WorkerContext):
    """What all connections of a worker share: whether it is leaving."""

    def __init__(self) -> None:
        super().__init__(None)
        self.draining = False


class StrictParser(h11.Connection):
    """h11, refusing heads that are too large or that another parser could read differently."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)

    @property
    def head_begun(self) -> bool:
        return self.their_state is h11.IDLE and bool(self.trailing_data[0])

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        try:
            if self.their_state is h11.IDLE:
                check_received(self.trailing_data[0])
            event = super().next_event()
            if isinstance(event, h11.Request):
                check_request(
                    target=event.target,
                    http_version=event.http_version.decode(),
                    fields=event.headers,
                )
        except HeadRefused as error:
            raise h11.RemoteProtocolError(str(error), error_status_hint=error.status) from error
        return event


class StrictH11Protocol(H11Protocol):
    """One HTTP/1.1 connection. It never turns into HTTP/2 or a WebSocket."""

    context: DrainingContext
    connection: StrictParser
    _head_deadline: asyncio.TimerHandle | None = None

    async def initiate(self) -> None:
        self.connection = StrictParser()

    async def handle(self, event: Event) -> None:
        await super().handle(event)
        if isinstance(event, Closed) or not self.connection.head_begun:
            self._cancel_deadline()
        elif self._head_deadline is None:
            self._head_deadline = asyncio.get_running_loop().call_later(
                HEAD_SECONDS, self.task_group.spawn, self.send, Closed()
            )

    def _cancel_deadline(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, Response) and event.status_code >= 200 and self._is_last_answer:
            event = replace(event, headers=[*event.headers, _CLOSE])
        await super().stream_send(event)

    @property
    def _is_last_answer(self) -> bool:
        # An answer that comes before the end of its request leaves a body that nobody will read.
        return self.context.draining or self.connection.their_state is not h11.DONE

    async def _check_protocol(self, event: h11.Request) -> None:
        """Stay with HTTP/1.1: ``Upgrade: h2c`` could tunnel through a proxy that passes it on."""

    async def _create_stream(self, request: h11.Request) -> None:
        fields = [field for field in request.headers.raw_items() if field[0].lower() != b"upgrade"]
        if len(fields) < len(request.headers):
            request = h11.Request(
                method=request.method,
                target=request.target,
                headers=fields,
                http_version=request.http_version,
            )
        await super()._create_stream(request)


class StrictH2Protocol(H2Protocol):
    """One HTTP/2 connection (RFC 9113), which only TLS brings about."""

    context: DrainingContext
    _lull: asyncio.TimerHandle | None = None
    """Set once the worker is leaving."""

    async def initiate(
        self, headers: list[tuple[bytes, bytes]] | None = None, settings: bytes | None = None
    ) -> None:
        self.connection.decoder.max_header_list_size = MAX_HEAD_BYTES
        self.streams = _Streams()
        await super().initiate(headers, settings)

    async def leave(self) -> None:
        """Go away in a lull; if there is none, first ask the client to open no more streams.

        A stream the client opens while we go away was not processed, and the frame says so: the
        client may safely send that request again (RFC 9113 section 6.8).
        """
        if self._lull is None:
            self._lull = asyncio.get_running_loop().call_later(
                LULL_SECONDS, self.task_group.spawn, self._ask_for_no_more
            )
            await self._leave_if_idle()

    async def _ask_for_no_more(self) -> None:
        # Not at once: some clients give up even the streams that the frame lets them keep.
        frame = GoAwayFrame(stream_id=0, last_stream_id=_ANY_STREAM, error_code=ErrorCodes.NO_ERROR)
        await self.send(RawData(frame.serialize()))

    async def handle(self, event: Event) -> None:
        await super().handle(event)
        if self.closed and self._lull is not None:
            self._lull.cancel()

    async def stream_send(self, event: StreamEvent) -> None:
        await super().stream_send(event)
        if isinstance(event, StreamClosed):
            await self._leave_if_idle()

    async def _leave_if_idle(self) -> None:
        if self._lull is not None and not self.streams and not self.closed:
            self._lull.cancel()
            self.connection.close_connection()
            await self._flush()
            await self.send(Closed())
            await self.handle(Closed())

    async def _create_stream(self, request: RequestReceived) -> None:
        fields = request.headers
        if (b":method", b"CONNECT") in fields:
            self.connection.reset_stream(request.stream_id, ErrorCodes.REFUSED_STREAM)
            return
        status = _refusal(fields)
        if status is None:
            await super()._create_stream(request)
            return
        app, self.app = self.app, _Refusal(status)
        try:
            await super()._create_stream(request)
        finally:
            self.app = app


def _refusal(fields: list[tuple[bytes, bytes]]) -> int | None:
    if len(fields) > MAX_FIELDS:
        return 431
    path = next((value for name, value in fields if name == b":path"), b"")
    if len(path) > MAX_TARGET_BYTES:
        return 414
    return None if path.startswith(b"/") else 400


class _Streams(dict[int, HTTPStream | WSStream]):
    """The open streams; what a client still sends to one that was answered goes nowhere."""

    def __missing__(self, stream_id: int) -> "_Answered":
        return _Answered()


class _Answered:
    async def handle(self, event: StreamEvent) -> None:
        """Drop it."""


class _Refusal:
    """Stands in for the application where a request is refused before it."""

    def __init__(self, status: int) -> None:
        self._status = status

    async def __call__(
        self,
        scope: Scope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        sync_spawn: object,
        call_soon: object,
    ) -> None:
        await send({"type": "http.response.start", "status": self._status, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
