"""A plugin as its author has it: a folder with a ``pyproject.toml``, found as if it were installed.

What an installer would write beside the code is written into a folder of its own, and both come
onto the path: nothing is built, fetched or copied, and each change counts at the next start.
"""

import importlib
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Self

from authgate.plugin_manager.loading import GROUP

_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9.!+]+")
_PLUGIN = re.compile(r"[^\s=\[\]#;]+")
_OBJECT = re.compile(r"\w+(\.\w+)*(:\w+(\.\w+)*)?")


class UnfitFolder(Exception):
    """No plugin lies in the folder. Says what is missing."""

    def __init__(self, folder: Path, fault: str) -> None:
        super().__init__(f"{folder}: {fault}")


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """What the ``pyproject.toml`` of a plugin declares."""

    path: Path
    distribution: str
    version: str
    plugins: Mapping[str, str]
    """What each plugin's name stands for, as entry points have it."""
    demo: Mapping[str, Mapping[str, object]]
    """Settings that the demo gives connectors, by their names: ``[tool.authgate.demo.NAME]``."""

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What is declared there. Raises ``UnfitFolder``."""
        declared = _pyproject(folder)
        project = declared.get("project", {})
        found = cls(
            path=folder.resolve(),
            distribution=str(project.get("name", "")),
            version=str(project.get("version", "0")),
            plugins=project.get("entry-points", {}).get(GROUP, {}),
            demo=declared.get("tool", {}).get("authgate", {}).get("demo", {}),
        )
        fault = found._fault()
        if fault:
            raise UnfitFolder(folder, fault)
        return found

    @property
    def is_installed(self) -> bool:
        """Whether its plugins are found already, as after ``pip install --editable``."""
        there = {each.name: each.value for each in entry_points(group=GROUP)}
        return self.plugins.items() <= there.items()

    def put_on_path(self, site: Path) -> None:
        """Have this process, and those that it starts, find its plugins; ``site`` is an empty
        folder that stays for as long as they run."""
        metadata = site / f"{self.distribution.replace('-', '_')}-{self.version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {self.distribution}\nVersion: {self.version}\n"
        )
        points = "".join(f"{name} = {value}\n" for name, value in self.plugins.items())
        (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{points}")
        sources = self.path / "src"
        paths = [str(site), str(sources if sources.is_dir() else self.path)]
        sys.path[:0] = paths
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join([*paths, *([before] if before else [])])
        importlib.invalidate_caches()

    def _fault(self) -> str:
        if not _DISTRIBUTION.fullmatch(self.distribution) or not _VERSION.fullmatch(self.version):
            return "its [project] needs a name and a version."
        if not self.plugins:
            return f"it declares no plugin: [project.entry-points.{GROUP}] is missing."
        for name, value in self.plugins.items():
            if not _PLUGIN.fullmatch(name) or not _OBJECT.fullmatch(value):
                return f"the entry point {name!r} does not name a module."
        return ""


def _pyproject(folder: Path) -> dict[str, Any]:
    try:
        with (folder / "pyproject.toml").open("rb") as file:
            return tomllib.load(file)
    except (FileNotFoundError, NotADirectoryError):
        raise UnfitFolder(folder, "there is no pyproject.toml.") from None
    except tomllib.TOMLDecodeError as error:
        raise UnfitFolder(folder, f"pyproject.toml: {error}") from error
