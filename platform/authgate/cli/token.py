"""``authgate token``: what a tenant has given out, and ending it."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Annotated
from uuid import UUID

import typer

from authgate import provisioning
from authgate.cli import installed
from authgate.cli.client_options import InTenant
from authgate.cli.output import Format, Output, Record, say, show_all
from authgate.clock import utc_now
from authgate.provisioning import UnknownUser
from authgate.storage import tokens, users
from authgate.storage.tokens import Token, TokenFilter, TokenStatus

app = typer.Typer()

Jti = Annotated[UUID, typer.Argument(help="Id of the token, its jti")]


@app.command("list")
def list_(
    tenant: InTenant,
    client: Annotated[str | None, typer.Option(help="Only of this client_id")] = None,
    user: Annotated[str | None, typer.Option(help="Only of this person, by name or e-mail")] = None,
    status: Annotated[TokenStatus | None, typer.Option(help="Only these")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Also those whose time is over")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100, help="No more than this")] = 50,
    output: Output = Format.TABLE,
) -> None:
    """List a tenant's access tokens, the newest first. Their text is kept by nobody."""
    wanted = TokenFilter(client_id=client, status=status, live_at=None if ended else utc_now())
    show_all(asyncio.run(_found(tenant, wanted, user, limit)), output)


@app.command()
def revoke(tenant: InTenant, jti: Jti) -> None:
    """End a token for good."""
    asyncio.run(_inside(tenant, provisioning.revoke_token(jti, actor=installed.operator())))
    say(f"✓ {jti} is revoked.")


@app.command()
def disable(tenant: InTenant, jti: Jti) -> None:
    """Let a token work no longer, until it is enabled again."""
    asyncio.run(_inside(tenant, provisioning.disable_token(jti, actor=installed.operator())))
    say(f"✓ {jti} is disabled.")


@app.command()
def enable(tenant: InTenant, jti: Jti) -> None:
    """Let a token work again that was disabled."""
    asyncio.run(_inside(tenant, provisioning.enable_token(jti, actor=installed.operator())))
    say(f"✓ {jti} is enabled.")


async def _inside(slug: str, done: Awaitable[None]) -> None:
    async with installed.inside(slug):
        await done


async def _found(slug: str, wanted: TokenFilter, login: str | None, limit: int) -> list[Record]:
    async with installed.inside(slug):
        if login is not None:
            user = await users.find_by_login(login)
            if user is None:
                raise UnknownUser(login)
            wanted = replace(wanted, user_id=user.id)
        return [_record(each) for each in (await tokens.page(wanted, limit=limit)).rows]


def _record(token: Token) -> Record:
    return {
        "jti": str(token.id),
        "client_id": token.client_id,
        "subject": str(token.user_id) if token.user_id else f"client:{token.client_id}",
        "scope": token.scope,
        "grant": token.grant_type,
        "status": token.status.value,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
    }
