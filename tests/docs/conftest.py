"""The documentation as data."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
import yaml
from pydantic import BaseModel

from authgate import secret_files
from authgate.settings import Settings


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the checkout."""
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def pages(repository: Path) -> dict[str, str]:
    """Every page that people read, by its path."""
    paths = [*repository.glob("*.md"), *(repository / "docs").rglob("*.md")]
    return {str(path.relative_to(repository)): path.read_text() for path in sorted(paths)}


@pytest.fixture(scope="session")
def code_in(pages: dict[str, str]) -> dict[str, list[str]]:
    """Everything that a page writes as code: inline, indented, or in a fence."""
    return {name: list(_code(text)) for name, text in pages.items()}


def _code(text: str) -> Iterator[str]:
    for fence in re.findall(r"^```[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from fence.splitlines()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from (line.strip() for line in prose.splitlines() if line.startswith("    "))
    yield from (" ".join(each.split()) for each in re.findall(r"`([^`]+)`", prose))


@pytest.fixture(scope="session")
def blocks(pages: dict[str, str]) -> dict[str, list[Block]]:
    """What each page tells people to type or to write, in its order, by the page's path."""
    fence = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return {name: [Block(*each) for each in fence.findall(page)] for name, page in pages.items()}


@pytest.fixture(scope="session")
def codes(reference: ModuleType) -> set[str]:
    """Everything that the doctor may find."""
    return {each.code for each in reference.every_misconfiguration()}


@pytest.fixture(scope="session")
def alerts(repository: Path) -> set[str]:
    """Every alert that comes with AuthGate."""
    rules = yaml.safe_load((repository / "deploy/observability/prometheus-rules.yaml").read_text())
    every = (rule for group in rules["groups"] for rule in group["rules"])
    return {rule["alert"] for rule in every if "alert" in rule}


@pytest.fixture(scope="session")
def process_settings() -> set[str]:
    """Every setting of the process, `section.name` where it is in a section."""
    return {*_settings(Settings), *(f"{name}_file" for name in secret_files.names(Settings))}


def _settings(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _settings(field.annotation, f"{prefix}{name}.")
