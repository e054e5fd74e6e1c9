"""Bringing the database to this version's shape, or back.

Run by ``authgate migrate`` alone: server processes that changed tables as they start would race.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pkgutil import iter_modules
from typing import Final

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
_TRY = "SELECT pg_try_advisory_lock($1)"
_ASK_AGAIN_SECONDS: Final = 0.2
_PAUSES: Final = (0.2, 0.5, 1, 2, 5, 10, 10, 10, 10, 10)
"""Seconds for those who write a table, before it is to be changed once more."""


class UnknownMigration(LookupError):
    """No migration has this name."""


class TableBusy(RuntimeError):
    """A table that has to be changed was never free."""


async def migrate(settings: DatabaseSettings, *, target: str | None = None) -> list[str]:
    """Apply what is missing, or go back to ``target`` (a migration's name, or ``zero``).

    Answers the names of the steps that ran. Raises ``UnknownMigration``, ``OwnerUrlMissing``,
    ``RoleMissing`` and ``TableBusy``.
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
            try:
                await row_security.apply(
                    owner,
                    Roles.of(settings),
                    statement_seconds=settings.statement_seconds,
                )
            except row_security.WallBusy as error:
                raise _busy() from error
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
        for pause in (*_PAUSES, None):
            executor = Executor(connections.get("default"), config["apps"])
            try:
                await executor.migrate([MigrationTarget(database.APP_LABEL, name)], progress=note)
                break
            except asyncpg.LockNotAvailableError as error:
                await _wait(pause, error)
    finally:
        await Tortoise.close_connections()
    return steps


async def _wait(pause: float | None, error: asyncpg.LockNotAvailableError) -> None:
    """Let others go first; what is done so far stays done."""
    if pause is None:
        raise _busy() from error
    await asyncio.sleep(pause)


def _busy() -> TableBusy:
    return TableBusy(
        "A long transaction holds a table that has to be changed: end it (pg_stat_activity"
        " names it), and run authgate migrate again. What is done stays done."
    )


@asynccontextmanager
async def _alone(settings: DatabaseSettings) -> AsyncIterator[asyncpg.Connection]:
    owner = await asyncpg.connect(database.dsn(database.owner_url(settings)), timeout=10)
    try:
        # Whoever waits inside of a statement is waited for by an index that is made meanwhile.
        while not await owner.fetchval(_TRY, _LOCK):  # noqa: ASYNC110 - another process has it
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
        yield owner
    finally:
        await owner.close()
