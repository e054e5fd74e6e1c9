"""A run that is given a time says of which tests it ran out."""

import subprocess
import sys
import time
from pathlib import Path

from authgate_testing import deadline

_TESTS = """
import time

def test_that_ends():
    assert time

def test_that_fails():
    assert not time

def test_that_hangs():
    time.sleep(600)
"""


def _ended_after(seconds: int, folder: Path) -> subprocess.CompletedProcess[str]:
    options = [
        "-p",
        "xdist",
        "-p",
        "authgate_testing.deadline",
        "-p",
        "no:cacheprovider",
        "-n",
        "1",
    ]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-rf", "--end-by", str(time.time() + seconds)],
        cwd=folder,
        env={
            "PYTHONPATH": str(Path(deadline.__file__).parents[1]),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_run_that_is_out_of_time_names_what_hangs_and_what_failed(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(_TESTS)
    failed: list[str] = []
    for seconds in (3, 10, 30):  # on a busy machine it takes long to come so far
        run = _ended_after(seconds, tmp_path)
        assert run.returncode == 2, run.stderr
        failed = [line for line in run.stdout.splitlines() if line.startswith("FAILED")]
        if len(failed) == 2:
            break
    assert "test_that_fails" in failed[0]
    assert "test_that_hangs - still ran after" in failed[1]
