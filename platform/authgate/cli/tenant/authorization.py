"""``authgate authorization``: what people have allowed applications."""

from typing import Annotated, Any
from uuid import UUID

import typer

from authgate.cli.doors import lists, people
from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.nouns import Noun
from authgate.cli.options import Yes
from authgate.cli.output import Format, Output, Record, confirm, say, show

app = Noun()

AuthorizationId = Annotated[UUID, typer.Argument(help="Id of the authorization")]


@app.verb("list", example="authorization list --client orders")
def list_(
    *,
    tenant: OfTenant = None,
    whose: people.Whose,
    extent: lists.Extent,
    output: Output = Format.TABLE,
) -> None:
    """List what people have allowed applications, the latest first."""
    with administered(tenant) as api:
        lists.show_items(
            api,
            "/authorizations",
            _record,
            extent,
            output,
            **whose.query(api),
        )


@app.verb("show", example="authorization show 0199f3a1-c2d4-7b3e-9a5c-6d7e8f905678")
def show_(
    authorization_id: AuthorizationId, tenant: OfTenant = None, output: Output = Format.TABLE
) -> None:
    """Show what a person has allowed a client."""
    with administered(tenant) as api:
        show(_record(api.get(within("authorizations", str(authorization_id)))), output)


@app.verb(example="authorization revoke 0199f3a1-c2d4-7b3e-9a5c-6d7e8f905678 --yes")
def revoke(authorization_id: AuthorizationId, tenant: OfTenant = None, yes: Yes = False) -> None:
    """Take back what a person has allowed a client. Its tokens of them end for good."""
    if not yes:
        confirm(f"Take back {authorization_id}?")
    with administered(tenant) as api:
        api.delete(within("authorizations", str(authorization_id)))
    say(f"✓ {authorization_id} is taken back.")


def _record(authorization: dict[str, Any]) -> Record:
    return {
        "id": authorization["id"],
        "client_id": authorization["client_id"],
        "user_id": authorization["user_id"],
        "scopes": authorization["scopes"],
        "granted_at": authorization["granted_at"],
        "updated_at": authorization["updated_at"],
    }
