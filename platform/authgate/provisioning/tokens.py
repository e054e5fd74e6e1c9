"""How an administrator ends a token, or pauses it."""

from collections.abc import Collection
from uuid import UUID

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.storage.issued import tokens
from authgate.vocabulary import TokenStatus


class UnknownToken(LookupError):
    """The tenant has no token of this id that this could be done to."""


async def revoke_token(jti: UUID, *, actor: Actor = SYSTEM) -> None:
    """End a token for good. Raises ``UnknownToken``."""
    async with storage.transaction():
        if not await tokens.revoke(jti):
            raise UnknownToken(str(jti))
        await audit.record(Event.TOKEN_REVOKED, actor=actor, resource=("token", str(jti)))


async def revoke_tokens(jtis: Collection[UUID], *, actor: Actor = SYSTEM) -> int:
    """End all of these tokens for good; how many of them had not ended so before.

    Raises ``UnknownToken`` with the first of them that does not exist, and then ends none.
    """
    async with storage.transaction():
        found = {each.id: each for each in await tokens.held_many(jtis)}
        for jti in jtis:
            if jti not in found:
                raise UnknownToken(str(jti))
        living = [each.id for each in found.values() if each.status is not TokenStatus.REVOKED]
        for jti in living:
            await revoke_token(jti, actor=actor)
    return len(living)


async def disable_token(jti: UUID, *, actor: Actor = SYSTEM) -> None:
    """Let a token work no longer, until it is enabled again. Raises ``UnknownToken``."""
    await _turn(jti, TokenStatus.ACTIVE, TokenStatus.DISABLED, Event.TOKEN_DISABLED, actor)


async def enable_token(jti: UUID, *, actor: Actor = SYSTEM) -> None:
    """Let a token work again that was disabled. Raises ``UnknownToken``."""
    await _turn(jti, TokenStatus.DISABLED, TokenStatus.ACTIVE, Event.TOKEN_ENABLED, actor)


async def _turn(
    jti: UUID, former: TokenStatus, status: TokenStatus, event: Event, actor: Actor
) -> None:
    async with storage.transaction():
        if not await tokens.set_status(jti, status, former=former):
            raise UnknownToken(str(jti))
        await audit.record(event, actor=actor, resource=("token", str(jti)))
