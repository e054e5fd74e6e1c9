"""``authgate audit export``: the audit log as a file, however long it is."""

import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO
from uuid import UUID

import typer

from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Conflict, Failure
from authgate.cli.output import Format, Output, Record, say, show, show_all
from authgate.cli.tenant.audit_events import Sought
from authgate.cli.tenant.file_parts import pieces
from authgate.cli.tenant.whole_file import written

_ALL = "/audit-exports"
_LOOKS_SECONDS = 1.0

Id = Annotated[UUID, typer.Argument(metavar="EXPORT", help="Its id: authgate audit exports")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there")]


def export(
    *,
    tenant: OfTenant = None,
    form: Annotated[str, typer.Option("--format", help="csv or jsonl")] = "csv",
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin a table so that Excel reads it")
    ] = False,
    sought: Sought,
    file: Annotated[
        Path | None, typer.Option("--output", help="The file to write; else it is shown")
    ] = None,
    force: Force = False,
) -> None:
    """Have the log, or what is chosen of it, written into a file, and take that along."""
    _refuse_present(file, force=force)
    with administered(tenant) as api:
        said = {name: value for name, value in sought.query(api).items() if value is not None}
        asked = api.post(_ALL, {"format": form, "bom": bom, **said})
        where, told = within("audit-exports", asked["id"]), -1
        while asked["state"] in ("waiting", "writing"):
            if sys.stderr.isatty() and asked["percent"] != told:
                told = asked["percent"]
                say(f"{told} %: {asked['rows']} of {asked['total'] or 'some'} events")
            time.sleep(_LOOKS_SECONDS)
            asked = api.get(where)
        if asked["state"] == "failed":
            raise Failure("No file was written: it was too large, or broken off too often.")
        _take(api, where, file)


def exports(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List files of the log; each can be taken for a day."""
    with administered(tenant) as api:
        show_all([_line(each) for each in api.get(_ALL)["items"]], output)


def show_export(export_id: Id, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show how far a file of the log has come."""
    with administered(tenant) as api:
        show(api.get(within("audit-exports", str(export_id))), output)


def take_export(
    export_id: Id,
    file: Annotated[Path, typer.Argument(help="The file to write, there once it is whole")],
    tenant: OfTenant = None,
    force: Force = False,
) -> None:
    """Take a file of the log along that is ready, and check that it is whole."""
    _refuse_present(file, force=force)
    with administered(tenant) as api:
        _take(api, within("audit-exports", str(export_id)), file)


def delete_export(export_id: Id, tenant: OfTenant = None) -> None:
    """Remove a file of the log; one that is being written is not written any more."""
    with administered(tenant) as api:
        api.delete(within("audit-exports", str(export_id)))
    say(f"✓ {export_id} is gone.")


def _refuse_present(file: Path | None, *, force: bool) -> None:
    if file is not None and file.exists() and not force:
        raise Conflict(f"{file} is there already: --force replaces it.")


def _take(api: AdminApi, where: str, file: Path | None) -> None:
    with _opened(file) as stream:
        size = sum(stream.write(piece) for piece in pieces(api, where))
        stream.flush()
    if file is not None:
        say(f"✓ {file} is whole ({size} bytes).")


def _opened(file: Path | None) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdout.buffer) if file is None else written(file)


def _line(export: Record) -> Record:
    names = ("id", "state", "percent", "rows", "format", "size", "requested_by", "created_at")
    return {name: export[name] for name in names}
