"""Where operators are signed in, and the tenant that a command is about."""

from typing import Annotated, Any

import typer

from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.failures import NotFound

Operators = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        "-t",
        "--issuer",
        help="The operators' tenant: its slug on this machine's installation, or its issuer"
        " anywhere; where you are signed in with authgate login --operator if left out",
        metavar="SLUG|ISSUER",
        show_default=False,
    ),
]
Slug = Annotated[str, typer.Argument(help="The tenant's name in addresses")]


def found(api: AdminApi, slug: str) -> dict[str, Any]:
    """The tenant of this slug, which is the first of those that begin so. Raises ``NotFound``."""
    items, _ = api.items("/tenants", limit=1, search=slug)
    if not items or items[0]["slug"] != slug:
        raise NotFound(f"There is no tenant {slug}.")
    return items[0]


def path_of(api: AdminApi, slug: str) -> str:
    """Where the tenant of this slug is in the API. Raises ``NotFound``."""
    return within("tenants", found(api, slug)["id"])
