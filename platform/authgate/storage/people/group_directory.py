"""The tenant's groups as another directory is told of them (RFC 7643 section 4.2)."""

from collections.abc import Mapping
from uuid import UUID

from tortoise.expressions import Q, Subquery

from authgate.storage import paging
from authgate.storage.paging import Order, Page
from authgate.storage.people import directory
from authgate.storage.people.directory import TooManyPeople
from authgate.storage.people.group_members import GroupMemberRow
from authgate.storage.people.groups import Group, GroupRow
from authgate.storage.selections import Attribute, Id, Moment, Selection, Text


def _of_member(user_id: UUID) -> Q:
    theirs = GroupMemberRow.filter(user_id=user_id)
    return Q(id__in=Subquery(theirs.values("group_id")))


_MEMBERS = Id(_of_member)

ATTRIBUTES: Mapping[str, Attribute] = {
    "id": Id(lambda wanted: Q(id=wanted)),
    "displayname": Text("canonical_name", unique=True, canonical=True),
    "externalid": Text("external_id", unique=True, exact=True, nullable=True),
    "members": _MEMBERS,
    "members.value": _MEMBERS,
    "meta.created": Moment("created_at"),
    "meta.lastmodified": Moment("updated_at"),
}
"""What groups are looked for by, under the names that SCIM has for it, in lower case."""


async def count(which: Selection) -> int:
    """How many groups there are like this. Raises ``TooManyPeople``."""
    rows = GroupRow.filter(which.condition)
    if await rows.order_by("id").offset(directory.MOST_COUNTED).limit(1).values("id"):
        raise TooManyPeople
    return await rows.count()


async def some(which: Selection, *, skip: int, limit: int) -> list[Group]:
    """Some of the groups like this, in the order in which they came. Raises
    ``TooManyPeople``."""
    if skip > directory.MOST_COUNTED:
        raise TooManyPeople
    rows = GroupRow.filter(which.condition).order_by("id").offset(skip).limit(limit)
    return [Group.from_row(row) for row in await rows]


async def page(which: Selection, *, cursor: str | None, limit: int) -> Page[Group]:
    """The same, from a place on that was told before. Raises ``BadCursor``."""
    rows = GroupRow.filter(which.condition)
    found = await paging.page(rows, Order.of("id"), cursor=cursor, limit=limit)
    return found.of(Group.from_row)


async def members(group_ids: Mapping[UUID, int]) -> dict[UUID, list[UUID]]:
    """By group, who belongs to it, in the order in which they came, of each no more than so
    many."""
    found: dict[UUID, list[UUID]] = {each: [] for each in group_ids}
    rows = GroupMemberRow.filter(group_id__in=list(group_ids)).order_by("group_id", "id")
    for group_id, user_id in await rows.limit(sum(group_ids.values())).values_list(
        "group_id", "user_id"
    ):
        found[group_id].append(user_id)
    return found
