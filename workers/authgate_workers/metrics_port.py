"""``/metrics`` of a worker: what the processes of its pool have measured.

A thread beside Celery's loop answers it. Who may ask is decided as at a server.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import structlog
from pydantic import SecretStr

from authgate.settings import Settings
from authgate.web.health import exposed, refusal_of
from authgate.web.machine import BadRequest, MachineRequest, Reply

_PATH = "/metrics"
_SECONDS = 5.0
"""A client that takes longer to ask is not listened to."""

_NOT_FOUND = Reply.json(404, {"error": "not_found", "message": "There is nothing here."})

_log = structlog.get_logger(__name__)


@contextmanager
def answering(settings: Settings) -> Iterator[None]:
    """Answer at the port of the settings, if they have one, until the block ends."""
    if settings.jobs.metrics_port is None:
        yield
        return
    address = (settings.server.host, settings.jobs.metrics_port)
    with _Server(address, _answerer(settings)) as listening:
        _log.info("metrics are told", host=settings.server.host, port=listening.server_port)
        thread = threading.Thread(target=listening.serve_forever, name="metrics", daemon=True)
        thread.start()
        try:
            yield
        finally:
            listening.shutdown()


def _answerer(settings: Settings) -> type[BaseHTTPRequestHandler]:
    class Answerer(BaseHTTPRequestHandler):
        timeout = _SECONDS
        server_version, sys_version = "AuthGate", ""

        def do_GET(self) -> None:
            self._send(_reply(_request(self), settings.metrics_token))

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name.decode(), value.decode())
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: whoever scrapes comes twice a minute for ever."""

    return Answerer


def _reply(request: MachineRequest, token: SecretStr | None) -> Reply:
    if request.path != _PATH:
        return _NOT_FOUND
    try:
        return refusal_of(request, token) or exposed()
    except BadRequest as error:
        return Reply.json(400, {"error": "invalid_request", "message": str(error)})


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        _log.warning("a request for metrics failed", exc_info=True)


def _request(asked: BaseHTTPRequestHandler) -> MachineRequest:
    path, _, query = asked.path.partition("?")
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in asked.headers.items()
    ]
    return MachineRequest(
        method=asked.command,
        path=path,
        query=query.encode("latin-1"),
        headers=headers,
        body=b"",
        client_ip=asked.client_address[0],
        request_id="",
    )
