"""What operators tell whoever administers any of the tenants, for a while."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from authgate_tenants.models import AnnouncementRow
from authgate_tenants.unfit import Unfit

MOST = 20
"""That are not over yet. More would be read by nobody."""
LONGEST = 500


class TooManyAnnouncements(Unfit):
    """There are as many as anybody reads."""


class UnknownAnnouncement(LookupError):
    """There is none of this id, or it is over."""


class Announcement(NamedTuple):
    """One of them."""

    id: UUID
    text: str
    urgent: bool
    begins_at: datetime
    ends_at: datetime

    @classmethod
    def from_row(cls, row: AnnouncementRow) -> Self:
        """The value of a stored row."""
        return cls(*[getattr(row, name) for name in cls._fields])


async def shown(now: datetime) -> Sequence[Announcement]:
    """Those that are to be seen at this moment, the newest first."""
    return [each for each in await coming(now) if each.begins_at <= now]


async def coming(now: datetime) -> Sequence[Announcement]:
    """Those that are not over, the newest first."""
    rows = await AnnouncementRow.filter(ends_at__gt=now).order_by("-begins_at", "-id").limit(MOST)
    return [Announcement.from_row(row) for row in rows]


async def make(
    text: str, *, urgent: bool, begins_at: datetime, ends_at: datetime, now: datetime
) -> Announcement:
    """Have one shown. Outside of any tenant. Raises ``TooManyAnnouncements``."""
    await AnnouncementRow.filter(ends_at__lte=now).delete()
    if await AnnouncementRow.all().count() >= MOST:
        raise TooManyAnnouncements("There are %(most)s already: end one first.", most=MOST)
    row = await AnnouncementRow.create(
        text=text, urgent=urgent, begins_at=begins_at, ends_at=ends_at
    )
    return Announcement.from_row(row)


async def end(announcement_id: UUID) -> None:
    """Have it shown no longer. Outside of any tenant. Raises ``UnknownAnnouncement``."""
    if not await AnnouncementRow.filter(id=announcement_id).delete():
        raise UnknownAnnouncement(str(announcement_id))
