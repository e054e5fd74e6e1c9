"""Who has to show a second factor before a session of theirs counts."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from authgate.accounts.second_factors import has_any
from authgate.permissions import UserRole
from authgate.storage.people import factor_deadlines, group_members
from authgate.storage.people.users import User
from authgate.tokens.authentication import MULTI_FACTOR, seen
from authgate_tenants import current_tenant

REMEMBERED: Final = "remembered-device"
"""Among the methods of a session: no second factor was shown, since the browser is remembered. It
is in no token."""


def is_offered() -> bool:
    """Whether the tenant knows second factors at all."""
    return current_tenant().settings.second_factor != "off"


def is_open_to(user: User) -> bool:
    """Whether this person can have one here."""
    # An operator of the installation has signed in at another tenant, and has nothing here.
    return is_offered() and not user.is_guest


async def is_required_of(user: User) -> bool:
    """Whether this person needs one, whatever they have."""
    chosen = current_tenant().settings
    if user.is_guest or chosen.second_factor == "off":
        return False
    if chosen.second_factor == "required":
        return True
    if chosen.second_factor == "administrators" and user.role is not UserRole.USER:
        return True
    return bool(chosen.second_factor_groups) and await _is_in_one(user, chosen.second_factor_groups)


async def grace_ends_at(user: User, *, now: datetime) -> datetime | None:
    """Until when somebody who has to have one is let in without; ``None`` where they are not.

    The days begin when they are first asked for it, and end where they have set one up: whoever
    has signed in elsewhere before stays no longer than that.
    """
    days = current_tenant().settings.second_factor_grace_days
    if not days or await has_any(user.id):
        return None
    due_at = await factor_deadlines.find(user.id)
    if due_at is None:
        due_at = await factor_deadlines.begin(user.id, now + timedelta(days=days))
    return due_at if due_at > now else None


async def told_due_at(user: User) -> datetime | None:
    """The date that somebody was told who has to have one, and has none."""
    days = current_tenant().settings.second_factor_grace_days
    if not days or not await is_required_of(user) or await has_any(user.id):
        return None
    return await factor_deadlines.find(user.id)


async def is_lacking(user: User, methods: Collection[str], *, now: datetime) -> bool:
    """Whether a session that was begun by these methods counts no longer: the tenant may ask for
    more than it did then."""
    if not {MULTI_FACTOR, REMEMBERED}.isdisjoint(seen(methods)):
        return False
    return await is_required_of(user) and await grace_ends_at(user, now=now) is None


async def will_lack(user: User, methods: Collection[str], *, now: datetime) -> datetime | None:
    """When a session that counts now will no longer do, since its person is given some days."""
    if not {MULTI_FACTOR, REMEMBERED}.isdisjoint(seen(methods)) or not await is_required_of(user):
        return None
    return await grace_ends_at(user, now=now)


def with_second(former: Collection[str], shown: str) -> list[str]:
    """The methods of a sign-in once a second factor was shown besides these."""
    others = [each for each in former if each not in (REMEMBERED, shown, MULTI_FACTOR)]
    return [*others, shown, MULTI_FACTOR]


async def _is_in_one(user: User, names: Collection[str]) -> bool:
    wanted = {name.casefold() for name in names}
    theirs = await group_members.memberships(user.id)
    return any(group.name.casefold() in wanted for group in theirs)
