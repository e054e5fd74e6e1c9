"""``authgate usage``: what a tenant uses, day by day."""

from typing import Annotated

import typer

from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.nouns import Noun
from authgate.cli.output import Csv, Format, Output, show, show_all, show_csv
from authgate.cli.tenant import usage_statements

app = Noun()

Days = Annotated[int, typer.Option(min=1, max=366, help="So many days up to today (UTC)")]
Client = Annotated[str | None, typer.Option("--client", help="client_id; all where not given")]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DAY", help="The first day (UTC)"),
]
To = Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day (UTC); today")]


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


@app.verb(example="usage days --since 2026-03-01 --to 2026-03-31 --csv")
def days(
    tenant: OfTenant = None,
    since: Since = None,
    to: To = None,
    *,
    csv: Csv = False,
    output: Output = Format.TABLE,
) -> None:
    """List what was used by day: tokens, sign-ins, active people and API calls."""
    with administered(tenant) as api:
        told = api.get("/usage/days", since=since, to=to)["items"]
    if csv:
        show_csv(("day", "measure", "detail", "total"), told)
    else:
        show_all(told, output)


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


app.verb(example="usage statements")(usage_statements.statements)
app.verb(example="usage statement 2026-03")(usage_statements.statement)
app.verb("statement-keys", example="usage statement-keys")(usage_statements.statement_keys)
app.verb(example="usage verify 2026-03.jws --keys keys.json")(usage_statements.verify)
