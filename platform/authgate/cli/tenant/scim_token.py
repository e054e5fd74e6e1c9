"""``authgate scim-token``: which other directories provision a tenant's people."""

from typing import Annotated
from uuid import UUID

import typer

from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.nouns import Noun
from authgate.cli.output import ONCE, Format, Output, say, show, show_all

app = Noun()

For = Annotated[str, typer.Option("--for", help="Which directory it is for", metavar="TEXT")]
Days = Annotated[int, typer.Option(min=1, max=731, help="It ends after so many days")]
TrustEmails = Annotated[
    bool, typer.Option("--trust-emails", help="Addresses that come by it count as verified")
]
TokenId = Annotated[UUID, typer.Argument(help="The token's id")]


@app.verb(example="scim-token create --for 'Microsoft Entra ID' --trust-emails")
def create(
    for_: For,
    tenant: OfTenant = None,
    days: Days = 365,
    trust_emails: TrustEmails = False,
    output: Output = Format.TABLE,
) -> None:
    """Let a directory provision people, by a token that is shown this once."""
    said = {"description": for_, "trusts_emails": trust_emails, "days": days}
    with administered(tenant) as api:
        show(api.post("/scim-tokens", said), output)
    say(ONCE)


@app.verb("list", example="scim-token list")
def list_(tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """List the tokens that have not ended, with when they were last used."""
    with administered(tenant) as api:
        show_all(api.get("/scim-tokens")["items"], output)


@app.verb("show", example="scim-token show 0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234")
def show_(token_id: TokenId, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show what is known of a token."""
    with administered(tenant) as api:
        show(api.get(within("scim-tokens", str(token_id))), output)


@app.verb(example="scim-token delete 0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234")
def delete(token_id: TokenId, tenant: OfTenant = None) -> None:
    """Take a token back. Whom the directory has provisioned stays."""
    with administered(tenant) as api:
        api.delete(within("scim-tokens", str(token_id)))
    say(f"✓ {token_id} provisions nobody any more.")
