"""``authgate operator``: tenants that come from other installations, as files."""

import time
import zlib
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.doors.administered import operated
from authgate.cli.failures import Failure
from authgate.cli.moving import DryRun, Hosts, OtherSlug, say_brought
from authgate.cli.operator.found import Operators
from authgate.cli.output import Format, Output, Record, ask_secret, say, show, show_all

_LOOK_AGAIN_SECONDS = 2.0
_LONG_SECONDS = 180.0
"""After so long it is said that nobody has begun."""
_PIECE = 128 * 1024
_ROOM = 48 * 1024
"""Bytes of a piece, packed and in base64: a request takes 64 KiB where nobody says otherwise."""
_GZIP = 16 + zlib.MAX_WBITS

File = Annotated[Path, typer.Argument(help="The file of a tenant")]


def imports(operators: Operators = None, output: Output = Format.TABLE) -> None:
    """List tenants' files that were sent in the last day, and what came of each."""
    with operated(operators) as api:
        told = api.get("/imports")["items"]
    show_all(told if output is Format.JSON else [_record(each) for each in told], output)


def import_(
    file: File,
    *,
    slug: OtherSlug = None,
    hosts: Hosts = False,
    dry_run: DryRun = False,
    operators: Operators = None,
    output: Output = Format.TABLE,
) -> None:
    """Send a tenant's file, and have it read in: all of it or nothing."""
    wish = {"slug": slug or "", "hosts": hosts, "check_only": dry_run}
    wish["passphrase"] = ask_secret("Passphrase")
    with file.open("rb") as stream, operated(operators) as api:
        where = within("imports", api.post("/imports", wish)["id"])
        told = _followed(api, where, _started(api, where, stream))
    if told["state"] != "done":
        raise Failure(told["fault"])
    show(told if output is Format.JSON else _record(told), output)
    say_brought(
        slug=told["brought_slug"],
        issuer=told["brought_issuer"],
        unproven=told["unproven"],
        dry_run=dry_run,
    )


def forget_import(
    import_id: Annotated[str, typer.Argument(help="Its id: authgate operator imports")],
    operators: Operators = None,
) -> None:
    """Forget a file that was sent, and not what came of it."""
    with operated(operators) as api:
        api.delete(within("imports", import_id))
    say(f"✓ {import_id} is forgotten.")


def _started(api: AdminApi, where: str, stream: BinaryIO) -> dict[str, Any]:
    try:
        _send(api, where, stream)
        told: dict[str, Any] = api.post(f"{where}/start")
    except BaseException:
        with suppress(Failure):
            api.delete(where)
        raise
    return told


def _send(api: AdminApi, where: str, stream: BinaryIO) -> None:
    number = 0
    while piece := stream.read(_PIECE):
        for part in _packed(piece):
            api.post(f"{where}/pieces", {"number": number, "content": part})
            number += 1


def _followed(api: AdminApi, where: str, told: dict[str, Any]) -> dict[str, Any]:
    """What came of it, however long that takes."""
    long_since, goes_on = time.monotonic() + _LONG_SECONDS, "authgate operator imports tells of it"
    try:
        while told["state"] in ("waiting", "reading"):
            if told["state"] == "waiting" and time.monotonic() > long_since:
                say(f"{told['id']} still waits for somebody to read it: are there workers? …")
                long_since = time.monotonic() + _LONG_SECONDS
            time.sleep(_LOOK_AGAIN_SECONDS)
            told = api.get(where)
    except KeyboardInterrupt as error:
        raise Failure(f"{told['id']} goes on without you: {goes_on}.") from error
    return told


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
