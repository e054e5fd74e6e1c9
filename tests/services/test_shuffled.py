"""Files of tests are taken in another order, and in the same one again."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from authgate_testing import shuffled


def _run(folder: Path, *options: str) -> tuple[str, list[str]]:
    """The seed of a run, and the files in the order of their first tests."""
    given = ["-p", "authgate_testing.shuffled", "-p", "no:cacheprovider", "-v", *options]
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "xdist", *given],
        cwd=folder,
        env={
            "PYTHONPATH": str(Path(shuffled.__file__).parents[1]),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    [seed] = re.findall(r"^order of files: --seed (\d+)$", said, re.MULTILINE)
    return seed, re.findall(r"^test_(\d)\.py::test_first PASSED", said, re.MULTILINE)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for number in range(8):
        text = "def test_first(): pass\ndef test_second(): pass\n"
        (tmp_path / f"test_{number}.py").write_text(text)
    return tmp_path


def test_a_seed_gives_an_order_that_can_be_had_again(files: Path) -> None:
    seed, order = _run(files, "--seed", "any")
    assert sorted(order) == list("01234567")
    assert _run(files, "--seed", seed) == (seed, order)
    assert _run(files, "--seed", "1")[1] != sorted(order)


def test_all_processes_have_one_order(files: Path) -> None:
    _run(files, "--seed", "any", "-n", "2", "--dist", "loadfile")  # they would refuse otherwise
