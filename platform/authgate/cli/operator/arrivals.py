"""``authgate operator``: tenants that come from other installations, as files."""

import time
import zlib
from base64 import b64encode
from pathlib import Path
from typing import Annotated, Any

import typer

from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.doors.administered import operated
from authgate.cli.failures import Failure
from authgate.cli.operator.found import Operators
from authgate.cli.output import Format, Output, Record, ask_secret, say, show, show_all

_LOOK_AGAIN_SECONDS = 2.0
_PIECE = 128 * 1024
_ROOM = 48 * 1024
"""Bytes of a piece, packed and in base64: a request takes 64 KiB where nobody says otherwise."""
_GZIP = 16 + zlib.MAX_WBITS

File = Annotated[Path, typer.Argument(help="The file of a tenant")]
OtherSlug = Annotated[str, typer.Option("--slug", metavar="SLUG", help="Another slug than it had")]
Hosts = Annotated[
    bool, typer.Option("--hosts", help="Serve hosts that were proven there, without a proof here")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check all of it, and store nothing")]


def imports(operators: Operators = None, output: Output = Format.TABLE) -> None:
    """List tenants' files that were sent in the last day, and what came of each."""
    with operated(operators) as api:
        told = api.get("/imports")["items"]
    show_all(told if output is Format.JSON else [_record(each) for each in told], output)


def import_(
    file: File,
    *,
    slug: OtherSlug = "",
    hosts: Hosts = False,
    dry_run: DryRun = False,
    operators: Operators = None,
    output: Output = Format.TABLE,
) -> None:
    """Send a tenant's file, and have it read in: all of it or nothing."""
    wish = {"slug": slug, "hosts": hosts, "check_only": dry_run}
    wish["passphrase"] = ask_secret("Passphrase")
    with operated(operators) as api:
        where = within("imports", api.post("/imports", wish)["id"])
        _send(api, where, file)
        told = api.post(f"{where}/start")
        while told["state"] in ("waiting", "reading"):
            time.sleep(_LOOK_AGAIN_SECONDS)
            told = api.get(where)
    if told["state"] != "done":
        raise Failure(f"{told['fault']} Nothing was stored.")
    show(_record(told), output)


def forget_import(
    import_id: Annotated[str, typer.Argument(help="Its id: authgate operator imports")],
    operators: Operators = None,
) -> None:
    """Forget a file that was sent, and not what came of it."""
    with operated(operators) as api:
        api.delete(within("imports", import_id))
    say(f"✓ {import_id} is forgotten.")


def _send(api: AdminApi, where: str, file: Path) -> None:
    number = 0
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            for part in _packed(piece):
                api.post(f"{where}/pieces", {"number": number, "content": part})
                number += 1


def _packed(piece: bytes) -> list[str]:
    packer = zlib.compressobj(wbits=_GZIP)
    packed = packer.compress(piece) + packer.flush()
    if len(packed) * 4 // 3 <= _ROOM:
        return [b64encode(packed).decode()]
    half = len(piece) // 2
    return [*_packed(piece[:half]), *_packed(piece[half:])]


def _record(told: dict[str, Any]) -> Record:
    names = ("id", "state", "brought_slug", "rows", "size", "fault", "requested_by", "created_at")
    return {name: told[name] for name in names}
