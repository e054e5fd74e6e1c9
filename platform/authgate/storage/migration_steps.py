"""SQL that one database needs and the other cannot run."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from tortoise.migrations.operations import AddField, AlterField, RunPython
from tortoise.migrations.schema_editor.base import BaseSchemaEditor

Step = Callable[[Any, BaseSchemaEditor], Awaitable[None]]

LOCK_SECONDS: Final = 0.5
"""How long a table that is changed waits for those who write it: all that come after wait, too."""


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


class Index(NamedTuple):
    """An index, by its name after the table's."""

    name: str
    of: str
    """Its columns, and of which rows it is."""
    sqlite: str = ""
    """The same in SQLite's words, where they are others."""
    unique: bool = False


class IndexesMadeMeanwhile(RunPython):
    """Indexes of a table that grows with every token, which others write while they are made.

    PostgreSQL makes them so outside of a transaction alone: the migration has ``atomic = False``
    and nothing else in it. One that was broken off is done again from where it was.
    """

    def __init__(self, table: str, *indexes: Index) -> None:
        async def make(_apps: Any, editor: BaseSchemaEditor) -> None:
            for index in indexes:
                await _make_index(editor, table, index)

        async def drop(_apps: Any, editor: BaseSchemaEditor) -> None:
            for index in indexes:
                await _drop_index(editor, f"{table}_{index.name}")

        super().__init__(make, drop)
        self.table = table


async def _make_index(editor: BaseSchemaEditor, table: str, index: Index) -> None:
    name, kind = f"{table}_{index.name}", "UNIQUE INDEX" if index.unique else "INDEX"
    if editor.DIALECT != "postgres":
        made = f"CREATE {kind} IF NOT EXISTS {name} ON {table} {index.sqlite or index.of}"
        await editor._run_sql(made)  # noqa: SLF001  # as above
        return
    left = await editor.client.execute_query_dict(
        "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid", [name]
    )
    if left:  # A build that was broken off leaves what is written to and never read.
        await _drop_index(editor, name)
    made = f"CREATE {kind} CONCURRENTLY IF NOT EXISTS {name} ON {table} {index.of}"
    await editor._run_sql(made)  # noqa: SLF001  # as above


async def _drop_index(editor: BaseSchemaEditor, name: str) -> None:
    meanwhile = "CONCURRENTLY " if editor.DIALECT == "postgres" else ""
    await editor._run_sql(f"DROP INDEX {meanwhile}IF EXISTS {name}")  # noqa: SLF001  # as above


async def _be_brief(editor: BaseSchemaEditor) -> None:
    if editor.DIALECT == "postgres":
        milliseconds = int(LOCK_SECONDS * 1000)
        await editor._run_sql(f"SET LOCAL lock_timeout = {milliseconds}")  # noqa: SLF001  # as above


class AddColumn(AddField):
    """A column that is taken away again by itself: Tortoise would make SQLite's table anew, without
    its unique constraints and indexes.

    Whoever writes the table waits no longer than ``LOCK_SECONDS`` for it.
    """

    async def database_forward(
        self,
        app_label: str,
        old_state: Any,
        new_state: Any,
        state_editor: BaseSchemaEditor | None = None,
    ) -> None:
        """Add it, if the table is free."""
        if state_editor is not None:
            await _be_brief(state_editor)
        await super().database_forward(app_label, old_state, new_state, state_editor)

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
        await _be_brief(state_editor)
        model = old_state.apps.get_model(f"{app_label}.{self.model_name}")
        column = model._meta.fields_map[self.name]  # noqa: SLF001
        await BaseSchemaEditor.remove_field(state_editor, model, column)


class Described(AlterField):
    """What a field is by now, where statements of the migration have made its column so."""

    async def database_forward(self, *_states: Any, **_more: Any) -> None:
        """Leave the column as it is."""

    async def database_backward(self, *_states: Any, **_more: Any) -> None:
        """Leave the column as it is."""
