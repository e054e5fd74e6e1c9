"""``authgate healthcheck``: what a container asks to know whether the program beside it is well."""

import http.client
import ssl
import time
from pathlib import Path

from authgate.cli.failures import Unhealthy
from authgate.cli.output import say
from authgate.settings import HEARTBEAT_SECONDS, ServerSettings, Settings

_STALE_SECONDS = 6 * HEARTBEAT_SECONDS
_ANSWER_SECONDS = 3.0
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not listened on


def healthcheck() -> None:
    """Tell whether the program with these settings is well; exit code 6 where it is not.

    With jobs.heartbeat_file it is a worker or a beat, and well unless it has stopped touching the
    file. Else it is a server, and well once it has been ready and while it answers.
    """
    settings = Settings()
    if settings.jobs.heartbeat_file is not None:
        _look_at(settings.jobs.heartbeat_file)
    else:
        _ask(settings.server)
    say("well")


def _look_at(heartbeat: Path) -> None:
    try:
        age = time.time() - heartbeat.stat().st_mtime
    except FileNotFoundError:
        return  # it waits for its broker
    if age > _STALE_SECONDS:
        raise Unhealthy(f"{heartbeat} was last touched {age:.0f} seconds ago.")


def _ask(server: ServerSettings) -> None:
    host = _EVERY_ADDRESS.get(server.host, server.host)
    connection = _connection(host, server)
    try:
        connection.request("GET", "/startupz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Unhealthy(f"The server on {host}, port {server.port}, does not answer.") from error
    finally:
        connection.close()
    if status != http.client.OK:
        raise Unhealthy(f"The server on {host}, port {server.port}, has not been ready yet.")


def _connection(host: str, server: ServerSettings) -> http.client.HTTPConnection:
    if server.certificate_file is None:
        return http.client.HTTPConnection(host, server.port, timeout=_ANSWER_SECONDS)
    # The certificate names the public host. Nothing is told to whoever answers here.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, server.port, timeout=_ANSWER_SECONDS, context=context)
