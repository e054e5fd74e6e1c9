"""Streams that plugins speak other protocols by, guarded as their requests are."""

import asyncio
import errno
import fcntl
import socket
import ssl
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from typing import Any

import anyio
import httpcore2

from authgate.plugin_api import HttpFailure, Stream, StreamFailure
from authgate.plugin_manager.egress import GuardedHttp

_CONNECT_SECONDS = 3.0
_END_SECONDS = 3.0
_LOOK_SECONDS = 0.05
"""For so long an end of the other side that answers nothing may be on its way behind what it has
acknowledged."""
_BETWEEN_SECONDS = 0.005
_SOME = 65_536


class GuardedStreams:
    """The ``Network`` that plugins get: what ``GuardedHttp`` may reach, with its shares."""

    def __init__(self, guarded: GuardedHttp) -> None:
        self._guarded = guarded

    @asynccontextmanager
    async def open(
        self, host: str, port: int, *, tls: bool = True, authorities: str = ""
    ) -> AsyncIterator[Stream]:
        """A stream that ends with the block. Raises ``StreamFailure``."""
        context = _believing(authorities) if authorities else self._guarded.tls_context
        async with self._guarded.places(f"{host}:{port}"):
            try:
                connected = await self._guarded.network.connect_tcp(host, port, _CONNECT_SECONDS)
            except (
                HttpFailure,
                OSError,
                httpcore2.NetworkError,
                httpcore2.TimeoutException,
            ) as error:
                raise StreamFailure(_worded(error)) from error
            stream = _Stream(connected, host, context)
            try:
                if tls:
                    await stream.start_tls()
                yield stream
            finally:
                await stream.close()


class _Stream:
    def __init__(
        self, connected: httpcore2.AsyncNetworkStream, host: str, context: ssl.SSLContext
    ) -> None:
        self._connected = connected
        self._host = host
        self._context = context

    async def send(self, content: bytes) -> None:
        try:
            await self._connected.write(content)
        except (OSError, httpcore2.NetworkError) as error:
            raise StreamFailure(_worded(error)) from error

    async def receive(self) -> bytes:
        try:
            return await self._connected.read(_SOME)
        except (OSError, httpcore2.NetworkError) as error:
            raise StreamFailure(_worded(error)) from error

    async def start_tls(self) -> None:
        try:
            self._connected = await self._connected.start_tls(
                self._context, server_hostname=self._host, timeout=_CONNECT_SECONDS
            )
        except (OSError, httpcore2.NetworkError, httpcore2.TimeoutException) as error:
            raise StreamFailure(_worded(error)) from error

    async def end(self) -> None:
        # httpcore2 ends no TLS by itself.
        secured: Any = self._connected._stream  # type: ignore[attr-defined]  # noqa: SLF001
        try:
            async with asyncio.timeout(_END_SECONDS):
                await _end_read(secured, self._connected.get_extra_info("socket"))
        except (
            OSError,
            TimeoutError,
            anyio.BrokenResourceError,
            anyio.ClosedResourceError,
        ) as error:
            raise StreamFailure("It did not say that it has read all of it.") from error

    async def close(self) -> None:
        await self._connected.aclose()


async def _end_read(secured: Any, connection: socket.socket) -> None:
    """End TLS and the connection, where the other side ends both because of it. Raises what says
    that it did not."""
    await _acknowledged(connection)
    await _check_open(secured)
    # Many end the connection without the word of TLS. Where they have left something unread it is
    # broken, and does not end.
    with suppress(anyio.EndOfStream):
        await secured.unwrap()
    under = secured.transport_stream
    await under.send_eof()
    with suppress(anyio.EndOfStream):
        while True:
            await under.receive()
    # Who had ended before it was sent anything answers by cutting the connection: after its end.
    await _acknowledged(connection)


async def _check_open(secured: Any) -> None:
    """Raises ``ConnectionError`` where the other side has ended before it is told that no more
    comes: that says nothing of what it has read."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_SECONDS):
            with suppress(anyio.EndOfStream):
                while True:
                    await secured.receive()
            raise ConnectionError("It has ended by itself.")


async def _acknowledged(connection: socket.socket) -> None:
    """Wait until the other machine has all that was sent. Raises ``OSError`` where the connection
    is cut."""
    while True:
        if connection.fileno() < 0:
            raise ConnectionError("It is closed.")
        if fault := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(fault, errno.errorcode.get(fault, ""))
        if not _under_way(connection):
            return
        await asyncio.sleep(_BETWEEN_SECONDS)


def _under_way(connection: socket.socket) -> int:
    """Bytes that were sent and are not acknowledged (``SIOCOUTQ``), where the system says it."""
    if sys.platform != "linux":
        return 0
    said = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4))
    return int.from_bytes(said, sys.byteorder)


@lru_cache(maxsize=64)
def _believing(authorities: str) -> ssl.SSLContext:
    """What believes these and no others."""
    try:
        return ssl.create_default_context(cadata=authorities)
    except (ssl.SSLError, ValueError, TypeError) as error:
        raise StreamFailure("What is to be believed are no certificates.") from error


def _worded(error: BaseException) -> str:
    """What went wrong, in words of ours where it is the certificate."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"The certificate does not hold: {cause.verify_message}."
        if isinstance(cause, HttpFailure):
            return str(cause)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, (httpcore2.TimeoutException, TimeoutError)):
        return f"No connection within {_CONNECT_SECONDS:g} seconds."
    return "The connection failed."
