"""A program that is born is what it would be if it had been started."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from authgate_testing.nursery.program import IMPORTS, MAY_BE_BORN

ITSELF = (
    MAY_BE_BORN
    + """
import json, os, signal, subprocess, sys, threading
told = sys.stdin.read()
numbers = sorted(set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
print(json.dumps({
    "arguments": sys.argv,
    "command": sys.orig_argv,
    "descriptors": [each for each in range(3, 64) if os.path.exists(f"/proc/self/fd/{each}")],
    "environment": dict(os.environ),
    "folder": os.getcwd(),
    "told": told,
    "leads its group": os.getpgrp() == os.getpid(),
    "leads its session": os.getsid(0) == os.getpid(),
    "main": sorted(name for name in vars(sys.modules["__main__"]) if name[0] != "_"),
    "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    "parent": os.getppid(),
    "path": sys.path,
    "signals": [str(signal.getsignal(each)).partition(" at ")[0] for each in numbers],
    "streams": [[each.encoding, each.line_buffering, each.isatty()]
        for each in (sys.stdin, sys.stdout, sys.stderr)],
    "threads": threading.active_count(),
    "umask": os.umask(0),
}))
print(1 + 1, file=sys.stderr)
sys.exit(7)
"""
)
IMPORTED = MAY_BE_BORN + "import sys; print('authgate.app' in sys.modules)"
MEASURED = (
    MAY_BE_BORN
    + f"""
import importlib
for name in {IMPORTS}:
    importlib.import_module(name)
import prometheus_client.values
from authgate.telemetry import metrics
from authgate.telemetry.exposition import exposition
metrics.rate_limited.add("tokens")
print(prometheus_client.values.ValueClass.__name__)
print(exposition()[1].decode())
"""
)
A_PARENT = (
    MAY_BE_BORN
    + f"""
import os, subprocess, sys
child = {IMPORTED!r} + "; import os; print(os.getppid())"
said = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True)
print(said.stdout.split() == ["True", str(os.getpid())])
"""
)

WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"start_new_session": True, "umask": 0o27},
    {"process_group": 0, "env": {"PATH": os.environ["PATH"], "PYTHONPATH": "/usr/share"}},
)


def said(program: str, *arguments: str, **how: Any) -> str:
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, check=True, **how)
    return bytes(done.stdout).decode().strip()


@pytest.mark.parametrize("way", WAYS, ids=["plainly", "in a session", "in a group"])
def test_who_is_born_finds_what_it_would_find(
    way: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    def found() -> tuple[int, Any, str]:
        reading, writing = os.pipe()
        done = subprocess.run(
            [sys.executable, "-c", ITSELF, "one", "--two"],
            input="you are told", capture_output=True, text=True, check=False,
            cwd=tmp_path, pass_fds=[writing], **{"env": dict(os.environ)} | way,
        )  # fmt: skip
        os.close(reading)
        os.close(writing)
        return done.returncode, json.loads(done.stdout), done.stderr

    born = found()
    request.getfixturevalue("started_as_ever")
    assert born == found()
    assert born[0] == 7
    assert born[1]["parent"] == os.getpid()


def test_who_is_born_has_imported_what_is_ours(request: pytest.FixtureRequest) -> None:
    assert said(IMPORTED) == "True"
    request.getfixturevalue("started_as_ever")
    assert said(IMPORTED) == "False"


def test_who_starts_programs_has_a_nursery_of_its_own() -> None:
    assert said(A_PARENT) == "True"


def test_who_measures_with_others_tells_what_it_would_have_told(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    def told(name: str) -> list[str]:
        folder = tmp_path / name
        folder.mkdir()
        lines = said(MEASURED, env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)})
        return sorted(lines.splitlines())

    born = told("born")
    request.getfixturevalue("started_as_ever")
    assert born == told("started")
    assert {"MmapedValue", 'authgate_rate_limited_total{rule="tokens"} 1.0'} < set(born)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("os.kill(os.getpid(), signal.SIGINT); signal.pause()", -signal.SIGINT),
        ("sys.exit('a word')", 1),
        ("1 / 0", 1),
        ("atexit.register(lambda: os._exit(9))", 9),
    ],
)
def test_its_end_is_its_parents_to_see(end: str, status: int) -> None:
    program = f"{MAY_BE_BORN}import atexit, os, signal, sys\n{end}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == status


def test_nobody_is_born_whose_interpreter_is_to_be_another() -> None:
    assert said(IMPORTED, env=os.environ | {"PYTHONOPTIMIZE": "1"}) == "False"
