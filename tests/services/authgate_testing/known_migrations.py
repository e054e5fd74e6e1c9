"""Migrations are read once in a run, however many databases are asked which of them they have had.

Tortoise looks into their folder, makes each anew and puts them in order whenever a server starts.
"""

from collections.abc import Hashable, Iterator

import pytest
from tortoise.migrations.graph import MigrationGraph
from tortoise.migrations.loader import MigrationLoader

_build = MigrationLoader.build_graph


@pytest.fixture(scope="session", autouse=True)
def _migrations_read_once() -> Iterator[None]:
    known: dict[Hashable, MigrationGraph] = {}

    async def build(self: MigrationLoader) -> None:
        folders = tuple((app, self.migrations_module(app)) for app in self.apps_config)
        if folders in known:
            self.graph = known[folders]
            return
        await _build(self)
        known[folders] = self.graph

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MigrationLoader, "build_graph", build)
        yield
