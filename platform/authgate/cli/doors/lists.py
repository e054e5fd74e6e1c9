"""How much of a list is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from authgate.cli.doors.admin_api import AdminApi
from authgate.cli.output import Format, Record, say, show_all

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="No more than this")]
All = Annotated[bool, typer.Option("--all", help="However many there are")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much of a list is wanted."""

    limit: Limit = 100
    all_: All = False


def show_items(
    api: AdminApi,
    path: str,
    told: Callable[[dict[str, Any]], Record],
    extent: Extent,
    output: Format,
    **query: object,
) -> None:
    """Print a list, as it is told, and say so where it goes on."""
    items, goes_on = api.items(path, limit=None if extent.all_ else extent.limit, **query)
    show_all([told(each) for each in items], output)
    if goes_on:
        say("There are more: --all shows them.")
