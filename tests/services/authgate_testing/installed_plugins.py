"""Plugins that a test installs, and those that are.

What is installed is looked up once for each path, however many servers look for plugins: each would
read what every installed package says of itself, which takes a fifth of its start. Hooks are looked
for among a module's functions, and not among all that it imports.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path
from textwrap import dedent
from types import FunctionType, MethodType, ModuleType
from typing import Any

import pytest
from pluggy import PluginManager

from authgate.plugin_manager import loading

_HOOKS = FunctionType, MethodType, classmethod, staticmethod
_parse = PluginManager.parse_hookimpl_opts


def put_plugin(site: Path, name: str, source: str, *, module: str) -> None:
    """Install a plugin into this folder of packages: its module, and a distribution of the module's
    name that declares it."""
    metadata = site / f"{module}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[authgate]\n{name} = {module}\n")
    (site / f"{module}.py").write_text(dedent(source))


@pytest.fixture(scope="session", autouse=True)
def _looked_up_once() -> Iterator[None]:
    found: dict[tuple[str, ...], EntryPoints] = {}

    def known(*, group: str) -> EntryPoints:
        where = (group, *sys.path)  # tests install plugins in folders of their own
        if where not in found:
            found[where] = entry_points(group=group)
        return found[where]

    def hook(self: PluginManager, plugin: object, name: str) -> Any:
        if isinstance(plugin, ModuleType) and not isinstance(vars(plugin).get(name), _HOOKS):
            return None
        return _parse(self, plugin, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "entry_points", known)
        patch.setattr(PluginManager, "parse_hookimpl_opts", hook)
        yield
