"""Tokens as lists show them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from authgate.admin.console import client_lines, frame
from authgate.admin.console.administrators import beyond_role
from authgate.admin.console.token_search import PATH
from authgate.storage.clients import clients
from authgate.storage.clients.rows import Client
from authgate.storage.issued.tokens import Token
from authgate.storage.people import users
from authgate.web.token_view_models import TokenLine

FIELD = "token-"
"""What the names of the fields begin with that select one."""
_NOBODY = UUID(int=0)


async def lines(found: Sequence[Token], *, now: datetime) -> list[TokenLine]:
    """Tokens with the names of their clients and people."""
    known = await clients.find_many({each.client_id for each in found})
    names = await users.usernames_of({each.user_id for each in found if each.user_id})
    return [
        _line(each, known.get(each.client_id), names.get(each.user_id or _NOBODY, ""), now)
        for each in found
    ]


def _line(token: Token, client: Client | None, user: str, now: datetime) -> TokenLine:
    return TokenLine(
        action=frame.url(f"{PATH}/{token.id}"),
        field=f"{FIELD}{token.id}",
        client_name=client.name if client else token.client_id,
        client_url=client_lines.url(client) if client else None,
        user=user,
        scope=token.scope,
        grant=token.grant_type.rpartition(":")[2],
        created_at=token.created_at,
        expires_at=token.expires_at,
        status=token.status,
        ended=token.expires_at <= now,
        beyond_role=bool(beyond_role(*token.scope.split())),
    )
