"""How much of a list is shown."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from authgate.cli.admin_api import AdminApi
from authgate.cli.output import Format, Record, say, show_all

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="No more than this")]
All = Annotated[bool, typer.Option("--all", help="However many there are")]

USUAL = 100


def show_items(
    api: AdminApi,
    path: str,
    told: Callable[[dict[str, Any]], Record],
    output: Format,
    *,
    limit: int | None,
    **query: object,
) -> None:
    """Print a list, as it is told, and say so where it goes on."""
    items, goes_on = api.items(path, limit=limit, **query)
    show_all([told(each) for each in items], output)
    if goes_on:
        say("There are more: --all shows them.")
