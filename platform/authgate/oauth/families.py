"""All tokens that came of one sign-in: whether there may be more, and how they end together."""

from datetime import datetime
from uuid import UUID

from authgate import audit, storage
from authgate.audit import Event
from authgate.storage.clients.rows import Client
from authgate.storage.grants.authorization_codes import PresentedCode
from authgate.storage.issued import refresh_tokens, tokens
from authgate.storage.issued.refresh_tokens import Presented

REFRESH = "refresh_token"


def may_refresh(client: Client) -> bool:
    """Whether the client is registered to be given refresh tokens."""
    return REFRESH in client.grant_types


def lasts(begun: PresentedCode | Presented, *, now: datetime) -> bool:
    """Whether what ends with a browser session is still there; without one it outlives them all.

    A session that reaches its end, ended by nobody, takes nothing along by itself.
    """
    if begun.session_id is None:
        return True
    return begun.session_end is not None and begun.session_end > now


async def end(family_id: UUID, client: Client, *, reason: str) -> None:
    """End a family, for somebody has what only the client should have (RFC 9700 4.14.2)."""
    async with storage.transaction():
        # In this order: a refresh under way has then stored its access token.
        ended = await refresh_tokens.revoke_family(family_id)
        ended += await tokens.revoke_family(family_id)
        await audit.record(
            Event.SUSPICIOUS_ACTIVITY,
            actor=audit.client(client.client_id, client.name),
            success=False,
            client_id=client.client_id,
            resource=("authorization", str(family_id)),
            details={"reason": reason, "ended": ended},
        )
