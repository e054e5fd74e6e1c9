"""Hears every command that a Redis server is given, keys and values alike."""

import socket
import threading
import time
from contextlib import suppress
from uuid import uuid4

_ADDRESS = "127.0.0.1"
_PATIENCE_SECONDS = 1.0
_RETRY_SECONDS = 0.05


class RedisMonitor:
    """One server, which may be ended and started again meanwhile. Redis hides what signs in."""

    def __init__(self, port: int, *, password: str = "") -> None:
        self.port = port
        self._sign_in = f"AUTH {password}\r\n".encode() if password else b""
        self._heard = bytearray()
        self._news = threading.Condition()
        self._ended = threading.Event()
        self._connected = threading.Event()
        self._ear = threading.Thread(target=self._listen, name="redis-monitor", daemon=True)

    def start(self) -> None:
        """Begin to hear."""
        self._ear.start()
        self._connected.wait(_PATIENCE_SECONDS)

    def stop(self) -> None:
        """Hear no more."""
        self._ended.set()
        self._ear.join(2 * _PATIENCE_SECONDS)

    def heard(self) -> bytes:
        """Everything that it has been told since the last time."""
        self._wait_for_the_rest()
        with self._news:
            heard, self._heard = bytes(self._heard), bytearray()
        return heard

    def _wait_for_the_rest(self) -> None:
        mark = uuid4().hex.encode()
        with suppress(OSError), socket.create_connection((_ADDRESS, self.port), 1) as connection:
            connection.sendall(self._sign_in + b"ECHO %b\r\n" % mark)
            with self._news:
                self._news.wait_for(lambda: mark in self._heard, _PATIENCE_SECONDS)

    def _listen(self) -> None:
        while not self._ended.is_set():
            with suppress(OSError), socket.create_connection((_ADDRESS, self.port), 1) as line:
                self._hear(line)
            self._connected.clear()
            time.sleep(_RETRY_SECONDS)

    def _hear(self, line: socket.socket) -> None:
        line.sendall(self._sign_in + b"MONITOR\r\n")
        line.settimeout(0.2)
        while not self._ended.is_set():
            try:
                data = line.recv(1 << 20)
            except TimeoutError:
                continue
            if not data:
                return
            self._connected.set()
            with self._news:
                self._heard += data
                self._news.notify_all()
