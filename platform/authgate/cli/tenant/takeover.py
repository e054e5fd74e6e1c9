"""``authgate tenant import-authgate``: a tenant made of the database of AuthGate (Go)."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

import typer

from authgate import portable
from authgate.cli import installed
from authgate.cli.failures import Misused
from authgate.cli.output import Format, Output, Record, say, show
from authgate.portable import Taken
from authgate.storage.portable import former_database
from authgate.storage.portable.former_database import FormerDatabase

Sqlite = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Its database, where that is a file")
]
Postgres = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="Its database, where that is PostgreSQL: postgres://user:…@host/name"
    ),
]
Slug = Annotated[str, typer.Option(help="What the tenant is called in addresses")]
Name = Annotated[str, typer.Option(help="Its name for people; the slug where not given")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Do all of it, and take it back")]


def import_authgate(
    sqlite: Sqlite = None,
    postgres: Postgres = None,
    slug: Slug = "main",
    name: Name = "",
    dry_run: DryRun = False,
    output: Output = Format.TABLE,
) -> None:
    """Take over people, clients, consents and refresh tokens of AuthGate (Go), which is only read.

    A second run adds what has come to be there since, and changes nothing that is here: what was
    deleted here stays gone.
    """
    taken = asyncio.run(
        _take_over(_opened(sqlite, postgres), slug, name or slug.capitalize(), dry_run=dry_run)
    )
    show(_record(taken), output)
    for note in taken.notes:
        say(note)
    say(f"✓ {slug} {'was tried: nothing is stored' if dry_run else f'is at {taken.issuer}'}.")


def _opened(
    sqlite: Path | None, postgres: str | None
) -> AbstractAsyncContextManager[FormerDatabase]:
    if sqlite is not None and postgres is None:
        return former_database.on_sqlite(sqlite)
    if postgres is not None and sqlite is None:
        return former_database.on_postgres(postgres)
    raise Misused("Say where its database is: --sqlite FILE or --postgres URL.")


async def _take_over(
    opening: AbstractAsyncContextManager[FormerDatabase], slug: str, name: str, *, dry_run: bool
) -> Taken:
    async with opening as database, installed.opened() as parts:
        return await portable.take_over(
            parts, database, slug=slug, name=name, actor=installed.operator(), dry_run=dry_run
        )


def _record(taken: Taken) -> Record:
    return {
        "slug": taken.slug,
        "issuer": taken.issuer,
        "added": dict(taken.added),
        "here_already": dict(taken.kept),
        "left_out": {table: dict(reasons) for table, reasons in taken.left_out.items()},
    }
