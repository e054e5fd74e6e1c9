"""The whole server in the process of the tests, and the clock it lives by."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx2

from authgate.clock import utc_now
from authgate.installation import Installation

BASE_URL = "http://localhost:8080"


class MovableClock:
    """The wall clock, and how far a test has moved it."""

    def __init__(self) -> None:
        self._moved = timedelta()

    def __call__(self) -> datetime:
        """The present moment, as the server sees it."""
        return utc_now() + self._moved

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._moved += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server on a database of the test's own."""

    parts: Installation
    transport: httpx2.ASGITransport
    http: httpx2.AsyncClient
    clock: MovableClock

    def from_address(self, ip: str) -> httpx2.AsyncClient:
        """A client that comes from another address."""
        elsewhere = httpx2.ASGITransport(self.transport.app, client=(ip, 4711))
        return httpx2.AsyncClient(transport=elsewhere, base_url=BASE_URL)

    def browser(self) -> httpx2.AsyncClient:
        """A client with cookies of its own."""
        return httpx2.AsyncClient(transport=self.transport, base_url=BASE_URL)
