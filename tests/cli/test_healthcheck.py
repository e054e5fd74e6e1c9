"""``authgate healthcheck``: whether the program beside it is well."""

import os
import socket
import sys
import time
from pathlib import Path

from authgate_testing.command import Cli
from authgate_testing.processes import LOOPBACK, free_port, running
from authgate_testing.readiness import is_ready


def test_a_server_is_well_once_it_has_been_ready(lite_cli: Cli, tmp_path: Path) -> None:
    os.environ["AUTHGATE_SERVER__HOST"] = "0.0.0.0"  # noqa: S104 - as in a container

    def serve(port: int) -> list[str]:
        return [sys.executable, "-m", "authgate", "serve", "--port", str(port)]

    def has_started(port: int) -> bool:
        return is_ready(f"http://{LOOPBACK}:{port}")

    with running(serve, answers=has_started, log=tmp_path / "log") as port:
        os.environ["AUTHGATE_SERVER__PORT"] = str(port)
        assert lite_cli("healthcheck").code == 0
    ended = lite_cli("healthcheck")
    assert ended.code == 6
    assert f"port {port}, does not answer" in ended.err


def test_whoever_is_no_http_server_is_not_well(command: Cli) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        os.environ["AUTHGATE_SERVER__PORT"] = str(other.getsockname()[1])
        ended = command("healthcheck")
    assert ended.code == 6
    assert "does not answer" in ended.err


def test_a_server_that_ends_tls_itself_is_asked_by_tls(
    command: Cli, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    certfile, keyfile = certificate
    assert command("migrate").code == 0
    os.environ["AUTHGATE_SERVER__CERTIFICATE_FILE"] = str(certfile)
    os.environ["AUTHGATE_SERVER__CERTIFICATE_KEY_FILE"] = str(keyfile)

    def serve(port: int) -> list[str]:
        return [sys.executable, "-m", "authgate", "serve", "--port", str(port)]

    def is_well(port: int) -> bool:
        os.environ["AUTHGATE_SERVER__PORT"] = str(port)
        return command("healthcheck").code == 0

    with running(serve, answers=is_well, log=tmp_path / "log"):
        assert is_well(int(os.environ["AUTHGATE_SERVER__PORT"]))


def test_a_worker_is_well_unless_its_heart_has_stopped(command: Cli, tmp_path: Path) -> None:
    heartbeat = tmp_path / "heartbeat"
    os.environ["AUTHGATE_JOBS__HEARTBEAT_FILE"] = str(heartbeat)
    os.environ["AUTHGATE_SERVER__PORT"] = str(free_port())  # nobody is asked there
    assert command("healthcheck").code == 0  # it waits for its broker
    heartbeat.touch()
    assert command("healthcheck").code == 0
    long_ago = time.time() - 3600
    os.utime(heartbeat, (long_ago, long_ago))
    ended = command("healthcheck")
    assert ended.code == 6
    assert "last touched 3600 seconds ago" in ended.err
