"""How people leave: they ask for it, may think better of it for a while, and are gone then with all
that was theirs.

Until then nothing changes: they sign in as ever, and what they have let in works on. The log keeps
what has happened, and tells nothing more of them after a while (``sealing.forgetting``).
"""

from datetime import timedelta
from uuid import UUID

import structlog

from authgate import audit, storage
from authgate.audit import Event
from authgate.installation import Installation
from authgate.languages import Language
from authgate.provisioning import notices, removal, roles
from authgate.provisioning.roles import LastAdministrator
from authgate.storage.people import account_deletions, users
from authgate.storage.people.users import User
from authgate_tenants import current_tenant

PATH = "/account/data"

_MOST_AT_ONCE = 100

_log = structlog.get_logger(__name__)


async def ask(parts: Installation, user: User, *, language: Language | None = None) -> None:
    """Have somebody leave once they may think better of it no longer, and tell them.

    Raises ``LastAdministrator``.
    """
    now = parts.clock()
    due_at = now + timedelta(days=current_tenant().settings.account_deletion_days)
    async with storage.transaction():
        await roles.refuse_last(user.id)
        if await account_deletions.ask(user.id, due_at=due_at, now=now):
            await _note(Event.USER_DELETION_REQUESTED, user, due_at=due_at.isoformat())
            link = f"{current_tenant().issuer}{PATH}"
            await notices.tell(
                parts, user, "account_leaving", language=language, link=link, due_at=due_at
            )


async def withdraw(user: User) -> None:
    """Have somebody stay."""
    async with storage.transaction():
        if await account_deletions.withdraw(user.id):
            await _note(Event.USER_DELETION_WITHDRAWN, user)


async def erase_due(parts: Installation) -> None:
    """Have those of the current tenant be gone whose time has come. Raises what one of them has
    raised, once all are gone through."""
    faults: list[Exception] = []
    for user_id in await account_deletions.due(now=parts.clock(), limit=_MOST_AT_ONCE):
        try:
            async with storage.transaction():
                await _leave(parts, user_id)
        except Exception as fault:  # noqa: BLE001  # the others leave as well
            _log.exception("somebody who leaves is not gone yet", user=str(user_id))
            faults.append(fault)
    if faults:
        raise faults[0]


async def _leave(parts: Installation, user_id: UUID) -> None:
    held = (await users.hold_in_charge(user_id)).get(user_id)
    if held is None:
        await account_deletions.withdraw(user_id)
    elif await account_deletions.is_due(user_id, now=parts.clock()):
        await _erase(parts, held)  # unless they have thought better of it just now


async def _erase(parts: Installation, user: User) -> None:
    try:
        await roles.refuse_last(user.id)
    except LastAdministrator as refusal:
        # Everybody else in charge has left meanwhile.
        await account_deletions.withdraw(user.id)
        await _note(Event.USER_DELETION_WITHDRAWN, user, reason=str(refusal))
        return
    asked_at = await account_deletions.asked_at(user.id) or parts.clock()
    wish = removal.Wish(audit.user(user.id, user.username), asked_at)
    await removal.remove(user, actor=audit.SYSTEM, now=parts.clock(), wish=wish)
    await notices.tell(parts, user, "account_gone")


async def _note(event: Event, user: User, **details: object) -> None:
    actor = audit.user(user.id, user.username)
    await audit.record(event, actor=actor, resource=("user", str(user.id)), details=details)
