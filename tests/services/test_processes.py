"""A service ends with the run that started it, however that run ends."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from authgate_testing import processes

SERVICES = Path(processes.__file__).parents[1]

STARTS_REDIS_AND_STAYS = """
from authgate_testing.redis_server import redis_running
with redis_running() as server:
    print(server.port, flush=True)
    input()
"""


def test_a_service_ends_when_the_run_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", STARTS_REDIS_AND_STAYS],
        env={**os.environ, "PYTHONPATH": str(SERVICES), "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with run:
        assert run.stdout
        port = int(run.stdout.readline())
        assert is_listening(port)
        run.send_signal(signal.SIGKILL)
    assert falls_silent(port, within_seconds=10)
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with processes.service_folder("next") as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_a_service_that_does_not_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(processes.ServiceDidNotStart, match="no such setting"),
        processes.running(
            lambda port: ["/bin/sh", "-c", f"echo no such setting: {port}; exit 1"],
            answers=lambda _: False,
            log=tmp_path / "log",
        ),
    ):
        pass


def test_a_service_that_ignores_its_signal_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_STOP_SECONDS", 0.1)
    ready = tmp_path / "ready"
    with processes.running(
        lambda _: ["/bin/sh", "-c", f"trap '' TERM; echo $$ > {ready}; while :; do sleep 1; done"],
        answers=lambda _: ready.exists() and bool(ready.read_text()),
        log=tmp_path / "log",
    ):
        pid = int(ready.read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((processes.LOOPBACK, port)) == 0


def falls_silent(port: int, *, within_seconds: float) -> bool:
    give_up_at = time.monotonic() + within_seconds
    while time.monotonic() < give_up_at:
        if not is_listening(port):
            return True
        time.sleep(0.02)
    return False
