"""What applications may do in a person's name, and how it ends: with a session, or for good.

Always in the order in which one yields the other, codes, refresh tokens, access tokens: what a
request under way is about to store is waited for by what it spends.
"""

from datetime import datetime
from uuid import UUID

from authgate.storage import authorization_codes, consents, refresh_tokens, tokens


async def move(session_id: UUID, *, to: UUID) -> None:
    """Let go on, with another session of the same browser, what was to end with this one."""
    await authorization_codes.move(session_id, to=to)
    await refresh_tokens.move(session_id, to=to)


async def end_of_session(session_id: UUID, *, now: datetime) -> None:
    """End what lives no longer than a session; what is meant to outlive it does."""
    await authorization_codes.withdraw(session_id=session_id, now=now)
    await refresh_tokens.revoke_of_session(session_id)


async def end_of_client(user_id: UUID, client_id: str, *, now: datetime) -> int:
    """Take back all that a person has allowed a client; how many of its tokens ended."""
    await consents.revoke(user_id, client_id)
    await authorization_codes.withdraw(user_id=user_id, client_id=client_id, now=now)
    ended = await refresh_tokens.revoke_of_user(user_id, client_id=client_id)
    return ended + await tokens.revoke_of_user(user_id, client_id=client_id)
