"""``authgate token``: what a tenant has given out, and ending it."""

from typing import Annotated, Any
from uuid import UUID

import typer

from authgate.cli.doors import lists, people
from authgate.cli.doors.admin_api import within
from authgate.cli.doors.administered import OfTenant, administered
from authgate.cli.nouns import Noun
from authgate.cli.output import Format, Output, Record, say, show
from authgate.vocabulary import TokenStatus

app = Noun()

Jti = Annotated[UUID, typer.Argument(help="Id of the token, its jti")]
Jtis = Annotated[
    list[UUID],
    typer.Argument(help="Id of the token, its jti; of several all or none", metavar="JTI..."),
]


@app.verb("list", example="token list --client orders --user mira")
def list_(
    *,
    tenant: OfTenant = None,
    whose: people.Whose,
    status: Annotated[TokenStatus | None, typer.Option(help="Only these")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Also those whose time is over")] = False,
    extent: lists.Extent,
    output: Output = Format.TABLE,
) -> None:
    """List a tenant's access tokens, the newest first. Their text is kept by nobody."""
    with administered(tenant) as api:
        lists.show_items(
            api,
            "/tokens",
            _record,
            extent,
            output,
            **whose.query(api),
            status=status,
            live=not ended,
        )


@app.verb("show", example="token show 0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234")
def show_(jti: Jti, tenant: OfTenant = None, output: Output = Format.TABLE) -> None:
    """Show what is known of a token."""
    with administered(tenant) as api:
        show(_record(api.get(within("tokens", str(jti)))), output)


@app.verb(example="token revoke 0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234")
def revoke(jtis: Jtis, tenant: OfTenant = None) -> None:
    """End tokens for good."""
    if len(jtis) == 1:
        _done(tenant, jtis[0], "revoke")
        say(f"✓ {jtis[0]} is revoked.")
        return
    ids = [str(each) for each in jtis]
    things = {f"/ids/{place}": each for place, each in enumerate(ids)}
    with administered(tenant) as api:
        api.post(within("bulk", "tokens", "revoke"), {"ids": ids}, things=things)
    say(f"✓ {', '.join(ids)} are revoked.")


@app.verb(example="token disable 0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234")
def disable(jti: Jti, tenant: OfTenant = None) -> None:
    """Let a token work no longer, until it is enabled again."""
    _done(tenant, jti, "disable")
    say(f"✓ {jti} is disabled.")


@app.verb(example="token enable 0199f3a1-c2d4-7b3e-9a5c-6d7e8f901234")
def enable(jti: Jti, tenant: OfTenant = None) -> None:
    """Let a token work again that was disabled."""
    _done(tenant, jti, "enable")
    say(f"✓ {jti} is enabled.")


def _done(tenant: str | None, jti: UUID, what: str) -> None:
    with administered(tenant) as api:
        api.post(within("tokens", str(jti), what))


def _record(token: dict[str, Any]) -> Record:
    user_id = token["user_id"]
    return {
        "jti": token["id"],
        "client_id": token["client_id"],
        "subject": user_id or f"client:{token['client_id']}",
        "scope": token["scope"],
        "grant": token["grant_type"],
        "status": token["status"],
        "created_at": token["created_at"],
        "expires_at": token["expires_at"],
    }
