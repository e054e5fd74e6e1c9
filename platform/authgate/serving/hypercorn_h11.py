"""HTTP/1.1 as Hypercorn speaks it, made strict and able to leave politely.

On its own Hypercorn forgives what a proxy in front may read otherwise (a length given twice over,
folded fields), and at its end it closes kept-alive connections with requests on the wire.
"""

import asyncio
from dataclasses import replace

import h11
from hypercorn.events import Closed, Event
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol

from authgate.serving.hypercorn_context import DrainingContext
from authgate.serving.request_head import (
    CLEAR_COOKIES,
    HEAD_SECONDS,
    MAX_HEAD_BYTES,
    HeadRefused,
    check_received,
    check_request,
    is_of_cookies,
)

_CLOSE = (b"connection", b"close")


class StrictParser(h11.Connection):
    """h11, refusing heads that are too large or that another parser could read differently."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)

    @property
    def head_begun(self) -> bool:
        return self.their_state is h11.IDLE and bool(self.trailing_data[0])

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        if self.their_state is h11.MUST_CLOSE and self.trailing_data[0]:
            # RFC 9112 section 9.6: what follows the last request is not read. h11 would refuse it,
            # in the place of the answer that is being made.
            return h11.PAUSED
        try:
            if self.their_state is h11.IDLE:
                check_received(self.trailing_data[0])
            event = super().next_event()
            if isinstance(event, h11.Request):
                check_request(
                    method=event.method,
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

    async def _send_error_response(self, status_code: int) -> None:
        fields = [(b"content-length", b"0"), _CLOSE, *self.config.response_headers("h11")]
        if status_code == 431 and is_of_cookies(self.connection.trailing_data[0].split(b"\r\n")):
            fields.append(CLEAR_COOKIES)
        await self._send_h11_event(h11.Response(status_code=status_code, headers=fields))
        await self._send_h11_event(h11.EndOfMessage())

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
