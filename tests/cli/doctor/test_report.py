"""``authgate doctor``: what it says, how it ends, and that it leaves everything as it is."""

import os
from pathlib import Path

import pytest

from authgate_testing.command import Cli
from authgate_testing.doctor import Doctor


def test_a_developer_s_installation_is_well(dev: Doctor) -> None:
    dev.finds()


def test_a_developer_s_installation_on_postgresql_is_well(dev_on_postgres: Doctor) -> None:
    dev_on_postgres.finds()


def test_an_installation_for_others_is_well(prod: Doctor) -> None:
    prod.finds()


def test_what_is_well_is_told_by_what_it_is_about(dev: Doctor) -> None:
    lines = dev.command("doctor").out.splitlines()
    assert lines[:2] == ["Settings", "  ✓ every name is known, every value fits"]
    assert {"Address", "Keys", "Database", "Redis", "Jobs", "Plugins", "Tenants"} <= set(lines)
    assert lines[-1] == "Nothing is wrong."


@pytest.mark.usefixtures("silent_address")
def test_what_is_wrong_is_told_with_the_reason_and_the_cure(lite_cli: Cli) -> None:
    os.environ["AUTHGATE_LIMITS__ENABLED"] = "false"
    lines = lite_cli("doctor").out.splitlines()
    at = lines.index("  ✗ limits-off: limits.enabled is false")
    assert lines[at + 1].startswith("      Passwords, codes and secrets can be guessed")
    assert lines[at + 2] == "    → Set `limits.enabled = true`."
    assert lines[-1] == "1 problem, 1 warning"


@pytest.mark.usefixtures("silent_address")
def test_a_warning_is_no_failure_unless_that_is_asked_for(lite_cli: Cli) -> None:
    assert lite_cli("doctor").code == 0
    assert lite_cli("doctor", "--strict").code == 6


def test_a_problem_is_a_failure(doctor: Doctor) -> None:
    assert doctor.command("doctor").code == 6
    assert doctor.command("doctor", "--json").data == doctor.command("doctor", "-o", "json").data


def test_nothing_is_made_by_looking(doctor: Doctor, tmp_path: Path) -> None:
    doctor.finds("database-missing")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_changed_by_looking(dev: Doctor, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    dev.finds()
    after = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before
