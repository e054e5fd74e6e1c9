"""There is one way to run each thing, and it is easy to find."""

import os
import re
import subprocess
from pathlib import Path


def test_make_help_lists_every_command(repository: Path) -> None:
    makefile = (repository / "Makefile").read_text()
    explained = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert {line.split()[1] for line in shown.splitlines()} == explained
    assert {"demo", "test", "check", "bench", "wheel", "clean"} <= explained


def test_the_readme_begins_with_the_two_commands(repository: Path) -> None:
    readme = (repository / "README.md").read_text()
    assert "make demo" in readme
    assert "make test" in readme


def test_continuous_integration_runs_what_a_person_runs(repository: Path) -> None:
    script = repository / ".ci/run"
    assert os.access(script, os.X_OK)
    commands = [line for line in script.read_text().splitlines() if line.startswith("make ")]
    assert len(commands) == 1
    assert commands[0].startswith("make test ")


def test_no_test_is_skipped_or_expected_to_fail(repository: Path) -> None:
    marks = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b")
    found = [
        str(path)
        for path in (repository / "tests").rglob("*.py")
        if marks.search(path.read_text()) and path != Path(__file__)
    ]
    assert not found
