"""uvicorn with httptools, one process of it: the throughput server (extra ``fast``)."""

import asyncio
import logging
import socket
from typing import Any, cast

import uvicorn
from uvicorn._types import ASGIApplication

from authgate.serving.asgi_types import ASGIApp, LifespanState
from authgate.serving.draining_state import DrainingState
from authgate.serving.machine_door import MachineDoor
from authgate.serving.options import ServeOptions
from authgate.serving.request_head import KEEP_ALIVE_SECONDS
from authgate.serving.tls import CLOSE_SECONDS, HANDSHAKE_SECONDS, tls_context
from authgate.serving.uvicorn_protocol import StrictHttpToolsProtocol


class UvicornServer:
    """Serves connections with uvicorn's protocol, without its process model."""

    def __init__(self, *, app: ASGIApp, state: LifespanState, options: ServeOptions) -> None:
        self._config = _config(app)
        self._door: MachineDoor | None = getattr(app, "machine_door", None)
        self._app_state = cast("dict[str, Any]", state)
        self._stalled_seconds = options.stalled_seconds
        self._state = DrainingState()
        self._loop = asyncio.get_running_loop()
        self._connections: set[StrictHttpToolsProtocol] = set()
        self._tls = None
        if options.certfile is not None:
            self._tls = tls_context(
                certfile=options.certfile, keyfile=options.keyfile, alpn=("http/1.1",)
            )

    async def serve(self, accepted: socket.socket) -> None:
        """Serve the connection until it is gone and its requests are answered."""
        protocol = StrictHttpToolsProtocol(
            config=self._config,
            server_state=self._state,
            app_state=self._app_state,
            loop=self._loop,
            door=self._door,
            stalled_seconds=self._stalled_seconds,
        )
        transport, _ = await self._loop.connect_accepted_socket(
            lambda: protocol,
            accepted,
            ssl=self._tls,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if self._tls else None,
            ssl_shutdown_timeout=CLOSE_SECONDS if self._tls else None,
        )
        self._connections.add(protocol)
        try:
            await protocol.gone
            if protocol.answers:
                await asyncio.wait(protocol.answers)
        finally:
            self._connections.discard(protocol)
            transport.abort()
            for answer in protocol.answers:
                answer.cancel()

    def drain(self) -> None:
        """From now on every answer is the last one of its connection."""
        self._state.draining = True
        for connection in self._connections:
            connection.drain()

    def close_idle(self) -> None:
        """Close the connections that wait for a request."""
        for connection in list(self._connections):
            if connection.is_idle:
                connection.transport.close()


def _config(app: ASGIApp) -> uvicorn.Config:
    config = uvicorn.Config(
        cast("ASGIApplication", app),
        http="httptools",
        ws="none",
        interface="asgi3",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whom to believe is the application's to decide
        timeout_keep_alive=int(KEEP_ALIVE_SECONDS),
    )
    config.load()
    logging.getLogger("uvicorn.error").setLevel(logging.INFO)
    return config
