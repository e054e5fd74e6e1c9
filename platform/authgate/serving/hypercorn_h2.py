"""HTTP/2 as Hypercorn speaks it (RFC 9113), with an end to what a client may have it do.

On its own Hypercorn answers floods of frames for ever, starts the work of every request that is
taken back at once, keeps all that a client announces, and falls over a path that is not ASCII.
"""

import asyncio
import logging
import re
from collections.abc import Sequence
from contextlib import suppress

from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    PriorityUpdated,
    RemoteSettingsChanged,
    RequestReceived,
    StreamReset,
)
from h2.events import Event as H2Event
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import Body, Response, StreamClosed
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.http_stream import HTTPStream
from hypercorn.protocol.ws_stream import WSStream
from hyperframe.frame import GoAwayFrame

from authgate.serving.bounded_h2 import BoundedConnection
from authgate.serving.frame_meter import ANSWER_CREDIT, RESET_COST, FrameMeter, TooManyFrames
from authgate.serving.hypercorn_calls import Calls, Inbox
from authgate.serving.hypercorn_context import DrainingContext
from authgate.serving.request_head import MAX_FIELDS, MAX_TARGET_BYTES
from authgate.serving.stalled_peer import StalledPeer

logger = logging.getLogger(__name__)

LULL_SECONDS = 2.0

MOST_CALLS = 100
"""Requests that are worked on at a time for one connection, those taken back among them; the least
that RFC 9113 section 6.5.2 recommends."""

CONNECTION_WINDOW = 1024 * 1024
"""Bytes of bodies that may wait for the application in one connection (RFC 9113 section 6.9)."""

_ANY_STREAM = 2**31 - 1
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Z-]+\Z")  # a token, RFC 9110 section 5.6.2; in capitals
_TARGET = re.compile(rb"/[!\"$-~]*\Z")


class StrictH2Protocol(H2Protocol):
    """One HTTP/2 connection, which only TLS brings about."""

    context: DrainingContext
    task_group: Calls
    connection: BoundedConnection
    _lull: asyncio.TimerHandle | None = None
    """Set once the worker is leaving."""

    async def initiate(
        self, headers: list[tuple[bytes, bytes]] | None = None, settings: bytes | None = None
    ) -> None:
        self.connection = BoundedConnection(calls=MOST_CALLS)
        self.streams = _Streams()
        self._meter = FrameMeter(asyncio.get_running_loop().time)
        self._unacknowledged: dict[int, int] = {}
        """Bytes, by their streams, that the client is told of once they are read."""
        self._address = self.client[0] if self.client else ""
        self.task_group.when_one_ends = self._make_room
        self._peer = StalledPeer(
            asyncio.get_running_loop(),
            seconds=self.context.stalled_seconds,
            taken=lambda: self.connection.bytes_sent,
            give_up=lambda: self.task_group.spawn(self._calm, "it leaves its answers lying"),
        )
        await super().initiate(headers, settings)
        self.connection.increment_flow_control_window(
            CONNECTION_WINDOW - self.connection.inbound_flow_control_window
        )
        await self._flush()

    # --- what comes ---

    async def handle(self, event: Event) -> None:
        if isinstance(event, RawData):
            try:
                self._meter.read(event.data, bytes_answered=self.connection.bytes_sent)
                await super().handle(event)
            except TooManyFrames as error:
                await self._calm(str(error))
            return
        await super().handle(event)
        if self.closed:
            await self._let_go()

    async def _let_go(self) -> None:
        """Wake what waits for a peer that is gone."""
        self._peer.flows()
        if self._lull is not None:
            self._lull.cancel()
        for answer in self.stream_buffers.values():
            await answer.close()

    async def _calm(self, reason: str) -> None:
        """End the connection of a client that asks too much of us."""
        if self.closed:
            return
        logger.info("HTTP/2 connection ended: %s", reason)
        with suppress(ProtocolError):  # it may have ended itself
            self.connection.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
        await self._flush()
        await self.send(Closed())
        await self.handle(Closed())

    async def _handle_events(self, events: Sequence[H2Event]) -> None:
        for event in events:
            if self.closed:
                return
            match event:
                case RequestReceived():
                    await self._create_stream(event)
                    await self.send(Updated(idle=self.idle))
                case DataReceived():
                    await self._take(event)
                case StreamReset():
                    await super()._handle_events([event])
                    await self.send(Updated(idle=self.idle))
                    await self._leave_if_idle()
                case RemoteSettingsChanged():
                    self._forget_unknown_settings()
                    await super()._handle_events([event])
                case PriorityUpdated():
                    """RFC 9113 section 5.3.2 has given these up, and a tree of them costs."""
                case _:
                    await super()._handle_events([event])
        await self._flush()

    def _forget_unknown_settings(self) -> None:
        for unknown in set(self.connection.remote_settings) - set(SettingCodes):
            del self.connection.remote_settings[unknown]

    async def _take(self, event: DataReceived) -> None:
        """Hand on a piece of a body; the client may send more once this has been read."""
        stream_id = event.stream_id
        stream = self.streams[stream_id]
        await stream.handle(Body(stream_id=stream_id, data=event.data or b""))
        inbox = stream.app_put if isinstance(stream, HTTPStream) else None
        size = event.flow_controlled_length
        if stream_id in self._unacknowledged:
            self._unacknowledged[stream_id] += size
        elif isinstance(inbox, Inbox) and inbox.is_full:
            self._unacknowledged[stream_id] = size
            self.task_group.spawn(self._acknowledge_once_read, stream_id, inbox)
        else:
            self.connection.acknowledge_received_data(size, stream_id)

    async def _acknowledge_once_read(self, stream_id: int, inbox: Inbox) -> None:
        await inbox.room()
        size = self._unacknowledged.pop(stream_id)
        if not self.closed:
            self.connection.acknowledge_received_data(size, stream_id)
            await self._flush()

    async def _create_stream(self, request: RequestReceived) -> None:
        stream_id, fields = request.stream_id, request.headers
        if (b":method", b"CONNECT") in fields:
            self._refuse(stream_id)
        elif status := _refusal(fields):
            self._answer(stream_id, status)
        elif self._has_room():
            await super()._create_stream(request)
        else:
            self._meter.spend(RESET_COST)
            self._refuse(stream_id)

    def _has_room(self) -> bool:
        """Whether one more call may run. The first has the room that the connection was given."""
        running = self.task_group.running
        return running == 0 or (running < MOST_CALLS and self.context.crowd.admits(self._address))

    def _make_room(self) -> None:
        if self.task_group.running:
            self.context.crowd.leave(self._address)

    def _answer(self, stream_id: int, status: int) -> None:
        own = [(b":status", b"%d" % status), (b"content-length", b"0")]
        headers = [*own, *self.config.response_headers("h2")]
        with suppress(ProtocolError):
            self.connection.send_headers(stream_id, headers, end_stream=True)

    def _refuse(self, stream_id: int) -> None:
        """Refuse it unseen: the client may ask again (RFC 9113 section 8.7)."""
        with suppress(ProtocolError):  # the client may have taken it back itself
            self.connection.reset_stream(stream_id, ErrorCodes.REFUSED_STREAM)

    # --- what goes ---

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, Response):
            self._meter.earn(ANSWER_CREDIT)
        await super().stream_send(event)
        if isinstance(event, StreamClosed):
            await self._leave_if_idle()

    async def _send_data(self, stream_id: int) -> None:
        await super()._send_data(stream_id)
        if any(answer.buffer for answer in self.stream_buffers.values()):
            self._peer.held_up()
        else:
            self._peer.flows()

    # --- how it ends ---

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

    async def _leave_if_idle(self) -> None:
        if self._lull is not None and not self.streams and not self.closed:
            self._lull.cancel()
            self.connection.close_connection()
            await self._flush()
            await self.send(Closed())
            await self.handle(Closed())


def _refusal(fields: list[tuple[bytes, bytes]]) -> int | None:
    if len(fields) > MAX_FIELDS:
        return 431
    named = dict(fields)
    if len(named[b":path"]) > MAX_TARGET_BYTES:
        return 414
    is_plain = _METHOD.match(named[b":method"]) and _TARGET.match(named[b":path"])
    return None if is_plain else 400


class _Streams(dict[int, HTTPStream | WSStream]):
    """The open streams; what a client still sends to one that was answered goes nowhere."""

    def __missing__(self, stream_id: int) -> "_Answered":
        return _Answered()


class _Answered:
    async def handle(self, event: StreamEvent) -> None:
        """Drop it."""
