"""All of a tenant's own people whom a search finds, by the hundred.

They are gone through in the order of their ids, which those who were taken over brought with them:
who came when is told by ``created_at`` alone. That is their former server's as well, so whoever is
taken over meanwhile is among those found.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from authgate.storage.people.user_filter import UserFilter
from authgate.storage.people.users import own


async def count(which: UserFilter) -> int:
    """How many they are."""
    return await own().filter(which.condition()).count()


async def newest(which: UserFilter) -> datetime | None:
    """When the last of them came."""
    row = await own().filter(which.condition()).order_by("-created_at").only("created_at").first()
    return row.created_at if row else None


async def ids(
    which: UserFilter, *, after: UUID | None, until: datetime, limit: int
) -> Sequence[UUID]:
    """Some of them: behind the one, of those who had come by then."""
    rows = own().filter(which.condition()).filter(created_at__lte=until)
    if after is not None:
        rows = rows.filter(id__gt=after)
    return [row.id for row in await rows.order_by("id").limit(limit).only("id")]
