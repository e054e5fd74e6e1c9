"""``authgate usage``: what a tenant uses, day by day."""

from typing import Annotated

import typer

from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.nouns import Noun
from authgate.cli.output import Format, Output, show, show_all

app = Noun()

Days = Annotated[int, typer.Option(min=1, max=366, help="So many days up to today (UTC)")]
Client = Annotated[str | None, typer.Option("--client", help="client_id; all where not given")]


@app.callback()
def usage() -> None:
    """Show what a tenant uses."""


@app.verb(example="usage plan")
def plan(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show how much of its plan a tenant uses."""
    with administered(tenant) as api:
        told = api.get("/usage/plan")
    if output is Format.JSON:
        show(told, output)
    else:
        show_all([{"plan": told["plan"], **each} for each in told["items"]], output)


@app.verb(example="usage tokens --days 7")
def tokens(
    tenant: OfTenant = None,
    days: Days = 30,
    client: Client = None,
    output: Output = Format.TABLE,
) -> None:
    """Count the access tokens that were issued, by day and grant."""
    with administered(tenant) as api:
        show_all(api.get("/usage/tokens", days=days, client_id=client)["items"], output)
