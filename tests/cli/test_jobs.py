"""``authgate worker`` and ``authgate beat``."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from authgate_testing.command import Cli

_TO_LEAVE = 60
"""Seconds, of which it takes three: what has begun is ended first, and others may be busy too."""


@pytest.mark.parametrize("program", ["worker", "beat"])
def test_without_a_broker_nothing_is_started(command: Cli, program: str) -> None:
    ended = command(program)
    assert ended.code == 2
    assert ended.err == "authgate: Set AUTHGATE_REDIS_URL or AUTHGATE_JOBS__BROKER_URL.\n"


def test_beat_sends_the_periodic_job_and_a_worker_does_it(
    lite_cli: Cli, redis_url: str, tmp_path: Path
) -> None:
    os.environ["AUTHGATE_REDIS_URL"] = redis_url
    assert lite_cli("tenant", "list").code == 0
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "authgate", *words],
            cwd=tmp_path, env=os.environ, stderr=subprocess.PIPE, text=True,
        )
        for words in (["worker", "--processes", "1"], ["beat"])
    ]  # fmt: skip
    worker, _ = programs
    try:
        assert worker.stderr is not None
        assert any("expired rows removed" in line for line in worker.stderr)
    finally:
        for program in programs:
            program.send_signal(signal.SIGTERM)
        for program in programs:
            program.communicate(timeout=_TO_LEAVE)
    assert [program.returncode for program in programs] == [0, 0]
