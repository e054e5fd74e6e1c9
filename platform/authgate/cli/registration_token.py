"""``authgate client registration-token``: who may register clients by themselves."""

import asyncio
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from authgate import provisioning
from authgate.cli import installed
from authgate.cli.client_options import InTenant
from authgate.cli.output import ONCE, Format, Output, Record, say, show, show_all
from authgate.clock import utc_now
from authgate.storage import initial_access_tokens
from authgate.storage.initial_access_tokens import InitialAccessToken

app = typer.Typer(help="Let others register clients: tokens that are good for so many.")

Uses = Annotated[
    int, typer.Option(min=1, max=10_000, help="How many clients may be registered with it")
]
Hours = Annotated[int, typer.Option(min=1, max=8760, help="It ends after so many hours")]
For = Annotated[str, typer.Option("--for", help="Whom it is for", metavar="TEXT")]
TokenId = Annotated[UUID, typer.Argument(help="The token's id")]


@app.command()
def create(
    tenant: InTenant,
    uses: Uses = 1,
    hours: Hours = 24,
    for_: For = "",
    output: Output = Format.TABLE,
) -> None:
    """Make an initial access token (RFC 7591), shown this once."""
    token, kept = asyncio.run(_create(tenant, uses, hours, for_[:80]))
    show({**_shown(kept), "initial_access_token": token}, output)
    say(ONCE)


@app.command("list")
def list_(tenant: InTenant, output: Output = Format.TABLE) -> None:
    """List a tenant's initial access tokens that have not ended."""
    show_all(asyncio.run(_all(tenant)), output)


@app.command()
def revoke(tenant: InTenant, token_id: TokenId) -> None:
    """Take an initial access token back. Clients that were registered with it stay."""
    asyncio.run(_revoke(tenant, token_id))
    say(f"✓ {token_id} registers nobody any more.")


async def _create(
    slug: str, uses: int, hours: int, description: str
) -> tuple[str, InitialAccessToken]:
    now = utc_now()
    async with installed.inside(slug):
        return await provisioning.allow_registration(
            description=description,
            uses=uses,
            now=now,
            expires_at=now + timedelta(hours=hours),
            actor=installed.operator(),
        )


async def _all(slug: str) -> list[Record]:
    async with installed.inside(slug):
        return [_shown(each) for each in await initial_access_tokens.all_tokens(now=utc_now())]


async def _revoke(slug: str, token_id: UUID) -> None:
    async with installed.inside(slug):
        await provisioning.withdraw_registration(token_id, actor=installed.operator())


def _shown(token: InitialAccessToken) -> Record:
    return {
        "id": str(token.id),
        "for": token.description,
        "uses_left": token.uses_left,
        "expires_at": token.expires_at,
    }
