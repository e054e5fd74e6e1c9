"""The groups that somebody belongs to because another directory says so when they sign in."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import structlog

from authgate import audit
from authgate.provisioning.groups import (
    MOST_GROUPS_OF_USER,
    TooManyMembers,
    UnknownGroup,
    add_members,
    remove_members,
)
from authgate.storage.people import group_members
from authgate.storage.people.users import User

_log = structlog.get_logger(__name__)


async def keep_memberships(
    user: User, *, belongs: Collection[UUID], looked_after: Collection[UUID], now: datetime
) -> None:
    """Have somebody belong to ``belongs``, and to none of the others that are ``looked_after``.

    What they belong to beside these stays. A group that is gone, or full, keeps nobody outside.
    """
    current = await group_members.groups_of(user.id, most=MOST_GROUPS_OF_USER)
    former = {group.id for group in current}
    joined, left = set(belongs) - former, former & set(looked_after) - set(belongs)
    for change, group_ids in ((add_members, joined), (remove_members, left)):
        for group_id in sorted(group_ids):
            try:
                await change(group_id, [user.id], now=now, actor=audit.user(user.id, user.username))
            except (UnknownGroup, TooManyMembers) as error:
                _log.warning("membership not kept", group=str(group_id), reason=str(error))
