"""``authgate migrate``."""

import asyncio
from typing import Annotated

import typer

from authgate.cli.output import say
from authgate.diagnosis import production
from authgate.settings import Settings
from authgate.storage import migrate as migrations

Target = Annotated[
    str | None,
    typer.Option(
        metavar="NAME|zero", help="Go to this migration, back if need be; zero undoes all"
    ),
]


def migrate(target: Target = None) -> None:
    """Bring the database to this version's shape; on PostgreSQL its roles and walls as well."""
    settings = Settings()
    production.refuse(settings, needs_keys=False)
    steps = asyncio.run(migrations.migrate(settings.database, target=target))
    for step in steps:
        say(f"✓ {step}")
    if not steps:
        say("Nothing to do: the database is up to date.")
