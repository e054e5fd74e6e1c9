"""Who may import whom."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Judge the rooms of a folder by the contracts of its pyproject.toml."""
    rooms = [str(path.parent.parent) for path in folder.glob("*/*/__init__.py")]
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(rooms))},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copied_rooms(
    repository: Path, rooms: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The rooms in another folder, where a contract may be broken."""
    folder = tmp_path_factory.mktemp("rooms")
    shutil.copy(repository / "pyproject.toml", folder)
    for room in rooms:
        shutil.copytree(room, folder / room.name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_every_import_keeps_its_contract(copied_rooms: Path) -> None:
    outcome = lint(copied_rooms)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("tenants/authgate_tenants/breach.py", "import authgate.clock"),
        ("platform/authgate/tokens/breach.py", "import authgate.web"),
        ("platform/authgate/tokens/breach.py", "import quart"),
        ("platform/authgate/accounts/breach.py", "import asyncpg"),
        ("platform/authgate/web/breach.py", "import authgate_workers"),
        ("platform/authgate/plugin_api/breach.py", "import authgate.settings"),
        ("platform/authgate/undeclared/__init__.py", ""),
        ("plugins/authgate_github/breach.py", "import authgate.storage"),
        ("templates/authgate_templates/breach.py", "import authgate.settings"),
    ],
    ids=lambda value: value.replace("/", "."),
)
def test_a_breach_is_caught(copied_rooms: Path, module: str, line: str) -> None:
    breach = copied_rooms / module
    breach.parent.mkdir(exist_ok=True)
    breach.write_text(line + "\n")
    try:
        outcome = lint(copied_rooms)
    finally:
        breach.unlink()
        if not any(breach.parent.iterdir()):
            breach.parent.rmdir()
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "BROKEN" in outcome.stdout


def test_every_room_of_the_platform_has_its_layer(
    repository: Path, pyproject: dict[str, Any]
) -> None:
    """``exhaustive`` refuses a room without a layer; this refuses a layer without a room."""
    inside = next(
        contract
        for contract in pyproject["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == ["authgate"]
    )
    assert inside["exhaustive"]
    layers = {name.strip() for layer in inside["layers"] for name in layer.split("|")}
    to_come = {name for name in layers if name.startswith("(")}
    platform = repository / "platform/authgate"
    rooms = {module.stem for module in platform.glob("*.py")} - {"__init__"}
    rooms |= {package.parent.name for package in platform.glob("*/__init__.py")}
    assert layers - to_come == rooms
