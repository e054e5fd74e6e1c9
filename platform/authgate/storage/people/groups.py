"""Groups: which people of a tenant belong together, and what applications take them for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from uuid_utils.compat import uuid7

from authgate.clock import utc_now
from authgate.storage import paging
from authgate.storage.paging import Order, Page
from authgate.storage.people.usernames import BadUsername, canonical
from authgate.storage.tenants import quotas
from authgate.storage.tenants.quotas import Quota
from authgate_tenants import TenantOwned

LONGEST_NAME = 200
LONGEST_EXTERNAL_ID = 255
LONGEST_DESCRIPTION = 500


class GroupRow(TenantOwned):
    """A group as it is stored."""

    display_name = fields.CharField(LONGEST_NAME)
    canonical_name = fields.CharField(LONGEST_NAME)
    external_id = fields.CharField(LONGEST_EXTERNAL_ID, null=True)
    description = fields.CharField(LONGEST_DESCRIPTION, default="")
    roles: list[str] = fields.JSONField(default=list)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "groups"
        unique_together = (
            ("tenant_id", "canonical_name"),
            ("tenant_id", "external_id"),
            ("tenant_id", "id"),
        )
        indexes = (("tenant_id", "created_at"),)


class GroupDraft(NamedTuple):
    """What a group is to be like."""

    display_name: str
    external_id: str | None = None
    """By what the directory that it comes from knows it (RFC 7643 section 3.1)."""
    description: str = ""
    roles: Sequence[str] = ()
    """What its members are to applications: the ``roles`` claim (RFC 9068 section 2.2.3.1)."""

    def values(self) -> dict[str, Any]:
        """By the name of the column, what is to be stored. Raises ``BadUsername``."""
        return {
            "display_name": self.display_name.strip(),
            "canonical_name": canonical(self.display_name),
            "external_id": self.external_id,
            "description": self.description,
            "roles": list(self.roles),
        }


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a tenant's people."""

    id: UUID
    display_name: str
    canonical_name: str
    external_id: str | None
    description: str
    roles: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    """When it was changed, or who belongs to it."""

    def draft(self) -> GroupDraft:
        """What would make a group like it."""
        return GroupDraft(self.display_name, self.external_id, self.description, self.roles)

    @classmethod
    def from_row(cls, row: GroupRow) -> Self:
        """The value of a stored row."""
        return cls(
            row.id,
            row.display_name,
            row.canonical_name,
            row.external_id,
            row.description,
            tuple(row.roles),
            row.created_at,
            row.updated_at,
        )


class GroupTaken(ValueError):
    """Another group of the tenant has this name, or this id of another directory."""


async def create(draft: GroupDraft) -> Group:
    """Store a group. Raises ``GroupTaken``, ``QuotaReached`` and ``BadUsername``."""
    values = draft.values()
    await quotas.make_room(Quota.GROUPS, GroupRow.all())
    try:
        return Group.from_row(await GroupRow.create(id=uuid7(), **values))
    except IntegrityError as error:
        raise GroupTaken(draft.display_name) from error


async def find(group_id: UUID) -> Group | None:
    """The group with this id."""
    row = await GroupRow.get_or_none(id=group_id)
    return Group.from_row(row) if row else None


async def known(group_ids: Collection[UUID]) -> set[UUID]:
    """Which of these are groups of the tenant."""
    rows = GroupRow.filter(id__in=list(group_ids))
    return {row["id"] for row in await rows.values("id")}


async def find_named(name: str) -> Group | None:
    """The group of this name, in whatever case."""
    try:
        wanted = canonical(name)
    except BadUsername:
        return None
    # The ORM raises for a value that is longer than its column.
    row = None if len(wanted) > LONGEST_NAME else await GroupRow.get_or_none(canonical_name=wanted)
    return Group.from_row(row) if row else None


async def held(group_id: UUID) -> Group | None:
    """The group as it is in the open unit of work, and whose members are the same until its end."""
    row = await GroupRow.filter(id=group_id).select_for_update(no_key=True).get_or_none()
    return Group.from_row(row) if row else None


async def page(
    search: str, order: Order, *, cursor: str | None = None, limit: int = 50
) -> Page[Group]:
    """Some of the tenant's groups, by ``canonical_name`` or ``created_at``: those with a part of
    their name or description that is ``search``, in any case. Raises ``BadCursor``."""
    wanted = Q()
    if search:
        wanted = Q(display_name__icontains=search) | Q(description__icontains=search)
    found = await paging.page(GroupRow.filter(wanted), order, cursor=cursor, limit=limit)
    return found.of(Group.from_row)


async def change(group_id: UUID, draft: GroupDraft) -> None:
    """Have a group be so. Raises ``GroupTaken`` and
    ``BadUsername``."""
    values = draft.values() | {"updated_at": utc_now()}
    try:
        await GroupRow.filter(id=group_id).update(**values)
    except IntegrityError as error:
        raise GroupTaken(draft.display_name) from error


async def touch(group_id: UUID, *, now: datetime) -> None:
    """Note that others belong to it than before."""
    await GroupRow.filter(id=group_id).update(updated_at=now)


async def delete(group_id: UUID) -> None:
    """Remove a group that nobody belongs to any more."""
    await GroupRow.filter(id=group_id).delete()
