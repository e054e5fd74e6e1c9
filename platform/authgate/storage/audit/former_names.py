"""What somebody was called before, as the log tells: names, and addresses that were proven."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from authgate.storage.audit import leaves
from authgate.storage.audit.audit_events import AuditEvent
from authgate.storage.audit.event_search import EventSearch
from authgate.storage.audit.looking import Looking
from authgate.storage.people.users import User

_CHANGES: Final = (
    "USER_UPDATED",
    "USER_EMAIL_CHANGED",
    "USER_EMAIL_CHANGE_UNDONE",
    "USER_EMAIL_VERIFIED",
)
_MOST: Final = 1000
"""Changes that are looked at, the newest."""


async def found(user: User) -> dict[str, dict[str, int]]:
    """The former ``username`` and proven ``email`` of somebody, without regard to case, and until
    when each was theirs, in microseconds. With the open unit of work, before the log forgets
    them."""
    return of(user, await _changes(user))


def of(user: User, changes: Sequence[AuditEvent]) -> dict[str, dict[str, int]]:
    """The same from these changes, the newest first.

    Whether an address was proven is known of the present one, and so of each before it: a change
    that says nothing of it has left that as it was. Somebody else's may be one that was not, and a
    username that looks like one.
    """
    names: dict[str, int] = {user.username.casefold(): 0}
    addresses: dict[str, int] = {(user.email or "").casefold(): 0}
    proven = user.email_verified
    for event in changes:
        was: dict[str, Any] = event.details.get("was") or {}
        until = leaves.micros(event.occurred_at)
        if name := was.get("username"):
            names.setdefault(name.casefold(), until)
        proven = bool(was.get("email_verified", proven))
        if (address := was.get("email")) and proven:
            addresses.setdefault(address.casefold(), until)
    return {"username": _before(names), "email": _before(addresses)}


def _before(had: Mapping[str, int]) -> dict[str, int]:
    return {said: until for said, until in had.items() if until}


async def _changes(user: User) -> list[AuditEvent]:
    theirs = EventSearch(types=_CHANGES, resource_type="user", resource_id=str(user.id))
    return await Looking().events(*theirs.parted(), limit=_MOST)
