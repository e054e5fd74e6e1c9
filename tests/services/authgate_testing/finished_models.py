"""Models are made ready for a kind of database once in a run, however many databases are opened.

Tortoise looks for them in their modules, and works out anew what each column can be filtered by and
the beginnings of queries, whenever a database is opened: a third of the start of a server.
"""

from collections.abc import Iterator
from copy import copy
from functools import cache
from types import ModuleType

import pytest
from tortoise.apps import Apps
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.models import MetaInfo, Model

_WORKED_OUT = (
    "basequery",
    "basequery_all_fields",
    "basetable",
    "db_complex_fields",
    "db_default_fields",
    "db_native_fields",
    "filters",
)
"""What of a model depends on the kind of its database; the rest is the same as the last time."""

_CHANGED = ("db_complex_fields", "db_default_fields", "db_native_fields", "filters")
"""What of that is not made anew, but filled again."""

_finish = Apps._build_initial_querysets
_found_in = cache(Apps._discover_models)


def _discover(models_path: ModuleType | str, app_label: str) -> list[type[Model]]:
    found = list(_found_in(models_path, app_label))
    for model in found:
        model._meta.app = app_label
    return found


@pytest.fixture(scope="session", autouse=True)
def _finished_once() -> Iterator[None]:
    known: dict[tuple[type[Model], type, type], dict[str, object]] = {}

    def finish(self: Apps) -> None:
        models = [model for app in self.apps.values() for model in app.values()]
        keys = [
            (model, model._meta.db.executor_class, model._meta.db.query_class) for model in models
        ]
        if all(key in known for key in keys):
            for key in keys:
                _restore(key[0]._meta, known[key])
            return
        for model in models:
            for name in _CHANGED:  # or what is known of another kind of database would be, too
                setattr(model._meta, name, copy(getattr(model._meta, name)))
        _finish(self)
        for key in keys:
            known[key] = {name: getattr(key[0]._meta, name) for name in _WORKED_OUT}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Apps, "_build_initial_querysets", finish)
        patch.setattr(Apps, "_discover_models", staticmethod(_discover))
        # The table of the migrations that were applied, whose source Tortoise would read each time.
        record: dict[str, type[Model]] = {}

        def record_of(self: MigrationRecorder, table: str) -> type[Model]:
            return record.get(table) or record.setdefault(table, make_record(self, table))

        make_record = MigrationRecorder._make_model
        patch.setattr(MigrationRecorder, "_make_model", record_of)
        yield


def _restore(meta: MetaInfo, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(meta, name, value)
