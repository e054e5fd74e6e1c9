"""Options that commands of several nouns take."""

from typing import Annotated, Any

import typer

InTenant = Annotated[
    str, typer.Option("--tenant", "-t", help="Slug of the tenant on this machine's installation")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")]


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Of these what is not ``None``."""
    return {name: value for name, value in values.items() if value is not None}
