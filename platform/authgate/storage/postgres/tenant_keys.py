"""Foreign keys that begin with the tenant, as statements of PostgreSQL for migrations.

A plain foreign key is checked past row-level security: it would take another tenant's row and
tell ids that exist from ids that do not. SQLite cannot add one to a table that is there.
"""

from collections.abc import Iterable

ForeignKey = tuple[str, str, str, str]
"""Table and column, and the table and column that they refer to."""


def added(keys: Iterable[ForeignKey], *, only_new: bool = False) -> tuple[str, ...]:
    """Statements that add them; a row goes with the row that it refers to.

    ``only_new`` asks nothing of rows that are there: on the way back some refer to what is gone.
    """
    return tuple(
        f"ALTER TABLE {table} ADD CONSTRAINT {_name(table, column)}"
        f" FOREIGN KEY (tenant_id, {column}) REFERENCES {parent} (tenant_id, {key})"
        f" ON DELETE CASCADE{' NOT VALID' if only_new else ''}"
        for table, column, parent, key in keys
    )


def dropped(keys: Iterable[ForeignKey]) -> tuple[str, ...]:
    """Statements that take them away."""
    return tuple(
        f"ALTER TABLE {table} DROP CONSTRAINT {_name(table, column)}"
        for table, column, _, _ in keys
    )


def _name(table: str, column: str) -> str:
    return f"{table}_{column}_tenant_fkey"
