"""The tenant's groups as another directory is told of them (RFC 7643 section 4.2)."""

from collections.abc import Collection, Mapping
from uuid import UUID

import orjson
from tortoise import connections
from tortoise.expressions import Q, Subquery

from authgate.storage import connection
from authgate.storage.batches.append_log import encoded
from authgate.storage.people.group_members import GroupMemberRow
from authgate.storage.people.groups import (
    LONGEST_EXTERNAL_ID,
    LONGEST_NAME,
    Group,
    GroupRow,
)
from authgate.storage.people.listings import Listing
from authgate.storage.selections import Attribute, Id, Moment, Text
from authgate_tenants import current_tenant


def _of_member(user_id: UUID) -> Q:
    theirs = GroupMemberRow.filter(user_id=user_id)
    return Q(id__in=Subquery(theirs.values("group_id")))


_MEMBERS = Id(_of_member, own=False)

ATTRIBUTES: Mapping[str, Attribute] = {
    "id": Id(lambda wanted: Q(id=wanted)),
    "displayname": Text("canonical_name", LONGEST_NAME, unique=True, canonical=True),
    "externalid": Text("external_id", LONGEST_EXTERNAL_ID, unique=True, exact=True, nullable=True),
    "members": _MEMBERS,
    "members.value": _MEMBERS,
    "meta.created": Moment("created_at"),
    "meta.lastmodified": Moment("updated_at"),
}
"""What groups are looked for by, under the names that SCIM has for it, in lower case."""


GROUPS = Listing(GroupRow.all, Group.from_row)
"""All of them, as they are listed."""


_FIRST = (
    "SELECT {columns} FROM group_members"
    " WHERE tenant_id = {tenant} AND group_id = {group} ORDER BY id LIMIT {most}"
)
_POSTGRES_FIRST = _FIRST.format(
    columns="*", tenant="$1::uuid", group="wanted.id::uuid", most="$3::bigint"
)
_SQLITE_FIRST = _FIRST.format(columns="id", tenant="?1", group="wanted.value", most="?3")
_MEMBERS_OF = "SELECT here.group_id, here.user_id FROM {wanted} ORDER BY here.group_id, here.id"
_POSTGRES_MEMBERS = _MEMBERS_OF.format(
    wanted="jsonb_array_elements_text($2::jsonb) AS wanted(id)"
    f" CROSS JOIN LATERAL ({_POSTGRES_FIRST}) AS here"
)
_SQLITE_MEMBERS = _MEMBERS_OF.format(
    wanted="json_each(?2) AS wanted JOIN group_members AS here"
    f" ON here.tenant_id = ?1 AND here.id IN ({_SQLITE_FIRST})"
)


async def members(group_ids: Collection[UUID], *, most: int) -> dict[UUID, list[UUID]]:
    """By group, who belongs to it, in the order in which they came. Of each no more than so many
    are read, whatever its size."""
    dialect = connection.dialect()
    statement = _POSTGRES_MEMBERS if dialect == "postgres" else _SQLITE_MEMBERS
    wanted = orjson.dumps([str(each) for each in group_ids]).decode()
    given = encoded((current_tenant().id, wanted, most), dialect)
    found: dict[UUID, list[UUID]] = {each: [] for each in group_ids}
    for row in await connections.get("default").execute_query_dict(statement, given):
        found[connection.uuid(row["group_id"])].append(connection.uuid(row["user_id"]))
    return found
