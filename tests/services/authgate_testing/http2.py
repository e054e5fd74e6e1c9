"""A client that speaks HTTP/2 as ill as a test wants it to, over TLS on loopback."""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from hyperframe.frame import Frame

from authgate_testing.processes import LOOPBACK

Fields = Sequence[tuple[bytes, bytes]]
_PATIENCE_SECONDS = 25.0


class Http2Client:
    """One connection, and what it has brought so far."""

    def __init__(self, port: int, certificate: Path, *, window: int = 65_535) -> None:
        """Connect; each answer may have so many bytes before it waits for leave to go on."""
        trust = ssl.create_default_context(cafile=certificate)
        trust.set_alpn_protocols(["h2"])
        plain = socket.create_connection((LOOPBACK, port), timeout=_PATIENCE_SECONDS)
        self.socket = trust.wrap_socket(plain, server_hostname="localhost")
        self.connection = H2Connection(
            H2Configuration(
                client_side=True,
                header_encoding=None,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
            )
        )
        self.connection.initiate_connection()
        self.connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: window})
        self.events: list[Event] = []
        self.has_ended = False
        self.reads_answers = True
        """Whether the server is told that it may send more."""
        self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.socket.close()

    def request(
        self,
        path: bytes = b"/",
        *,
        method: bytes = b"GET",
        authority: bytes = b"auth.example",
        fields: Fields = (),
        whole: bool = True,
    ) -> int:
        """Begin a request and end it, if it is to be whole; the number of its stream."""
        stream = self.begin(path, method=method, authority=authority, fields=fields, whole=whole)
        self.flush()
        return stream

    def begin(
        self,
        path: bytes = b"/",
        *,
        method: bytes = b"GET",
        authority: bytes = b"auth.example",
        fields: Fields = (),
        whole: bool = True,
    ) -> int:
        """The same, and nothing is sent yet."""
        stream = self.connection.get_next_available_stream_id()
        pseudo = [
            (b":method", method),
            (b":scheme", b"https"),
            (b":authority", authority),
            (b":path", path),
        ]
        self.connection.send_headers(stream, [*pseudo, *fields], end_stream=whole)
        return stream

    def unsent(self) -> bytes:
        """What was begun, as bytes, which are the caller's to send."""
        return self.connection.data_to_send()

    def flush(self) -> None:
        self.send(self.unsent())

    def send(self, data: bytes) -> None:
        """Send bytes as they are, if the server still takes them."""
        with suppress(OSError):
            if data:
                self.socket.sendall(data)

    def send_frames(self, frames: Iterable[Frame]) -> None:
        self.send(b"".join(frame.serialize() for frame in frames))

    def status(self, stream: int) -> int | None:
        """The status of the whole answer to a request; None where there is none in time."""
        self.listen(until=lambda: self._is_over(stream))
        for event in self.events:
            if isinstance(event, ResponseReceived) and event.stream_id == stream:
                return int(dict(event.headers)[b":status"])
        return None

    def body(self, stream: int) -> bytes:
        """What has come of an answer so far."""
        return b"".join(
            event.data or b""
            for event in self.events
            if isinstance(event, DataReceived) and event.stream_id == stream
        )

    def resets(self) -> list[ErrorCodes | int | None]:
        """Why the server has reset streams, one after the other."""
        return [event.error_code for event in self.events if isinstance(event, StreamReset)]

    def farewell(self, *, leaves: bool = True) -> ErrorCodes | int | None:
        """Wait until the server ends the connection; why it says it does.

        Who does not leave by itself, once it is told to, is waited for by the server.
        """
        self.listen(until=lambda: self.has_ended or bool(self._ends()))
        if leaves:
            with suppress(OSError):  # that of TLS would forget its keys, with more to be read
                socket.socket.shutdown(self.socket, socket.SHUT_WR)
        self.listen(until=lambda: self.has_ended)
        assert self.has_ended, "the connection goes on"
        ends = self._ends()
        return ends[0].error_code if ends else None

    def _ends(self) -> Sequence[ConnectionTerminated]:
        return [event for event in self.events if isinstance(event, ConnectionTerminated)]

    def listen(self, *, until: Callable[[], bool], within: float = _PATIENCE_SECONDS) -> bool:
        """Hear what the server sends until something holds; whether it came to hold in time."""
        give_up_at = time.monotonic() + within
        while not until() and not self.has_ended:
            self.socket.settimeout(max(0.001, give_up_at - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return until()
            except OSError:
                data = b""
            self._take(data)
        return until()

    def _take(self, data: bytes) -> None:
        self.has_ended = not data
        with suppress(ProtocolError):
            events = self.connection.receive_data(data)
            self.events += events
            for event in events:
                if isinstance(event, DataReceived) and self.reads_answers:
                    self.connection.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id
                    )
            self.flush()

    def _is_over(self, stream: int) -> bool:
        return any(
            isinstance(event, StreamEnded | StreamReset) and event.stream_id == stream
            for event in self.events
        )
