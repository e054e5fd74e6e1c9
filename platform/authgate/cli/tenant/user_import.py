"""``authgate user import``: people who come by a file."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from authgate.cli.doors import lists
from authgate.cli.doors.admin_api import AdminApi, Document, within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Conflict, Misused
from authgate.cli.options import Yes
from authgate.cli.output import Format, Output, Record, confirm, say, show_all

if TYPE_CHECKING:
    from authgate.provisioning.people_files import People

_AT_ONCE = 100
_LOOKS_SECONDS = 0.5
_ALL = "/user-imports"

File = Annotated[Path, typer.Argument(help="Comma-separated values, with a head")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would come of it, and no more")]


def import_(
    file: File,
    *,
    tenant: OfTenant = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Bring in the users of a file, and change those who are here already.

    It is gone through for trial first, and what would come of it is told: then it asks.
    """
    from authgate.provisioning import people_files

    people = _read(file)
    with administered(tenant) as api:
        made = api.post(_ALL, {"columns": list(people.columns)})
        here = within("user-imports", made["id"])
        for some in people_files.pieces(people, _AT_ONCE):
            lines = [{"number": number, "cells": dict(cells)} for number, cells in some]
            api.post(f"{here}/lines", {"lines": lines})
        told = _gone_through(api, here, dry_run=True)
        if not dry_run:
            if not yes:
                confirm(f"{_counts(told)}. Go on?")
            told = _gone_through(api, here, dry_run=False)
        refused = _refused(api, here) if told["refused"] else []
    if output is Format.JSON or refused:
        show_all(refused, output)
    say(f"✓ {_counts(told)}{', for trial' if dry_run else ''}.")
    if refused:
        raise Conflict(f"{told['refused']} lines refused: the list says why.")


def imports(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List files of users that were sent in the last days."""
    with administered(tenant) as api:
        show_all([_record(each) for each in api.get(_ALL)["items"]], output)


def import_lines(
    import_id: Annotated[UUID, typer.Argument(help="Its id: authgate user imports")],
    *,
    tenant: OfTenant = None,
    outcome: Annotated[str | None, typer.Option(help="Only those: refused, created, …")] = None,
    extent: lists.Extent,
    output: Output = Format.TABLE,
) -> None:
    """List the lines of such a file, and what came of them."""
    with administered(tenant) as api:
        path = within("user-imports", str(import_id), "lines")
        lists.show_items(api, path, _line, extent, output, outcome=outcome)


def _read(file: Path) -> "People":
    from authgate.provisioning import people_files

    if not file.is_file():
        raise Misused(f"There is no file {file}.")
    if file.stat().st_size > people_files.LARGEST:
        raise Misused(f"{file} is larger than {people_files.LARGEST // 1024 // 1024} MiB.")
    try:
        return people_files.read(file.read_bytes())
    except people_files.UnfitFile as error:
        raise Misused(f"{file}: {error}") from error


def _gone_through(api: AdminApi, here: str, *, dry_run: bool) -> Document:
    """The file, once all of it is gone through."""
    api.post(f"{here}/start", {"dry_run": dry_run})
    while (told := api.get(here))["state"] != "done":
        time.sleep(_LOOKS_SECONDS)
    return told


def _refused(api: AdminApi, here: str) -> list[Record]:
    found = api.each(f"{here}/lines", outcome="refused")
    return [{name: each[name] for name in ("number", "username", "fault")} for each in found]


def _counts(told: Document) -> str:
    return ", ".join(f"{told[name]} {name}" for name in _COUNTED)


_COUNTED = ("created", "changed", "unchanged", "refused")


def _record(told: dict[str, Any]) -> Record:
    names = ("created_at", "state", "dry_run", "lines", *_COUNTED, "requested_by", "id")
    return {name: told[name] for name in names}


def _line(told: dict[str, Any]) -> Record:
    return {name: told[name] for name in ("number", "username", "outcome", "fault")}
