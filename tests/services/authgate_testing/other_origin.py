"""Servers of other origins: where a browser comes from, and what it is sent to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from authgate_testing.processes import LOOPBACK


class Site(BaseHTTPRequestHandler):
    """Answers requests in its own way, and says nothing of it."""

    def answer(self, sent: bytes) -> None:
        """Answer a request for ``self.path`` with this body."""
        raise NotImplementedError  # each site has its own answer

    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def page(self, content: bytes, *, kind: str = "text/html") -> None:
        """Answer 200 with this."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving(site: type[Site]) -> Iterator[str]:
    """Serve a site from a thread until the block ends; yields its origin."""
    server = ThreadingHTTPServer((LOOPBACK, 0), site)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
