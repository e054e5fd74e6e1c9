"""Who belongs to which group."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from tortoise import connections, fields
from tortoise.functions import Count
from uuid_utils.compat import uuid7

from authgate.storage import connection, paging
from authgate.storage.batches.append_log import encoded
from authgate.storage.batches.lookups import Join, Lookup
from authgate.storage.paging import Order, Page
from authgate.storage.people.groups import Group, GroupRow
from authgate.storage.people.users import User, UserRow
from authgate_tenants import TenantOwned, current_tenant

MOST_AT_ONCE = 1000
"""People that one statement adds or removes."""


class GroupMemberRow(TenantOwned):
    """That somebody belongs to a group. The order of the ids is the one in which they came."""

    group_id = fields.UUIDField()
    user_id = fields.UUIDField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "group_members"
        unique_together = (("tenant_id", "group_id", "user_id"), ("tenant_id", "id"))
        indexes = (("tenant_id", "group_id", "id"), ("tenant_id", "user_id"))


class Membership(NamedTuple):
    """A group as it is told of somebody who belongs to it."""

    id: UUID
    name: str
    roles: Sequence[str]


_OF_USER = Lookup(
    table="group_members",
    key="user_id",
    columns=("group_id",),
    joins=(
        Join(table="groups", by="group_id", prefix="group_", columns=("display_name", "roles")),
    ),
)

_ADD = (
    "INSERT INTO group_members (id, tenant_id, group_id, user_id, created_at)"
    " SELECT {id}, users.tenant_id, {group}, users.id, {now} FROM {new} AS new"
    " JOIN users ON users.tenant_id = {tenant} AND users.id = {user} AND guest_until IS NULL"
    " WHERE true ON CONFLICT (tenant_id, group_id, user_id) DO NOTHING RETURNING user_id"
)
_POSTGRES_ADD = _ADD.format(
    tenant="$1::uuid",
    group="$2::uuid",
    now="$3::timestamptz",
    new="jsonb_to_recordset($4::jsonb)",
    id="new.id",
    user="new.user_id",
).replace("AS new JOIN", "AS new(id uuid, user_id uuid) JOIN")
_SQLITE_ADD = _ADD.format(
    tenant="?1",
    group="?2",
    now="?3",
    new="json_each(?4)",
    id="json_extract(new.value, '$.id')",
    user="json_extract(new.value, '$.user_id')",
)
_REMOVE = (
    "DELETE FROM group_members WHERE tenant_id = {tenant} AND group_id = {group}"
    " AND user_id IN (SELECT {value} FROM {gone}) RETURNING user_id"
)
_POSTGRES_REMOVE = _REMOVE.format(
    tenant="$1::uuid",
    group="$2::uuid",
    value="value::uuid",
    gone="jsonb_array_elements_text($3::jsonb)",
)
_SQLITE_REMOVE = _REMOVE.format(tenant="?1", group="?2", value="value", gone="json_each(?3)")


async def add(group_id: UUID, user_ids: Collection[UUID], *, now: datetime) -> set[UUID]:
    """Have these of the tenant's own people belong to a group; who did not do so before."""
    new = [{"id": str(uuid7()), "user_id": str(each)} for each in user_ids]
    statement = _POSTGRES_ADD if connection.dialect() == "postgres" else _SQLITE_ADD
    return await _changed(statement, group_id, now, orjson.dumps(new).decode())


async def remove(group_id: UUID, user_ids: Collection[UUID]) -> set[UUID]:
    """Have these people not belong to a group; who did so before."""
    gone = orjson.dumps([str(each) for each in user_ids]).decode()
    statement = _POSTGRES_REMOVE if connection.dialect() == "postgres" else _SQLITE_REMOVE
    return await _changed(statement, group_id, gone)


async def _changed(statement: str, *values: Any) -> set[UUID]:
    given = encoded((current_tenant().id, *values), connection.dialect())
    rows = await connections.get("default").execute_query_dict(statement, given)
    return {connection.uuid(row["user_id"]) for row in rows}


async def clear(group_id: UUID) -> None:
    """Have nobody belong to a group."""
    await GroupMemberRow.filter(group_id=group_id).delete()


async def among(group_id: UUID, user_ids: Collection[UUID]) -> set[UUID]:
    """Those of these people who belong to a group."""
    rows = GroupMemberRow.filter(group_id=group_id, user_id__in=list(user_ids))
    return {row.user_id for row in await rows.only("id", "user_id")}


async def ids(group_id: UUID, *, most: int) -> list[UUID]:
    """Who belongs to a group, in the order in which they came, but no more than so many."""
    rows = GroupMemberRow.filter(group_id=group_id).order_by("id").limit(most)
    return [row.user_id for row in await rows.only("id", "user_id")]


async def count(group_id: UUID) -> int:
    """How many people belong to a group."""
    return await GroupMemberRow.filter(group_id=group_id).count()


async def counts(group_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """How many people belong to each of these groups; nothing is said of one without any."""
    rows = GroupMemberRow.filter(group_id__in=list(group_ids)).annotate(members=Count("id"))
    found = await rows.group_by("group_id").values("group_id", "members")
    return {row["group_id"]: row["members"] for row in found}


async def page(group_id: UUID, *, cursor: str | None = None, limit: int = 50) -> Page[User]:
    """Some of who belongs to a group, in the order in which they came. Raises ``BadCursor``."""
    rows = GroupMemberRow.filter(group_id=group_id)
    found = await paging.page(rows, Order.of("id"), cursor=cursor, limit=limit)
    wanted = [row.user_id for row in found.rows]
    people = {row.id: User.from_row(row) for row in await UserRow.filter(id__in=wanted)}
    members = [people[each] for each in wanted if each in people]
    return Page(members, found.next, found.previous)


async def groups_of(user_id: UUID, *, most: int) -> list[Group]:
    """The groups that somebody belongs to, in the order of their names, but no more than so
    many."""
    rows = GroupMemberRow.filter(user_id=user_id).limit(most).only("id", "group_id")
    wanted = [row.group_id for row in await rows]
    found = GroupRow.filter(id__in=wanted).order_by("canonical_name")
    return [Group.from_row(row) for row in await found]


async def too_many(user_ids: Collection[UUID], *, most: int) -> bool:
    """Whether one of these people belongs to more than so many groups."""
    rows = GroupMemberRow.filter(user_id__in=list(user_ids)).annotate(groups=Count("id"))
    return bool(await rows.filter(groups__gt=most).group_by("user_id").limit(1).values("user_id"))


async def memberships(user_id: UUID) -> list[Membership]:
    """What somebody belongs to, in the order of the names, read together with what other requests
    ask.

    Not for what the open unit of work has changed.
    """
    records = await connection.find_all(_OF_USER, user_id)
    found = [
        Membership(
            connection.uuid(record["group_id"]),
            record["group_display_name"],
            connection.json(record["group_roles"]),
        )
        for record in records
        if record["group_display_name"] is not None
    ]
    return sorted(found, key=lambda each: each.name)
