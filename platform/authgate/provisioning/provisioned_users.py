"""How a person begins, changes and goes as another directory says (RFC 7644 section 3).

It never makes anybody more than a plain user, and changes nobody who may more than whoever let it
in.
"""

from datetime import datetime
from uuid import UUID

from authgate import audit, storage
from authgate.audit import Event
from authgate.permissions import Area, Permission, UserRole, covers, writes
from authgate.provisioning import removal, roles
from authgate.provisioning.roles import Authority, UnknownUser
from authgate.provisioning.users import let_in, shut_out
from authgate.storage.people import directory, mailed_links, usernames, users
from authgate.storage.people.directory import Entry, Profile
from authgate.storage.people.usernames import canonical
from authgate.vocabulary import LinkPurpose, UserStatus

_ASKS = writes(Area.SCIM)


async def add(profile: Profile, *, trusts_email: bool, by: Authority) -> Entry:
    """A new person, who has no password. Raises ``BadUsername``, ``UsernameTaken`` and
    ``QuotaReached``."""
    async with storage.transaction():
        user_id = await directory.create(profile, email_verified=trusts_email)
        if not profile.active:
            await users.set_status(user_id, UserStatus.DISABLED)
        await audit.record(
            Event.USER_CREATED,
            actor=by.actor,
            resource=("user", str(user_id)),
            details={"role": UserRole.USER, "is": profile._asdict()},
        )
        return await _found(user_id)


async def held(user_id: UUID, *, by: Authority) -> Entry | None:
    """The person as they are until the end of the unit of work."""
    await users.hold_in_charge(*filter(None, (user_id, by.user_id)))
    return await directory.find(user_id)


async def change(
    entry: Entry, profile: Profile, *, trusts_email: bool, by: Authority, now: datetime
) -> Entry:
    """The person, whom the unit of work holds, as they are afterwards.

    Whoever is active no more is signed out everywhere at once. An address is verified where it was
    and is the same, or where the directory is trusted: also one that was there before. Raises
    ``UnknownUser``, ``OwnAccount``, ``BeyondOwnRole``, ``LastAdministrator``, ``BadUsername`` and
    ``UsernameTaken``.
    """
    before = entry.profile
    verified = _is_verified(entry, profile, trusts_email)
    if profile == before and (verified is entry.email_verified or not covers(by.role, entry.role)):
        return entry
    ends = before.active and not profile.active
    user = await roles.held(entry.id, by=by, asks=_ASKS, becomes=UserRole.USER if ends else None)
    if profile._replace(active=before.active) != before or verified is not entry.email_verified:
        await rewrite(entry, profile, verified=verified, by=by, now=now)
    if ends:
        await shut_out(user, now=now, actor=by.actor)
    elif profile.active and not before.active:
        await let_in(user, actor=by.actor)
    return await _found(entry.id)


async def remove(user_id: UUID, *, by: Authority, now: datetime, asks: Permission = _ASKS) -> None:
    """A person is gone for good, with all that acts in their name. Raises ``UnknownUser``,
    ``OwnAccount``, ``BeyondOwnRole`` and ``LastAdministrator``."""
    async with storage.transaction():
        user = await roles.held(user_id, by=by, asks=asks, becomes=UserRole.USER)
        await removal.remove(user, actor=by.actor, now=now)


async def rewrite(
    entry: Entry, profile: Profile, *, verified: bool, by: Authority, now: datetime
) -> None:
    """Have a person, whom the unit of work holds, be so; who they are to the tenant stays.

    With another address no link is good any more that was sent to the former one, nor one by which
    somebody would have it back, or yet another. Raises ``BadUsername`` and ``UsernameTaken``.
    """
    if canonical(profile.username) != canonical(entry.username):
        usernames.check(profile.username)
    await directory.change(entry.id, profile, email_verified=verified, now=now)
    if profile.email != entry.email:
        await mailed_links.withdraw(
            entry.id, LinkPurpose.PASSWORD, LinkPurpose.ADDRESS, LinkPurpose.UNDO
        )
    was = entry.profile._asdict() | {"email_verified": entry.email_verified}
    now_is = profile._asdict() | {"email_verified": verified}
    changed = [name for name in was if was[name] != now_is[name] and name != "active"]
    await audit.record(
        Event.USER_UPDATED,
        actor=by.actor,
        resource=("user", str(entry.id)),
        details={
            "was": {name: was[name] for name in changed},
            "is": {name: now_is[name] for name in changed},
        },
    )


def _is_verified(entry: Entry, profile: Profile, trusts_email: bool) -> bool:
    if profile.email is None:
        return False
    return trusts_email or (entry.email_verified and profile.email == entry.email)


async def _found(user_id: UUID) -> Entry:
    found = await directory.find(user_id)
    if found is None:
        raise UnknownUser(str(user_id))
    return found
