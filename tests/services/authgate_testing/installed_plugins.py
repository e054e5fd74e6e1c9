"""What is installed is looked up once for each path, however many servers look for plugins.

Each would read what every installed package says of itself, which takes a fifth of its start.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoints, entry_points

import pytest

from authgate.plugin_manager import loading


@pytest.fixture(scope="session", autouse=True)
def _looked_up_once() -> Iterator[None]:
    found: dict[tuple[str, ...], EntryPoints] = {}

    def known(*, group: str) -> EntryPoints:
        where = (group, *sys.path)  # tests install plugins in folders of their own
        if where not in found:
            found[where] = entry_points(group=group)
        return found[where]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "entry_points", known)
        yield
