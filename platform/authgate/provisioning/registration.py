"""Who may register a client with the current tenant, and how often."""

from datetime import datetime
from uuid import UUID

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.storage.clients import initial_access_tokens
from authgate.storage.clients.initial_access_tokens import InitialAccessToken


class UnknownInitialAccessToken(LookupError):
    """The tenant has no initial access token with this id."""


async def allow_registration(
    *,
    description: str,
    uses: int,
    now: datetime,
    expires_at: datetime,
    actor: Actor = SYSTEM,
) -> tuple[str, InitialAccessToken]:
    """A new initial access token, which is shown once, and what is kept of it."""
    async with storage.transaction():
        token, kept = await initial_access_tokens.issue(
            description=description, uses=uses, now=now, expires_at=expires_at
        )
        await audit.record(
            Event.CLIENT_REGISTRATION_ALLOWED,
            actor=actor,
            resource=("initial_access_token", str(kept.id)),
            details={"uses": uses, "until": expires_at.isoformat()},
        )
    return token, kept


async def withdraw_registration(token_id: UUID, *, actor: Actor = SYSTEM) -> None:
    """Let an initial access token register nobody any more.

    Raises ``UnknownInitialAccessToken``.
    """
    async with storage.transaction():
        if not await initial_access_tokens.revoke(token_id):
            raise UnknownInitialAccessToken(token_id)
        await audit.record(
            Event.CLIENT_REGISTRATION_WITHDRAWN,
            actor=actor,
            resource=("initial_access_token", str(token_id)),
        )
