"""What is done to everybody whom a search finds: by the hundred, and for a while at once.

Each hundred is a transaction of its own, in which each of them is judged as if they had been chosen
by hand. Whoever stops has done whole hundreds; it goes on behind them.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from authgate import storage
from authgate.provisioning import user_selection
from authgate.provisioning.groups import UnknownGroup
from authgate.provisioning.roles import UnknownUser
from authgate.provisioning.user_selection import MOST, Selection, Told
from authgate.storage.people import found_users, users
from authgate.storage.people.user_filter import UserFilter

SECONDS = 3.0
"""How long it goes on at once."""


class Found(NamedTuple):
    """Whom a search finds."""

    number: int
    newest: datetime | None
    """When the last of them came; who comes later is not among them."""


class Step(NamedTuple):
    """What was done now."""

    told: Sequence[Told]
    after: UUID | None
    """Behind whom it goes on; ``None`` where nobody is left."""
    is_cut: bool = False
    """Whether the group is gone to which the others were to be added."""


async def find(which: UserFilter) -> Found:
    """Whom it would be done to, of the tenant's own people."""
    return Found(await found_users.count(which), await found_users.newest(which))


async def act_on_found(
    selection: Selection,
    which: UserFilter,
    *,
    until: datetime,
    after: UUID | None = None,
) -> Step:
    """Do it to those who had come by then and whose ids are behind the one.

    Raises ``UnknownGroup`` where it was done to nobody yet.
    """
    end, told = time.monotonic() + SECONDS, list[Told]()
    while ids := await found_users.ids(which, after=after, until=until, limit=MOST):
        try:
            told += await _done(selection, ids)
        except UnknownGroup:
            if after is None:
                raise
            return Step(told, None, is_cut=True)
        after = ids[-1]
        if time.monotonic() > end:
            return Step(told, after)
        async with storage.set_aside():
            pass  # what was done is stored, and keeps nobody waiting
    return Step(told, None)


async def _done(selection: Selection, ids: Sequence[UUID]) -> Sequence[Told]:
    left = ids
    while left:
        try:
            return await user_selection.act_on_users(selection, left)
        except UnknownUser:
            # Somebody was removed since they were found.
            there = {each.id for each in await users.find_many(left)}
            if there.issuperset(left):
                raise
            left = [each for each in left if each in there]
    return ()
