"""``authgate resource-server``: the APIs that clients may ask tokens for by name (RFC 8707)."""

from typing import Annotated, Any

import typer

from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import NotFound
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes
from authgate.cli.output import Format, Output, confirm, say, show, show_all

app = Noun()

Uri = Annotated[str, typer.Argument(help="The API's URI, to the letter as clients name it")]


@app.verb(example="resource-server create https://api.example.com")
def create(uri: Uri, tenant: OfTenant = None) -> None:
    """Let clients ask tokens for an API by name."""
    with administered(tenant) as api:
        api.post("/resource-servers", {"uri": uri})
    say(f"✓ Clients may ask tokens for {uri}.")


@app.verb("list", example="resource-server list")
def list_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List the APIs that clients may ask tokens for."""
    with administered(tenant) as api:
        show_all(api.get("/resource-servers")["items"], output)


@app.verb("show", example="resource-server show https://api.example.com")
def show_(uri: Uri, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show an API that clients may ask tokens for."""
    with administered(tenant) as api:
        show(api.get(_place(api, uri)), output)


@app.verb(example="resource-server delete https://api.example.com --yes")
def delete(uri: Uri, tenant: OfTenant = None, yes: Yes = False) -> None:
    """Let nobody ask tokens for an API any more. Those given out work until they end."""
    if not yes:
        confirm(f"Let nobody ask tokens for {uri} any more?")
    with administered(tenant) as api:
        api.delete(_place(api, uri))
    say(f"✓ No client gets a token for {uri} any more.")


def _place(api: AdminApi, uri: str) -> str:
    """Where the API has the resource server of this URI. Raises ``NotFound``."""
    known: list[dict[str, Any]] = api.get("/resource-servers")["items"]
    for each in known:
        if each["uri"] == uri:
            return within("resource-servers", each["id"])
    raise NotFound(f"There is no resource server {uri}.")
