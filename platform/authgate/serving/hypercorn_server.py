"""Hypercorn, one process of it: HTTP/1.1, and HTTP/2 where it ends TLS."""

import asyncio
import logging
import socket
import sys
from asyncio import StreamReader, StreamReaderProtocol, StreamWriter
from contextlib import suppress
from typing import cast

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.typing import ASGIFramework, ConnectionState
from hypercorn.typing import LifespanState as HypercornState
from hypercorn.utils import parse_socket_addr

from authgate.serving.asgi_types import ASGIApp, LifespanState
from authgate.serving.crowd import Crowd
from authgate.serving.half_close import half_close
from authgate.serving.hypercorn_calls import Calls
from authgate.serving.hypercorn_context import DrainingContext
from authgate.serving.hypercorn_h2 import StrictH2Protocol
from authgate.serving.hypercorn_h11 import StrictH11Protocol
from authgate.serving.options import ServeOptions
from authgate.serving.request_head import HEAD_SECONDS, KEEP_ALIVE_SECONDS, MAX_HEAD_BYTES
from authgate.serving.stalled_peer import StalledPeer
from authgate.serving.tls import CLOSE_SECONDS, HANDSHAKE_SECONDS, tls_context

UNSENT_BYTES = 64 * 1024
"""What we keep of an answer for a peer that does not take it, before the application has to wait;
over TLS asyncio would keep eight times as much."""


class HypercornServer:
    """Serves connections with Hypercorn's protocols, without its process model."""

    def __init__(
        self, *, app: ASGIApp, state: LifespanState, options: ServeOptions, crowd: Crowd
    ) -> None:
        self._app = ASGIWrapper(cast("ASGIFramework", app))
        self._state = state
        self._config = _config()
        self._context = DrainingContext(crowd=crowd, stalled_seconds=options.stalled_seconds)
        self._loop = asyncio.get_running_loop()
        self._connections: set[StrictConnection] = set()
        self._tls = None
        if options.certfile is not None:
            self._tls = tls_context(
                certfile=options.certfile, keyfile=options.keyfile, alpn=("h2", "http/1.1")
            )

    async def serve(self, accepted: socket.socket) -> None:
        """Serve the connection until it is gone and its requests are answered."""
        reader, writer = await self._open(accepted)
        connection = StrictConnection(
            self._app,
            self._loop,
            self._config,
            self._context,
            cast("HypercornState", self._state),
            reader,
            writer,
        )
        self._connections.add(connection)
        try:
            await connection
        finally:
            self._connections.discard(connection)

    async def _open(self, accepted: socket.socket) -> tuple[StreamReader, StreamWriter]:
        reader = StreamReader(loop=self._loop)
        protocol = _WatchedStream(reader, self._loop, self._context.stalled_seconds)
        transport, _ = await self._loop.connect_accepted_socket(
            lambda: protocol,
            accepted,
            ssl=self._tls,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if self._tls else None,
            ssl_shutdown_timeout=CLOSE_SECONDS if self._tls else None,
        )
        return reader, StreamWriter(transport, protocol, reader, self._loop)

    def drain(self) -> None:
        """From now on every answer is the last one of its connection."""
        self._context.draining = True
        for connection in self._connections:
            connection.drain()

    def close_idle(self) -> None:
        """Close the connections that wait for a request."""
        for connection in list(self._connections):
            connection.close_if_idle()


class _WatchedStream(StreamReaderProtocol):
    """A connection's bytes, as asyncio's streams have them, cut if the peer does not take them."""

    def __init__(
        self, reader: StreamReader, loop: asyncio.AbstractEventLoop, stalled_seconds: float
    ) -> None:
        super().__init__(reader, loop=loop)
        self._watched_loop = loop
        self._stalled_seconds = stalled_seconds

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=UNSENT_BYTES)
        self._peer = StalledPeer.of(transport, self._watched_loop, seconds=self._stalled_seconds)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._peer.held_up()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._peer.flows()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._peer.flows()


class StrictConnection(TCPServer):
    """One connection, served by the strict protocols."""

    context: DrainingContext
    # Hypercorn has a wrapper here, which would let one protocol turn into the other.
    protocol: StrictH11Protocol | StrictH2Protocol  # type: ignore[assignment]  # no wrapper
    _closing = False

    async def run(self) -> None:
        try:
            self.protocol = self._choose_protocol()
            async with self._task_group:
                await self.protocol.initiate()
                await self.idle_task.restart(self._task_group, self._first_request_timeout)
                self.drain()
                await self._read_data()
        finally:
            await super()._close()

    def _choose_protocol(self) -> StrictH11Protocol | StrictH2Protocol:
        connected = self.writer.get_extra_info("socket")
        tls = self.writer.get_extra_info("ssl_object")
        speaks_h2 = tls is not None and tls.selected_alpn_protocol() == "h2"
        self._task_group = Calls(self.loop, one_at_a_time=not speaks_h2)
        return (StrictH2Protocol if speaks_h2 else StrictH11Protocol)(
            self.app,
            self.config,
            self.context,
            self._task_group,
            ConnectionState(self.state),
            tls is not None,
            parse_socket_addr(connected.family, connected.getpeername()),
            parse_socket_addr(connected.family, connected.getsockname()),
            self.protocol_send,
        )

    def drain(self) -> None:
        """Go away, if the worker is leaving and no answer of ours would say so."""
        protocol = self.protocol
        if isinstance(protocol, StrictH2Protocol) and self.context.draining and not protocol.closed:
            self._task_group.spawn(protocol.leave)

    def close_if_idle(self) -> None:
        if self.idle_task._handle is not None:  # noqa: SLF001  # nothing else knows
            self.writer.transport.abort()  # a silent peer would keep its place while TLS ends

    async def _first_request_timeout(self) -> None:
        await asyncio.sleep(HEAD_SECONDS)
        await asyncio.shield(self._initiate_server_close())

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, Updated) and event.idle and self.reader.at_eof():
            event = Closed()  # nobody is left to ask for more
        await super().protocol_send(event)

    async def _read_data(self) -> None:
        """Read until the peer has finished; what comes after our end is read to no purpose."""
        with suppress(OSError):
            while data := await self.reader.read(MAX_RECV):
                if not self._closing:
                    await self.protocol.handle(RawData(data))
        await self.protocol.handle(Closed())
        await self.idle_task.stop()

    async def _close(self) -> None:
        if self._closing:
            return
        self._closing = True
        await self.idle_task.stop()
        with suppress(OSError, RuntimeError):
            half_close(self.writer.transport)


def _config() -> Config:
    config = Config()
    config.include_server_header = False
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.keep_alive_max_requests = sys.maxsize
    config.h2_max_header_list_size = MAX_HEAD_BYTES
    config.errorlog = logging.getLogger("hypercorn.error")
    return config
