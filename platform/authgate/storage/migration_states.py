"""What the tables looked like between two steps of a migration, worked out where one asks for it.

Tortoise remembers before each operation how all models were, and builds classes for all of them,
with the queries that each would begin with: to make a database takes 2.7 s of a processor like
that, and grows with the square of its history. Few operations look back, and none asks for rows.
"""

from collections.abc import Iterator

from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.migration import Migration
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps

from authgate.storage.database import APP_LABEL

_Models = dict[tuple[str, str], ModelState]


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


def _beginning() -> State:
    return _Present({}, _Shapes(default_connections={APP_LABEL: "default"}))


class _Present(State):
    """How the models are, which each operation changes."""

    def clone(self) -> State:
        return _Past({key: model.clone() for key, model in self.models.items()}, self.apps)


class _Past(State):
    """How they were, whose classes are made when somebody looks."""

    def __init__(self, models: _Models, kind: StateApps) -> None:
        self._models = models
        self._kind = kind
        self._apps: StateApps | None = None

    @property
    def models(self) -> _Models:  # type: ignore[override]  # nobody sets it
        self._look()
        return self._models

    @property
    def apps(self) -> StateApps:  # type: ignore[override]  # nobody sets it
        return self._look()

    def _look(self) -> StateApps:
        if self._apps is None:
            self._apps = self._kind.clone(model_states=self._models)
        return self._apps

    def clone(self) -> State:
        return _Past({key: model.clone() for key, model in self._models.items()}, self._kind)
