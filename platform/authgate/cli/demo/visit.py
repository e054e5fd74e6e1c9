"""The demo's first visitor: waits until the server answers, and does what is to be done then."""

import os
import signal
import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from time import sleep

from authgate.settings import Settings

_ASK_AGAIN_SECONDS = 0.05
_PATIENCE_SECONDS = 2.0


class Visit(threading.Thread):
    """Runs beside the server's supervisor, which has the main thread."""

    def __init__(
        self, settings: Settings, *, then: Callable[[], None], ends_the_service: bool
    ) -> None:
        super().__init__(name="demo-visit", daemon=True)
        self.failure: Exception | None = None
        self._settings = settings
        self._then = then
        self._ends_the_service = ends_the_service

    def run(self) -> None:
        """Wait, and do it."""
        while not self._answers():
            sleep(_ASK_AGAIN_SECONDS)
        try:
            self._then()
        except Exception as error:  # noqa: BLE001 - raised again where the service has ended
            self.failure = error
        if self._ends_the_service or self.failure:
            os.kill(os.getpid(), signal.SIGTERM)

    def _answers(self) -> bool:
        server = self._settings.server
        connection = HTTPConnection(server.host, server.port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
