"""What gets installed is locked, and the lock agrees with pyproject.toml."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def locked(path: Path) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in PINNED.findall(path.read_text())}


@pytest.mark.parametrize(
    ("wanted", "extras"),
    [("run", []), ("dev", ["dev", "fast", "otel"]), ("image", ["fast", "otel"])],
)
def test_what_pyproject_asks_for_is_what_is_locked(
    repository: Path, pyproject: dict[str, Any], wanted: str, extras: list[str]
) -> None:
    project = pyproject["project"]
    asked = [*project["dependencies"]]
    for extra in extras:
        asked += project["optional-dependencies"][extra]
    versions = locked(repository / f"requirements/{wanted}.txt")
    unmet = [
        str(requirement)
        for requirement in map(Requirement, asked)
        if requirement.name != project["name"]
        if versions.get(canonicalize_name(requirement.name), "") not in requirement.specifier
    ]
    assert not unmet, "run `make lock`"


@pytest.mark.parametrize(
    "lock",
    [
        "requirements/run.txt",
        "requirements/dev.txt",
        "requirements/image.txt",
        "requirements/uv.txt",
        "tests/clients/requirements.txt",
    ],
)
def test_every_locked_version_has_hashes_and_no_address(repository: Path, lock: str) -> None:
    text = (repository / lock).read_text()
    blocks = re.split(r"\n(?=\S)", text)
    assert all("--hash=sha256:" in block for block in blocks if PINNED.match(block))
    assert "://" not in text


@pytest.mark.parametrize("of", ["tests/clients/npm", "bench/peers/oidc-provider"])
def test_every_package_of_npm_has_its_digest_and_no_address(repository: Path, of: str) -> None:
    lock = json.loads((repository / of / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages
    assert all(each["integrity"] and "resolved" not in each for each in packages.values())


@pytest.mark.parametrize("wanted", ["run", "image"])
def test_what_runs_is_what_was_tested(repository: Path, wanted: str) -> None:
    run = locked(repository / f"requirements/{wanted}.txt")
    dev = locked(repository / "requirements/dev.txt")
    assert run.items() <= dev.items()


def test_the_image_holds_nothing_that_only_builds(repository: Path) -> None:
    assert "hatchling" in locked(repository / "requirements/run.txt")
    assert "hatchling" not in locked(repository / "requirements/image.txt")


def test_every_python_runs_the_same_versions(repository: Path) -> None:
    """A package that is locked twice would be tested in one version and run in another."""
    names = [name for name, _ in PINNED.findall((repository / "requirements/dev.txt").read_text())]
    assert len(names) == len(set(names))
