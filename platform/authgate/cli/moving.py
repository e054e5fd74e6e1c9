"""Tenants that come as files, at the machine or from afar: what both commands take and say."""

from collections.abc import Iterable
from typing import Annotated

import typer

from authgate.cli.output import say

OtherSlug = Annotated[
    str | None, typer.Option("--slug", metavar="SLUG", help="Another slug than it had")
]
Hosts = Annotated[
    bool, typer.Option("--hosts", help="Serve hosts that were proven there, without a proof here")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check all of it, and store nothing")]


def say_brought(*, slug: str, issuer: str, unproven: Iterable[str], dry_run: bool) -> None:
    """Say what came of a file, and what is left to do."""
    for host in unproven:
        say(f"{host} has to be proven here: authgate domain add {slug} {host}")
    done = "is fit: nothing was stored" if dry_run else f"is here, at {issuer}"
    say(f"✓ {slug} {done}.")
