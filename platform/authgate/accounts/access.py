"""What applications may do in a person's name, and how it ends: with a session, or for good.

Always in the order in which one yields the other, codes, refresh tokens, access tokens: what a
request under way is about to store is waited for by what it spends.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from authgate.accounts import leavings, logout
from authgate.storage.clients import clients
from authgate.storage.grants import authorization_codes, consents, device_codes
from authgate.storage.issued import refresh_tokens, tokens
from authgate.storage.issued.mass_ending import in_full, is_cut_short
from authgate.storage.people import users
from authgate.storage.sign_in import sessions


class Access(NamedTuple):
    """Something that acts in a person's name, or may without being allowed anew."""

    id: UUID
    """Of its family, of its only token, or of the consent that is all there is."""
    client_id: str
    scope: str
    since: datetime
    used_at: datetime | None = None


class Application(NamedTuple):
    """All that a client may do in a person's name, however often it was let in."""

    client_id: str
    scopes: frozenset[str]
    since: datetime
    used_at: datetime | None
    """When it was last given a token; ``None`` where none of them works any more."""


async def of(user_id: UUID, *, now: datetime, limit: int) -> list[Access]:
    """All of it, the newest first, and no more of it than this."""
    found: dict[UUID, Access] = {}
    lasting = await sessions.lasting_of(user_id, now=now)
    for token in await refresh_tokens.live_of(user_id, sessions=lasting, now=now, limit=limit):
        found[token.family_id] = Access(
            token.family_id, token.client_id, token.scope, token.created_at, token.used_at
        )
    for issued in await tokens.live_of(user_id, now=now, limit=limit):
        key = issued.family_id or issued.id
        found.setdefault(key, Access(key, issued.client_id, issued.scope, issued.created_at))
    clients = {access.client_id for access in found.values()}
    for consent in await consents.of(user_id):
        if consent.client_id not in clients:
            allowed = " ".join(consent.scopes)
            found[consent.id] = Access(consent.id, consent.client_id, allowed, consent.updated_at)
    return sorted(found.values(), key=lambda each: each.since, reverse=True)[:limit]


async def applications_of(user_id: UUID, *, now: datetime) -> list[Application]:
    """What of it belongs to which client, the one used last first."""
    lasting = await sessions.lasting_of(user_id, now=now)
    uses = await refresh_tokens.uses_of(user_id, sessions=lasting, now=now)
    uses += await tokens.uses_of(user_id, now=now)
    found = [
        Application(use.client_id, _names(use.scope), use.first_at, use.last_at) for use in uses
    ]
    for consent in await consents.of(user_id):
        allowed = frozenset(consent.scopes)
        found.append(Application(consent.client_id, allowed, consent.granted_at, None))
    for code in await device_codes.approved_by(user_id, now=now):
        decided_at = code.decided_at or code.created_at
        found.append(Application(code.client_id, _names(code.scope), decided_at, None))
    return sorted(_joined(found), key=lambda each: each.used_at or each.since, reverse=True)


async def remove(access_id: UUID, user_id: UUID, *, now: datetime) -> int:
    """End what this is, for good: it has to be allowed anew; how many things ended."""
    consent = await consents.find_own(access_id, user_id=user_id)
    if consent is not None:
        return 1 + await end_of_client(user_id, consent.client_id, now=now)
    client_ids = await tokens.clients_of(access_id, user_id=user_id)
    client_ids |= await refresh_tokens.clients_of(access_id, user_id=user_id)
    for client_id in client_ids:
        await consents.revoke(user_id, client_id)
        await authorization_codes.withdraw(user_id=user_id, client_id=client_id, now=now)
    ended = await refresh_tokens.revoke_own(access_id, user_id=user_id)
    return ended + await tokens.revoke_own(access_id, user_id=user_id)


async def end_of_session(session_id: UUID, *, now: datetime) -> None:
    """End what lives no longer than a session, and have its clients told; what is meant to outlive
    it does."""
    await authorization_codes.withdraw(session_id=session_id, now=now)
    await refresh_tokens.revoke_of_session(session_id)
    impersonated = await sessions.impersonated(session_id)
    if impersonated is not None:
        # Nobody acts for somebody by what is left of it.
        for family_id in await authorization_codes.families_of(session_id):
            await tokens.revoke_own(family_id, user_id=impersonated)
    await logout.tell_clients(session_id, now=now)


async def end_of_client(user_id: UUID, client_id: str, *, now: datetime) -> int:
    """Take back all that a person has allowed a client; how many of its tokens ended, and of those
    that others were given for them."""
    await consents.revoke(user_id, client_id)
    await device_codes.withdraw_of_user(user_id, client_id=client_id)
    await authorization_codes.withdraw(user_id=user_id, client_id=client_id, now=now)
    ended = await in_full(partial(refresh_tokens.revoke_of_user, user_id, client_id=client_id))
    ended += await in_full(partial(tokens.revoke_of_user, user_id, client_id=client_id))
    return ended + await in_full(partial(tokens.revoke_exchanged, client_id, user_id=user_id))


async def end_all_of_client(client_id: str, *, now: datetime) -> int:
    """End whatever a client was given, by anybody, and what others were given for its tokens; how
    many tokens ended at once: of very many some end later, and the client's own are good for
    nothing until then.

    What people have allowed it stays allowed. Have caches forget the client.
    """
    await device_codes.withdraw_of_client(client_id)
    await authorization_codes.withdraw(client_id=client_id, now=now)
    refreshable = await refresh_tokens.revoke_of_client(client_id)
    ended = await tokens.revoke_of_client(client_id)
    exchanged = await tokens.revoke_exchanged(client_id)
    if is_cut_short(refreshable, ended, exchanged):
        await clients.end_older(client_id, now=now)
        await leavings.later(client_id=client_id)
    return refreshable + ended + exchanged


async def end_all_of_user(user_id: UUID, *, now: datetime) -> None:
    """End whatever acts in a person's name, save their browsers' sessions."""
    await device_codes.withdraw_of_user(user_id)
    await authorization_codes.withdraw(user_id=user_id, now=now)
    refreshable = await refresh_tokens.revoke_of_user(user_id)
    if is_cut_short(refreshable, await tokens.revoke_of_user(user_id)):
        await users.end_older(user_id, now=now)
        await leavings.later(user_id=user_id)


def _names(scope: str) -> frozenset[str]:
    return frozenset(scope.split())


def _joined(found: Iterable[Application]) -> Iterable[Application]:
    """One for each client: all it may do, since the earliest and used at the latest."""
    by_client: dict[str, Application] = {}
    for each in found:
        known = by_client.get(each.client_id, each)
        used = [at for at in (known.used_at, each.used_at) if at is not None]
        by_client[each.client_id] = Application(
            each.client_id,
            known.scopes | each.scopes,
            min(known.since, each.since),
            max(used, default=None),
        )
    return by_client.values()
