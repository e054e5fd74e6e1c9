"""``authgate serve``: what it refuses, and that it serves."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from authgate.settings import DatabaseSettings
from authgate.storage.sqlite import service_lock
from authgate_testing import PostgresServer
from authgate_testing.command import Cli, Use
from authgate_testing.line import line_to
from authgate_testing.processes import Service, free_port, running
from authgate_testing.readiness import is_ready

LOOPBACK = "127.0.0.1"

pytestmark = pytest.mark.usefixtures("started_as_ever")


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server((LOOPBACK, 0)) as other:
        port: int = other.getsockname()[1]
        yield port


def test_sqlite_takes_one_worker(lite_cli: Cli) -> None:
    ended = lite_cli("serve", "--workers", "2")
    assert ended.code == 2
    assert "SQLite takes one worker: set server.workers to 1 or use PostgreSQL" in ended.err


def test_an_unmigrated_database_is_not_served(command: Cli) -> None:
    ended = command("serve")
    assert ended.code == 6
    assert "run authgate migrate" in ended.err


async def test_a_service_waits_for_a_database_that_is_away(
    postgres: PostgresServer, postgres_settings_of_own: DatabaseSettings, tmp_path: Path
) -> None:
    async with line_to(postgres.port) as line:
        await line.refuse()
        direct = postgres_settings_of_own.url.get_secret_value()
        os.environ["AUTHGATE_DATABASE__URL"] = direct.replace(
            f":{postgres.port}/", f":{line.port}/"
        )
        service = Service(_serve, answers=_answers, log=tmp_path / "log")
        service.start()
        try:
            await _says(service, "waiting for the database")
            await line.heal()
            await asyncio.to_thread(service.wait_until_up)
        finally:
            await asyncio.to_thread(service.end, signal.SIGTERM)


def test_a_taken_port_is_a_conflict(lite_cli: Cli, taken_port: int) -> None:
    ended = lite_cli("serve", "--port", str(taken_port))
    assert ended.code == 5
    assert f"port {taken_port} on 127.0.0.1 is taken by another program" in ended.err


def test_an_address_of_another_machine_cannot_be_listened_on(lite_cli: Cli) -> None:
    ended = lite_cli("serve", "--host", "192.0.2.1", "--port", str(free_port()))
    assert ended.code == 1
    assert ended.err.startswith("authgate: cannot listen on 192.0.2.1")


def test_one_sqlite_database_takes_one_service(
    lite_cli: Cli, sqlite_settings: DatabaseSettings
) -> None:
    with service_lock.held(sqlite_settings):
        ended = lite_cli("serve")
    assert ended.code == 5
    assert f"is in use by process {os.getpid()}: SQLite takes one service" in ended.err


def test_the_workers_of_a_service_belong_to_it(sqlite_settings: DatabaseSettings) -> None:
    url = sqlite_settings.url.get_secret_value()
    program = (
        "from authgate.settings import DatabaseSettings as D; from authgate.storage.sqlite"
        f" import service_lock as s; s.held(D(url='{url}')).__enter__()"
    )
    with service_lock.held(sqlite_settings):
        subprocess.run([sys.executable, "-c", program], check=True)
        subprocess.run([sys.executable, "-c", program], check=True)


def test_postgresql_takes_any_number_of_services(
    postgres_settings_of_own: DatabaseSettings,
) -> None:
    with (
        service_lock.held(postgres_settings_of_own),
        service_lock.held(postgres_settings_of_own),
    ):
        assert True


def test_several_workers_serve_and_share_their_measurements(
    command: Cli,
    use: Use,
    postgres_settings_of_own: DatabaseSettings,
    tmp_path: Path,
) -> None:
    use(postgres_settings_of_own)
    assert command("tenant", "create", "acme").code == 0

    def serve(port: int) -> list[str]:
        words = ["--port", str(port), "--workers", "2", "--server", "uvicorn"]
        return [sys.executable, "-m", "authgate", "serve", *words]

    def ready(_: int) -> bool:
        return "ready: 2 worker(s) of uvicorn" in (tmp_path / "log").read_text()

    with running(serve, answers=ready, log=tmp_path / "log") as port:
        at = f"http://localhost:{port}"
        found = httpx2.get(f"{at}/t/acme/.well-known/openid-configuration").json()
        assert found["issuer"] == f"{at}/t/acme"  # the default address follows the port
        assert "authgate_http_request_duration_seconds" in httpx2.get(f"{at}/metrics").text
    log = (tmp_path / "log").read_text()
    assert '"stopped"' in log
    assert "walls" not in log


def test_one_service_on_sqlite_says_what_it_lacks(lite_cli: Cli, tmp_path: Path) -> None:
    with running(_serve, answers=_answers, log=tmp_path / "log") as port:
        _the_doctor_asks_the_issuer(lite_cli, port)
        busy = lite_cli("serve", "--port", str(free_port()))
        assert busy.code == 5
        assert lite_cli("tenant", "list").code == 0  # a command may work beside it
    assert "tenants are kept apart by two walls, not three" in (tmp_path / "log").read_text()


def _the_doctor_asks_the_issuer(cli: Cli, port: int) -> None:
    os.environ["AUTHGATE_SERVER__PORT"] = str(port)
    for host, code in (("localhost", 0), ("127.0.0.1", 6)):
        os.environ["AUTHGATE_BASE_URL"] = f"http://{host}:{port}"
        assert cli("doctor", "--strict").code == code  # an issuer has one name only


async def _says(service: Service, words: str) -> None:
    give_up_at = time.monotonic() + 20
    while words not in service.log.read_text():
        assert time.monotonic() < give_up_at, service.log.read_text()
        await asyncio.sleep(0.05)


def _serve(port: int) -> list[str]:
    return [sys.executable, "-m", "authgate", "serve", "--port", str(port)]


def _answers(port: int) -> bool:
    return is_ready(f"http://{LOOPBACK}:{port}")
