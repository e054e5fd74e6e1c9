"""The repository as data."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOMS = ("platform", "tenants", "workers", "plugins", "templates")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the checkout."""
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def pyproject(repository: Path) -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((repository / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def rooms(repository: Path) -> list[Path]:
    """The source roots."""
    return [repository / room for room in ROOMS]


@pytest.fixture(scope="session")
def packages(rooms: list[Path]) -> list[Path]:
    """Every package in a room, by its folder."""
    return [folder.parent for room in rooms for folder in room.glob("*/__init__.py")]


@pytest.fixture(scope="session")
def modules(packages: list[Path]) -> list[Path]:
    """Every module of the product that people write; migrations are written by a tool."""
    return [
        module
        for package in packages
        for module in package.rglob("*.py")
        if "migrations" not in module.parts
    ]
