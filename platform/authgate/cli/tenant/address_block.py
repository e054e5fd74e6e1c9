"""``authgate address-block``: networks from which nobody is let in to a tenant."""

from typing import Annotated, Any

import typer

from authgate.cli.doors.admin_api import AdminApi, within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.failures import NotFound
from authgate.cli.nouns import Noun
from authgate.cli.output import Format, Output, say, show, show_all

app = Noun()

Network = Annotated[str, typer.Argument(help="An address, or a network such as 203.0.113.0/24")]
Reason = Annotated[str, typer.Option(help="Why, for other administrators")]


@app.verb(example="address-block create 203.0.113.0/24 --reason 'guesses passwords'")
def create(network: Network, tenant: OfTenant = None, reason: Reason = "") -> None:
    """Let nobody in from an address or a network, within a second."""
    with administered(tenant) as api:
        api.post("/address-blocks", {"network": network, "reason": reason})
    say(f"✓ {network} is blocked.")


@app.verb("list", example="address-block list")
def list_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List the addresses that are kept out."""
    with administered(tenant) as api:
        show_all(api.get("/address-blocks")["items"], output)


@app.verb("show", example="address-block show 203.0.113.0/24")
def show_(network: Network, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show since when an address is kept out, and why."""
    with administered(tenant) as api:
        show(api.get(_place(api, network)), output)


@app.verb(example="address-block update 203.0.113.0/24 --reason 'guesses passwords again'")
def update(
    network: Network,
    reason: Annotated[str, typer.Option(help="Why, for other administrators")],
    tenant: OfTenant = None,
) -> None:
    """Give another reason for a block, which stays in force."""
    with administered(tenant) as api:
        api.change(_place(api, network), {"reason": reason})
    say(f"✓ {network} is blocked for another reason.")


@app.verb(example="address-block delete 203.0.113.0/24")
def delete(network: Network, tenant: OfTenant = None) -> None:
    """Let an address or a network in again."""
    with administered(tenant) as api:
        api.delete(_place(api, network))
    say(f"✓ {network} is let in.")


def _place(api: AdminApi, network: str) -> str:
    """Where the API has the block of this network. Raises ``NotFound``."""
    known: list[dict[str, Any]] = api.get("/address-blocks")["items"]
    for each in known:
        if each["network"] == network:
            return within("address-blocks", each["id"])
    raise NotFound(f"{network} is not blocked.")
