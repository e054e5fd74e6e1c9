"""Probes and measurements of real server processes: several, draining, stuck."""

import asyncio
import http.client
import os
import re
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from authgate.settings import DatabaseSettings
from authgate_testing.live import live
from authgate_testing.processes import running
from authgate_testing.readiness import is_ready

LOOPBACK = "127.0.0.1"
KINDS = pytest.mark.parametrize("kind", ["hypercorn", "uvicorn"])

BLOCKED = """
import pathlib, time
from authgate.asgi import app as server

async def app(scope, receive, send):
    if scope.get("path") == "/stuck":
        pathlib.Path(__file__).with_name("is-stuck").touch()
        time.sleep(3)
    await server(scope, receive, send)
"""
"""The server with a route that does what none may: hold up the event loop."""

SERVE = """
import sys
from authgate.serving import ServeOptions, run
sys.exit(run(ServeOptions(app="blocked:app", port=int(sys.argv[1]), kind=sys.argv[2])))
"""


def workers(folder: Path) -> list[int]:
    """The workers that have been ready so far, the latest last."""
    log = (folder / "server.log").read_text()
    return [int(pid) for pid in re.findall(r"worker (\d+) is ready", log)]


def told(text: str, series: str) -> float:
    [line] = [line for line in text.splitlines() if line.startswith(f"{series} ")]
    return float(line.rpartition(" ")[2])


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.1)


async def test_several_processes_answer_for_each_other_and_for_those_that_have_ended(
    postgres_settings_of_own: DatabaseSettings, tmp_path: Path
) -> None:
    async with (
        live(postgres_settings_of_own, tmp_path, SERVER__WORKERS="2") as server,
        httpx2.AsyncClient(base_url=server.base_url, timeout=60) as http,
    ):
        for _ in range(30):
            await http.get("/t/northwind/.well-known/jwks.json")

        async def scraped() -> str:
            await asyncio.sleep(5.5)  # every process looks at its levels each five seconds
            return (await http.get("/metrics")).text

        before = await scraped()
        os.kill(workers(tmp_path)[0], signal.SIGKILL)
        await until(lambda: len(workers(tmp_path)) == 3)
        after = await scraped()
        for _ in range(10):
            # What the jobs tell comes from whoever does them: the other one begins with them when
            # it is its turn.
            after = after if names(before) <= names(after) else await scraped()
    labels = '{method="GET",route="/.well-known/jwks.json",status_class="2xx"}'
    keys = f"authgate_http_request_duration_seconds_count{labels}"
    for text in (before, after):
        assert told(text, "authgate_processes") == 2
        assert told(text, keys) == 30
        assert "pid=" not in text
        assert told(text, "process_resident_memory_bytes") > 2 * 30e6
        assert told(text, "process_open_fds") > 5
        assert told(text, "process_max_fds") > told(text, "process_open_fds")
    assert told(after, "process_cpu_seconds_total") >= told(before, "process_cpu_seconds_total") > 0
    assert names(before) <= names(after)  # something may have happened for the first time meanwhile


def names(text: str) -> set[str]:
    return {line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE ")}


@KINDS
async def test_a_worker_that_leaves_is_alive_and_not_ready(
    sqlite_settings: DatabaseSettings, tmp_path: Path, kind: str
) -> None:
    async with live(sqlite_settings, tmp_path, SERVER__KIND=kind) as server:
        port = int(server.base_url.rpartition(":")[2])
        with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=15)) as kept:
            assert ask(kept, "/readyz")[0] == 200
            async with asyncio.timeout(20):
                while not (found := workers(tmp_path)):  # noqa: ASYNC110 - a process
                    await asyncio.sleep(0.02)
                [worker] = found
                os.kill(worker, signal.SIGTERM)
                while (answer := ask(kept, "/readyz"))[0] == 200:  # noqa: ASYNC110 - a process
                    await asyncio.sleep(0.02)
    status, body = answer
    assert (status, body["status"], body["checks"]["draining"]) == (503, "unready", "draining")


def ask(connection: http.client.HTTPConnection, path: str) -> tuple[int, Any]:
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, orjson.loads(answer.read())


@KINDS
async def test_a_server_that_is_stuck_is_not_alive_and_says_so_afterwards(
    sqlite_settings: DatabaseSettings, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "blocked.py").write_text(BLOCKED)
    environment = {
        "PYTHONPATH": str(tmp_path),
        "AUTHGATE_DATABASE__URL": sqlite_settings.url.get_secret_value(),
        "AUTHGATE_KEYS__KEK_FILE": str(tmp_path / "kek"),
    }

    def command(port: int) -> list[str]:
        assignments = [f"{name}={value}" for name, value in environment.items()]
        return ["/usr/bin/env", *assignments, sys.executable, "-c", SERVE, str(port), kind]

    with running(command, answers=_is_ready, log=tmp_path / "server.log") as port:
        url = f"http://{LOOPBACK}:{port}"
        async with httpx2.AsyncClient(base_url=url, timeout=15) as http:
            assert (await http.get("/livez")).status_code == 200
            stuck = asyncio.create_task(http.get("/stuck"))
            await until((tmp_path / "is-stuck").exists)
            with pytest.raises(httpx2.TimeoutException):
                await http.get("/livez", timeout=1)
            await stuck
            assert (await http.get("/livez")).status_code == 200
            text = (await http.get("/metrics")).text
    late = "authgate_event_loop_lag_seconds"
    assert told(text, f"{late}_count") > told(text, f'{late}_bucket{{le="2.5"}}')


def _is_ready(port: int) -> bool:
    return is_ready(f"http://{LOOPBACK}:{port}")
