"""``authgate migrate``."""

import asyncio
from typing import Annotated

import typer

from authgate.cli.failures import Misused
from authgate.cli.output import say
from authgate.diagnosis import production
from authgate.settings import DatabaseSettings, Settings
from authgate.storage import migrate as migrations

Target = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|zero", help="Go to this migration, back if need be; zero undoes all"
    ),
]
Roles = Annotated[
    bool,
    typer.Option("--roles", help="Only make PostgreSQL's roles, before a dump is restored"),
]


def migrate(target: Target = None, roles: Roles = False) -> None:
    """Bring the database to this version's shape; on PostgreSQL its roles and walls as well."""
    settings = Settings()
    production.refuse(settings, needs_keys=False)
    if roles:
        _make_roles(settings.database, target)
        return
    steps = asyncio.run(migrations.migrate(settings.database, target=target))
    for step in steps:
        say(f"✓ {step}")
    if not steps:
        say("Nothing to do: the database is up to date.")


def _make_roles(settings: DatabaseSettings, target: str | None) -> None:
    if target is not None:
        raise Misused("With --roles nothing is migrated: leave out --target.")
    if settings.is_sqlite:
        raise Misused("SQLite has no roles.")
    for name in asyncio.run(migrations.make_roles(settings)):
        say(f"✓ role {name}")
