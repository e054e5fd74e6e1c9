"""Bringing the database to this version's shape, or back.

Run by ``authgate migrate`` alone: server processes that changed tables as they start would race.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pkgutil import iter_modules

import asyncpg
from tortoise import Tortoise, connections
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from authgate.settings import DatabaseSettings
from authgate.storage import database, migrations
from authgate.storage.migration_states import Executor
from authgate.storage.postgres import row_security
from authgate.storage.postgres.roles import Roles
from authgate.storage.sqlite.client import make_private

_LOCK = 0x61757468  # any number, the same for everybody who migrates


class UnknownMigration(LookupError):
    """No migration has this name."""


async def migrate(settings: DatabaseSettings, *, target: str | None = None) -> list[str]:
    """Apply what is missing, or go back to ``target`` (a migration's name, or ``zero``).

    Answers the names of the steps that ran. Raises ``UnknownMigration``, ``OwnerUrlMissing`` and
    ``RoleMissing``.
    """
    if target not in (None, "zero", *(module.name for module in iter_modules(migrations.__path__))):
        raise UnknownMigration(target)
    if settings.is_sqlite:
        make_private(database.sqlite_path(settings))
        return await _run(settings, target)
    async with _alone(settings) as owner:
        steps = await _run(settings, target)
        if target is None:
            await Tortoise.init(
                config=database.orm_config(settings, as_owner=True), init_connections=False
            )
            await row_security.apply(
                owner,
                Roles.of(settings),
                statement_seconds=settings.statement_seconds,
            )
        return steps


async def make_roles(settings: DatabaseSettings) -> list[str]:
    """Make the roles that serve, and nothing else; their names.

    A dump names them in its rights and policies: they have to be there before it is restored.
    Raises ``OwnerUrlMissing`` and ``RoleMissing``.
    """
    roles = Roles.of(settings)
    async with _alone(settings) as owner:
        await roles.make(owner, statement_seconds=settings.statement_seconds)
    return [role.name for role in roles.each()]


async def pending(settings: DatabaseSettings) -> list[str]:
    """Names of the steps that this version needs and the open database lacks."""
    config = database.orm_config(settings)
    executor = MigrationExecutor(connections.get("default"), config["apps"])
    return [step.migration.name for step in await executor.plan()]


async def _run(settings: DatabaseSettings, target: str | None) -> list[str]:
    steps: list[str] = []

    def note(event: str, _app: str, name: str) -> None:
        if event.endswith("_done"):
            steps.append(name)

    config = database.orm_config(settings, as_owner=True)
    name = {"zero": "__first__"}.get(target, target) if target else "__latest__"
    try:
        await Tortoise.init(config=config, init_connections=False)
        executor = Executor(connections.get("default"), config["apps"])
        await executor.migrate([MigrationTarget(database.APP_LABEL, name)], progress=note)
    finally:
        await Tortoise.close_connections()
    return steps


@asynccontextmanager
async def _alone(settings: DatabaseSettings) -> AsyncIterator[asyncpg.Connection]:
    owner = await asyncpg.connect(database.dsn(database.owner_url(settings)), timeout=10)
    try:
        await owner.fetchval("SELECT pg_advisory_lock($1)", _LOCK)
        yield owner
    finally:
        await owner.close()
