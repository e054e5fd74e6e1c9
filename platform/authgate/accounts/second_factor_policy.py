"""Who has to show a second factor before a session of theirs counts."""

from collections.abc import Collection
from typing import Final

from authgate.permissions import UserRole
from authgate.storage.people import group_members
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


async def is_lacking(user: User, methods: Collection[str]) -> bool:
    """Whether a session that was begun by these methods counts no longer: the tenant may ask for
    more than it did then."""
    if not {MULTI_FACTOR, REMEMBERED}.isdisjoint(seen(methods)):
        return False
    return await is_required_of(user)


def with_second(former: Collection[str], shown: str) -> list[str]:
    """The methods of a sign-in once a second factor was shown besides these."""
    others = [each for each in former if each not in (REMEMBERED, shown, MULTI_FACTOR)]
    return [*others, shown, MULTI_FACTOR]


async def _is_in_one(user: User, names: Collection[str]) -> bool:
    wanted = {name.casefold() for name in names}
    theirs = await group_members.memberships(user.id)
    return any(group.name.casefold() in wanted for group in theirs)
