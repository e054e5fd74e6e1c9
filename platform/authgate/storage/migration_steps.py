"""SQL that one database needs and the other cannot run."""

from collections.abc import Awaitable, Callable
from typing import Any

from tortoise.migrations.operations import AddField, AlterField, RunPython
from tortoise.migrations.schema_editor.base import BaseSchemaEditor

Step = Callable[[Any, BaseSchemaEditor], Awaitable[None]]


def statements(
    *, both: tuple[str, ...] = (), postgres: tuple[str, ...] = (), sqlite: tuple[str, ...] = ()
) -> Step:
    """A step that runs the statements of the database at hand."""

    async def run(_apps: Any, editor: BaseSchemaEditor) -> None:
        own = postgres if editor.DIALECT == "postgres" else sqlite
        for statement in both + own:
            await editor._run_sql(statement)  # noqa: SLF001  # RunSQL runs it so, too

    return run


def reversible(forward: Step, backward: Step) -> RunPython:
    """An operation of a migration that can go back."""
    return RunPython(forward, backward)


class AddColumn(AddField):
    """A column that is taken away again by itself: Tortoise would make SQLite's table anew, without
    its unique constraints and indexes."""

    async def database_backward(
        self,
        app_label: str,
        old_state: Any,
        new_state: Any,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        """Leave the rest of the table as it is."""
        if state_editor is None:
            return
        model = old_state.apps.get_model(f"{app_label}.{self.model_name}")
        column = model._meta.fields_map[self.name]  # noqa: SLF001
        await BaseSchemaEditor.remove_field(state_editor, model, column)


class Described(AlterField):
    """What a field is by now, where statements of the migration have made its column so."""

    async def database_forward(self, *_states: Any, **_more: Any) -> None:
        """Leave the column as it is."""

    async def database_backward(self, *_states: Any, **_more: Any) -> None:
        """Leave the column as it is."""
