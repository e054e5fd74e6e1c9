"""There is one way to run each thing, and it is easy to find."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

_TESTS_THAT_FAIL = """
FAILING := $(if $(ARGS),{again},{first})
test:
	@$(foreach name,$(FAILING),echo FAILED tests/$(name);)
	@test -z "$(FAILING)"
"""


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


def _continuous_integration(folder: Path) -> subprocess.CompletedProcess[str]:
    """A run of it, that nothing of the one that these tests are part of reaches."""
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        [folder / ".ci/run"], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("first", "again", "outcome"),
    [("", "", 0), ("a", "", 0), ("a", "a", 2), ("a b c d e f", "", 2)],
    ids=["nothing fails", "one fails once", "one fails twice", "many fail"],
)
def test_continuous_integration_forgives_a_few_tests_that_fail_once_and_names_them(
    repository: Path, tmp_path: Path, first: str, again: str, outcome: int
) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(repository / ".ci/run", tmp_path / ".ci/run")
    (tmp_path / "Makefile").write_text(_TESTS_THAT_FAIL.format(first=first, again=again))
    run = _continuous_integration(tmp_path)
    assert run.returncode == outcome, run.stdout
    forgiven = bool(first) and not outcome
    assert ("UNSTEADY" in run.stdout) == forgiven
    assert all(f"FAILED tests/{name}" in run.stdout for name in first.split())


def test_continuous_integration_forgives_nothing_where_a_run_was_broken_off(
    repository: Path, tmp_path: Path
) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(repository / ".ci/run", tmp_path / ".ci/run")
    broken_off = "\t@echo '!!!!! KeyboardInterrupt !!!!!'\n\t@test -z"
    makefile = _TESTS_THAT_FAIL.format(first="a", again="").replace("\t@test -z", broken_off)
    (tmp_path / "Makefile").write_text(makefile)
    run = _continuous_integration(tmp_path)
    assert run.returncode == 2, run.stdout
    assert "FAILED tests/a" in run.stdout
    assert "UNSTEADY" not in run.stdout


def test_no_test_is_skipped_or_expected_to_fail(repository: Path) -> None:
    marks = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)\b")
    found = [
        str(path)
        for path in (repository / "tests").rglob("*.py")
        if marks.search(path.read_text()) and path != Path(__file__)
    ]
    assert not found
