"""What the tables looked like between two steps of a migration, worked out where one asks for it.

Tortoise remembers before each operation how all models were, and builds classes for all of them,
with the queries that each would begin with: to make a database takes 2.7 s of a processor like
that, and grows with the square of its history. Few operations look back, those that do look at one
table, and none asks for rows.
"""

from collections.abc import Iterable, Iterator

from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.migration import Migration
from tortoise.migrations.operations import DIRECT_RELATION_FIELDS
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

from authgate.storage.database import APP_LABEL

_Models = dict[tuple[str, str], ModelState]
_CONNECTIONS = {APP_LABEL: "default"}


class Executor(MigrationExecutor):
    """Tortoise's, whose steps remember what they need."""

    async def _project_state(
        self, applied: set[MigrationKey], *, upto: MigrationKey | None = None
    ) -> State:
        state = _beginning()
        for key, step in self._history(applied):
            if key == upto:
                break
            await step.apply(state, dry_run=True)
        return state

    async def _project_state_cache(self, applied: set[MigrationKey]) -> dict[MigrationKey, State]:
        state, before = _beginning(), dict[MigrationKey, State]()
        for key, step in self._history(applied):
            before[key] = state.clone()
            await step.apply(state, dry_run=True)
        return before

    def _history(self, applied: set[MigrationKey]) -> Iterator[tuple[MigrationKey, Migration]]:
        for key in self._full_plan():
            step = self.loader.graph.nodes[key]
            if step is not None and key in applied:
                yield key, step


class _Shapes(StateApps):
    """Models to make tables of, and not to ask for rows."""

    def _build_initial_querysets(self) -> None:
        """Leave out the queries."""


class _ShapesAsked(_Shapes):
    """Those of one moment, each made when somebody asks for it."""

    def __init__(self, models: _Models) -> None:
        super().__init__(default_connections=_CONNECTIONS)
        self._models = models

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        """What the tables of this name were made of."""
        app, name = (app_label, model_name) if model_name else self.split_reference(app_label)
        self._make(app, name)
        self._init_relations()
        return super().get_model(app, name)

    def _make(self, app: str, name: str) -> None:
        if name in self.apps.get(app, {}):
            return
        state = self._models[app, name]
        self.register_model(app, state.render(self))
        for field in state.fields.values():
            if isinstance(field, DIRECT_RELATION_FIELDS):
                self._make(*self.split_reference(field.model_name))


def _beginning() -> State:
    return _Present({}, _Shapes(default_connections=_CONNECTIONS))


class _Present(State):
    """How the models are, which each operation changes."""

    def clone(self) -> State:
        return _Past(self.models)


class _Past(State):
    """How they were, or will have been on the way back, whose classes are made when somebody
    looks."""

    def __init__(self, models: _Models) -> None:
        self.models = {key: model.clone() for key, model in models.items()}
        self._apps: StateApps | None = None

    @property
    def apps(self) -> StateApps:  # type: ignore[override]  # nobody sets it
        if self._apps is None:
            self._apps = _ShapesAsked(self.models)
        return self._apps

    def reload_model(self, app_label: str, model_name: str) -> None:
        """Make it anew for whoever asks next."""
        self._apps = None

    def reload_models(self, model_tuples: Iterable[tuple[str, str]]) -> None:
        """The same for several."""
        self._apps = None

    def clone(self) -> State:
        return _Past(self.models)
