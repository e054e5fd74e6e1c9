"""Serving: Hypercorn (or uvicorn, for throughput) under a supervisor that owns the socket.

Loads the application by its dotted name and knows nothing else of it.
"""

from authgate.serving.errors import CannotListen, PortTaken, ServerNotInstalled, ServingError
from authgate.serving.options import ServeOptions, ServerKind
from authgate.serving.supervisor import run

__all__ = [
    "CannotListen",
    "PortTaken",
    "ServeOptions",
    "ServerKind",
    "ServerNotInstalled",
    "ServingError",
    "run",
]
