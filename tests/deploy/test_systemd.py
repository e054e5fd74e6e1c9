"""The systemd units: what systemd itself says to them, and what they may do."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from authgate.cli.command_line import COMMANDS
from authgate.jobs.job import JOB_SECONDS
from authgate.serving import supervisor
from authgate.settings import Settings
from authgate_testing.programs import find

ANALYZE = "systemd-analyze"
MOST_EXPOSED = "15"
"""Of 100, as `systemd-analyze security` counts; a service without any care has 96."""

Unit = list[tuple[str, str]]


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    """Where the units are."""
    return repository / "deploy/systemd"


@pytest.fixture(scope="module")
def units(folder: Path) -> dict[str, Unit]:
    """What each unit says, in order."""
    return {
        path.stem: [
            (name, value)
            for line in path.read_text().splitlines()
            if re.match(r"\w+=", line)
            for name, _, value in [line.partition("=")]
        ]
        for path in sorted(folder.glob("*.service"))
    }


def said(unit: Unit, name: str) -> list[str]:
    return [value for each, value in unit if each == name]


def test_systemd_understands_every_unit(folder: Path, tmp_path: Path) -> None:
    here = Path(sys.executable).with_name("authgate")
    for path in folder.glob("*.service"):
        text = path.read_text().replace("/opt/authgate/bin/authgate", str(here))
        (tmp_path / path.name).write_text(text)
    outcome = subprocess.run(
        [find(ANALYZE, package="systemd"), "verify", "--man=no", *tmp_path.glob("*.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (outcome.returncode, outcome.stderr) == (0, "")


def test_systemd_finds_every_unit_hardly_exposed(folder: Path) -> None:
    analyze = find(ANALYZE, package="systemd")
    asked = ["--no-pager", "--offline=yes", f"--threshold={MOST_EXPOSED}"]
    outcome = subprocess.run(
        [analyze, "security", *asked, *folder.glob("*.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout


def test_there_is_a_unit_for_each_program(units: dict[str, Unit]) -> None:
    commands = {name: said(unit, "ExecStart") for name, unit in units.items()}
    assert commands == {
        "authgate": ["/opt/authgate/bin/authgate serve"],
        "authgate-beat": ["/opt/authgate/bin/authgate beat"],
        "authgate-migrate": ["/opt/authgate/bin/authgate migrate"],
        "authgate-worker": ["/opt/authgate/bin/authgate worker"],
    }
    assert {command[0].split()[1] for command in commands.values()} <= set(COMMANDS)


def test_every_variable_is_a_setting(units: dict[str, Unit], variables: set[str]) -> None:
    for unit in units.values():
        named = {value.partition("=")[0] for value in said(unit, "Environment")}
        assert named
        assert named <= variables


def test_every_secret_is_handed_over_by_systemd(units: dict[str, Unit]) -> None:
    for name, unit in units.items():
        loaded = {value.partition(":")[0] for value in said(unit, "LoadCredential")}
        named = {value.partition("=%d/")[2] for value in said(unit, "Environment")}
        assert loaded == named - {""}
        assert ("owner_url" in loaded) == (name == "authgate-migrate")
        assert said(unit, "DynamicUser") == ["yes"]


def test_every_unit_is_hardened_alike(units: dict[str, Unit]) -> None:
    about = re.compile(r"Protect|Private|Restrict|SystemCall|Capability|NoNew|Lock|Memory|UMask")
    care = {name: [each for each in unit if about.match(each[0])] for name, unit in units.items()}
    assert len({tuple(each) for each in care.values()}) == 1
    hardened = care["authgate"]
    assert ("ProtectSystem", "strict") in hardened
    assert ("NoNewPrivileges", "yes") in hardened
    assert ("CapabilityBoundingSet", "") in hardened
    assert ("SystemCallFilter", "@system-service") in hardened


def test_everybody_has_the_time_to_leave(units: dict[str, Unit]) -> None:
    times = {name: said(unit, "TimeoutStopSec") for name, unit in units.items()}
    drain = Settings.model_fields["server"].default.drain_seconds
    assert int(times["authgate"][0]) > drain + supervisor._KILL_AFTER_SECONDS
    assert int(times["authgate-worker"][0]) > JOB_SECONDS + 10


def test_servers_and_workers_start_after_the_migration(units: dict[str, Unit]) -> None:
    for name in ("authgate", "authgate-worker"):
        assert "authgate-migrate.service" in said(units[name], "Requires")
        assert "authgate-migrate.service" in said(units[name], "After")
    assert said(units["authgate-migrate"], "Type") == ["oneshot"]


def test_a_reload_is_a_rolling_restart(units: dict[str, Unit]) -> None:
    assert said(units["authgate"], "ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert shutil.which("kill")
