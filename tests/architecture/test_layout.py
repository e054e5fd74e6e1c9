"""The rooms of the repository keep their promises."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def test_no_package_is_called_platform(repository: Path) -> None:
    """One would hide Python's own ``platform`` from whatever is started from the root."""
    assert not (repository / "platform/__init__.py").exists()
    assert not (repository / "tests/platform").exists()


@pytest.mark.parametrize(
    "started",
    [
        ("-c", "import platform; platform.system(); import quart"),
        ("-m", "pytest", "--version"),
        ("-m", "celery", "--version"),
    ],
    ids=["python -c", "pytest", "celery"],
)
def test_from_the_root_platform_is_the_standard_library(
    repository: Path, started: tuple[str, ...]
) -> None:
    subprocess.run([sys.executable, *started], cwd=repository, check=True, capture_output=True)


def test_a_room_holds_packages_and_nothing_else(rooms: list[Path], packages: list[Path]) -> None:
    held = {entry for room in rooms for entry in room.iterdir() if entry.name != "__pycache__"}
    assert held == set(packages)


def test_every_package_is_installed_and_built(
    packages: list[Path], repository: Path, pyproject: dict[str, Any]
) -> None:
    hatch = pyproject["tool"]["hatch"]["build"]
    built = {repository / package for package in hatch["targets"]["wheel"]["packages"]}
    assert built == set(packages)
    assert {repository / room for room in hatch["dev-mode-dirs"]} == {
        package.parent for package in packages
    }


@pytest.mark.parametrize("tool", ["importlinter", "coverage"])
def test_every_package_is_under_contract_and_under_measure(
    packages: list[Path], pyproject: dict[str, Any], tool: str
) -> None:
    tools = pyproject["tool"]
    known = {
        "importlinter": tools["importlinter"]["root_packages"],
        "coverage": tools["coverage"]["run"]["source_pkgs"],
    }
    assert set(known[tool]) == {package.name for package in packages}


def test_every_bundled_plugin_comes_in_by_the_door_of_a_strangers(
    packages: list[Path], pyproject: dict[str, Any]
) -> None:
    bundled = {package.name for package in packages if package.parent.name == "plugins"}
    declared = set(pyproject["project"]["entry-points"]["authgate"].values())
    assert declared == bundled
    installed = {point.value for point in importlib.metadata.entry_points(group="authgate")}
    assert bundled <= installed


def test_every_package_says_that_it_is_typed(packages: list[Path]) -> None:
    without_code = {"authgate_templates"}
    untyped = [package.name for package in packages if not (package / "py.typed").exists()]
    assert set(untyped) <= without_code
