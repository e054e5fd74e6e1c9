"""``authgate overview``: what a tenant comes to lately, and what somebody should look at."""

from typing import Annotated

import typer

from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.output import Format, Output, say, show, show_all

_SPANS = ("24h", "7d", "30d", "90d")

Span = Annotated[
    str, typer.Option(metavar="SPAN", help=f"How much of the past: {', '.join(_SPANS)}")
]


def overview(tenant: OfTenant = None, span: Span = "7d", output: Output = Format.TABLE) -> None:
    """Tell what a tenant comes to lately, beside the time before, and what needs attention."""
    with administered(tenant) as api:
        told = api.get("/overview", span=span)
    if output is Format.JSON:
        show(told, output)
        return
    show_all(told["figures"], output)
    if told["attention"]:
        show_all(told["attention"], output)
    say(f"Counted until {told['counted_until']}.")
