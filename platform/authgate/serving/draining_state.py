"""What all connections of a worker share while it serves by uvicorn."""

import time
from email.utils import formatdate

from uvicorn.server import ServerState


class DrainingState(ServerState):
    """Whether the worker is leaving, and the date of its answers."""

    def __init__(self) -> None:
        super().__init__()
        self.draining = False
        self.date_line = b""
        self._dated = 0

    def date(self) -> None:
        """Bring the date of coming answers up to date."""
        now = int(time.time())
        if now != self._dated:
            self._dated = now
            date = formatdate(now, usegmt=True).encode()
            self.default_headers = [(b"date", date)]
            self.date_line = b"date: %b\r\n" % date
