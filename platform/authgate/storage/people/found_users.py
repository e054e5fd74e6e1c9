"""All of a tenant's own people whom a search finds, in the order in which they came."""

from collections.abc import Sequence
from uuid import UUID

from authgate.storage.people.user_filter import UserFilter
from authgate.storage.people.users import own


async def count(which: UserFilter) -> int:
    """How many they are."""
    return await own().filter(which.condition()).count()


async def newest(which: UserFilter) -> UUID | None:
    """Who came last of them."""
    row = await own().filter(which.condition()).order_by("-id").only("id").first()
    return row.id if row else None


async def ids(which: UserFilter, *, after: UUID | None, until: UUID, limit: int) -> Sequence[UUID]:
    """Some of them: behind the one, and up to the other."""
    rows = own().filter(which.condition()).filter(id__lte=until)
    if after is not None:
        rows = rows.filter(id__gt=after)
    return [row.id for row in await rows.order_by("id").limit(limit).only("id")]
