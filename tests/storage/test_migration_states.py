"""Databases are made, and unmade, as Tortoise itself would: only sooner."""

import sqlite3
from importlib import import_module
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from pydantic import SecretStr
from tortoise.fields import Field
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.operations import AddField

from authgate.settings import DatabaseSettings
from authgate.storage import migrate as migrating
from authgate.storage.migrate import migrate
from authgate_testing import PostgresServer
from authgate_testing.databases import postgres_settings
from authgate_testing.migrations import MIGRATIONS

_SHAPE = """
    SELECT attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod)
        || attnotnull || coalesce(pg_get_expr(adbin, adrelid), '')
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind IN ('r', 'p')) AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT conrelid::regclass || '.' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON oid = indexrelid
    WHERE relnamespace = 'public'::regnamespace
    ORDER BY 1
"""


def sqlite_shape(settings: DatabaseSettings) -> list[str]:
    line = sqlite3.connect(settings.url.get_secret_value().removeprefix("sqlite://"))
    try:
        return [str(row) for row in line.execute("SELECT type, name, sql FROM sqlite_master")]
    finally:
        line.close()


async def test_sqlite_gets_the_shape_that_tortoise_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def made(name: str) -> list[str]:
        settings = DatabaseSettings(url=SecretStr(f"sqlite://{tmp_path / name}"))
        await migrate(settings)
        await migrate(settings, target=MIGRATIONS[-2])
        return sqlite_shape(settings)

    ours = await made("ours")
    monkeypatch.setattr(migrating, "Executor", MigrationExecutor)
    assert ours == await made("theirs")


async def test_postgresql_gets_the_shape_that_tortoise_gives_it(
    postgres: PostgresServer, postgres_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"theirs_{uuid4().hex}"
    postgres.create_database(name)
    postgres.execute(f"ALTER DATABASE {name} OWNER TO authgate_owner")
    postgres.execute("GRANT ALL ON SCHEMA public TO authgate_owner", database=name)
    monkeypatch.setattr(migrating, "Executor", MigrationExecutor)
    await migrate(postgres_settings(postgres, name))
    theirs = postgres.execute(_SHAPE, database=name)
    assert len(theirs) > len(MIGRATIONS)
    assert postgres.execute(_SHAPE, database=postgres_template) == theirs
    postgres.drop_database(name)


@pytest.mark.parametrize("name", [each for each in MIGRATIONS if each > "0018"])
def test_a_column_that_is_added_says_what_rows_have_that_are_there(name: str) -> None:
    migration = import_module(f"{migrating.__package__}.migrations.{name}").Migration
    for each in migration.operations:
        if isinstance(each, AddField):
            field = cast("Field[Any]", each.field)
            assert field.null or field.has_db_default(), f"{each.model_name}.{each.name}"
