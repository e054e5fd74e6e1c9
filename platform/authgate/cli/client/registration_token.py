"""``authgate client registration-token``: who may register clients by themselves."""

from typing import Annotated
from uuid import UUID

import typer

from authgate.cli.nouns import Noun
from authgate.cli.options import InTenant
from authgate.cli.output import ONCE, Format, Output, say, show, show_all

app = Noun(help="Let others register clients: tokens that are good for so many.")

Uses = Annotated[
    int, typer.Option(min=1, max=10_000, help="How many clients may be registered with it")
]
Hours = Annotated[int, typer.Option(min=1, max=8760, help="It ends after so many hours")]
For = Annotated[str, typer.Option("--for", help="Whom it is for", metavar="TEXT")]
TokenId = Annotated[UUID, typer.Argument(help="The token's id")]


@app.verb(example="client registration-token create -t acme --uses 5 --for partners")
def create(
    tenant: InTenant,
    uses: Uses = 1,
    hours: Hours = 24,
    for_: For = "",
    output: Output = Format.TABLE,
) -> None:
    """Make an initial access token (RFC 7591), shown this once."""
    from authgate.cli.client import registrations

    show(registrations.allow(tenant, for_[:80], uses=uses, hours=hours), output)
    say(ONCE)


@app.verb("list", example="client registration-token list -t acme")
def list_(tenant: InTenant, output: Output = Format.TABLE) -> None:
    """List a tenant's initial access tokens that have not ended."""
    from authgate.cli.client import registrations

    show_all(registrations.allowed(tenant), output)


@app.verb(example="client registration-token revoke -t acme 0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234")
def revoke(tenant: InTenant, token_id: TokenId) -> None:
    """Take an initial access token back. Clients that were registered with it stay."""
    from authgate.cli.client import registrations

    registrations.withdraw(tenant, token_id)
    say(f"✓ {token_id} registers nobody any more.")
