"""How another directory is given a token by which it provisions a tenant's people, and loses it."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.languages import text
from authgate.storage.people import scim_tokens
from authgate.storage.people.scim_tokens import LONGEST_DESCRIPTION, MOST, ScimToken

LONGEST: Final = timedelta(days=731)
"""How long a token may be good."""


class UnfitScimToken(ValueError):
    """There cannot be such a token. The text may be told."""


class TooManyScimTokens(UnfitScimToken):
    """There are as many as a tenant has at once."""


class UnknownScimToken(LookupError):
    """The tenant has no such token."""


async def allow_provisioning(
    *,
    description: str,
    trusts_emails: bool = False,
    now: datetime,
    expires_at: datetime,
    actor: Actor = SYSTEM,
) -> tuple[str, ScimToken]:
    """A new token, which is told once, and what is kept of it. Raises ``UnfitScimToken``."""
    description = description.strip()
    if not description or len(description) > LONGEST_DESCRIPTION or not description.isprintable():
        raise UnfitScimToken(
            text("Say in 1 to %(most)s characters whose token it is.", most=LONGEST_DESCRIPTION)
        )
    if not now < expires_at <= now + LONGEST:
        raise UnfitScimToken(text("A token is good for at most %(most)s days.", most=LONGEST.days))
    async with storage.transaction():
        if len(await scim_tokens.all_tokens(now=now)) >= MOST:
            raise TooManyScimTokens(
                text("There are %(most)s tokens already: take one back first.", most=MOST)
            )
        token, kept = await scim_tokens.issue(
            description=description,
            trusts_emails=trusts_emails,
            created_by=actor.name or actor.id or actor.type,
            now=now,
            expires_at=expires_at,
        )
        await audit.record(
            Event.PROVISIONING_ALLOWED,
            actor=actor,
            resource=("scim_token", str(kept.id)),
            details={
                "description": description,
                "trusts_emails": trusts_emails,
                "until": expires_at.isoformat(),
            },
        )
    return token, kept


async def withdraw_provisioning(token_id: UUID, *, actor: Actor = SYSTEM) -> None:
    """Let nobody provision people by this token any more. Raises ``UnknownScimToken``."""
    async with storage.transaction():
        if not await scim_tokens.revoke(token_id):
            raise UnknownScimToken(str(token_id))
        await audit.record(
            Event.PROVISIONING_WITHDRAWN,
            actor=actor,
            resource=("scim_token", str(token_id)),
        )
