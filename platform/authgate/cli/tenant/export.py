"""``authgate export``: everything that a tenant has, as a file for its owners."""

import time
from pathlib import Path
from typing import Annotated

import typer

from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import Conflict, Failure
from authgate.cli.nouns import Noun
from authgate.cli.output import Format, Output, ask_secret, say, show, show_all
from authgate.cli.tenant.file_parts import pieces
from authgate.cli.tenant.whole_file import written

app = Noun()

Id = Annotated[str, typer.Argument(metavar="EXPORT", help="Its id: authgate export list")]
File = Annotated[Path, typer.Argument(help="The file to write, which is there once it is whole")]
SigningKeys = Annotated[bool, typer.Option("--signing-keys", help="With its signing keys")]
Wait = Annotated[bool, typer.Option("--wait", help="Until it is ready, or has failed")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there")]

_LOOK_AGAIN_SECONDS = 2.0


@app.verb("list", example="export list")
def list_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List files that an owner has asked for; each can be taken for a day."""
    with administered(tenant) as api:
        show_all(api.get("/exports")["items"], output)


@app.verb(example="export request --signing-keys --wait")
def request(
    tenant: OfTenant = None,
    signing_keys: SigningKeys = False,
    wait: Wait = False,
    output: Output = Format.TABLE,
) -> None:
    """Have a file written, sealed by a passphrase that is asked for."""
    wish = {"passphrase": ask_secret("Passphrase"), "signing_keys": signing_keys}
    with administered(tenant) as api:
        wanted = api.post("/exports", wish)
        while wait and wanted["state"] in ("waiting", "writing"):
            time.sleep(_LOOK_AGAIN_SECONDS)
            wanted = api.get(within("exports", wanted["id"]))
        show(wanted, output)
    if wait and wanted["state"] == "failed":
        raise Failure("No file was written: it was too large, or broken off too often.")


@app.verb("show", example="export show 01a22b9b-242f-72ca-909d-473febcc52b1")
def show_(export: Id, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show how far a file has come."""
    with administered(tenant) as api:
        show(api.get(within("exports", export)), output)


@app.verb(example="export take 01a22b9b-242f-72ca-909d-473febcc52b1 acme.authgate")
def take(export: Id, file: File, tenant: OfTenant = None, force: Force = False) -> None:
    """Take a file along that is ready, and check that it is whole."""
    if file.exists() and not force:
        raise Conflict(f"{file} is there already: --force replaces it.")
    with administered(tenant) as api, written(file) as stream:
        size = sum(stream.write(piece) for piece in pieces(api, within("exports", export)))
    say(f"✓ {file} is whole ({size} bytes).")
