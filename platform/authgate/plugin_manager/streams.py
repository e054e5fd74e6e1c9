"""Streams that plugins speak other protocols by, guarded as their requests are."""

import asyncio
import ssl
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
        secured: Any = self._connected  # httpcore2 ends no TLS by itself
        try:
            async with asyncio.timeout(_END_SECONDS):
                # Many end the connection without the word of TLS. Where they have left something
                # unread it is broken, and does not end.
                with suppress(anyio.EndOfStream):
                    await secured._stream.unwrap()  # noqa: SLF001
        except (
            OSError,
            TimeoutError,
            anyio.BrokenResourceError,
            anyio.ClosedResourceError,
        ) as error:
            raise StreamFailure("It did not say that it has read all of it.") from error

    async def close(self) -> None:
        await self._connected.aclose()


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
