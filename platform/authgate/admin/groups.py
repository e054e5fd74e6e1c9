"""``/groups``: groups of the tenant's people, the roles that they give, and who belongs to them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from authgate import provisioning, storage
from authgate.admin import people
from authgate.admin.people import UserDocument, UserList
from authgate.admin.places import BASE
from authgate.api import lists
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, MergePatch, operation, told
from authgate.api.problems import Conflict, Fault, Invalid, NotFound
from authgate.provisioning import TooManyMembers, UnfitGroup, UnknownGroup
from authgate.provisioning.groups import MOST_GROUPS_OF_USER, MOST_ROLES
from authgate.storage.paging import Order
from authgate.storage.people import group_members, groups, users
from authgate.storage.people.groups import (
    LONGEST_DESCRIPTION,
    LONGEST_EXTERNAL_ID,
    LONGEST_NAME,
    Group,
    GroupDraft,
    GroupTaken,
)
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import current_tenant

_Role = Annotated[str, Field(pattern=r"^[!#-\[\]-~]+$", max_length=100)]
_STAFF: dict[str, Any] = {
    "display_name": "Staff",
    "external_id": None,
    "description": "Everybody who works here",
    "roles": ["books:read"],
}


class GroupQuery(ListQuery):
    """Which groups are looked for, and in which order."""

    search: Annotated[str, Field(max_length=100)] = ""
    """A part of the name or the description."""

    sort: Literal["display_name", "-display_name", "created_at", "-created_at"] = "display_name"


class GroupSettings(Document):
    """What a group is like."""

    display_name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    """Once in a tenant, in whatever case."""

    external_id: Annotated[str, Field(min_length=1, max_length=LONGEST_EXTERNAL_ID)] | None = None
    """By what another directory knows it."""

    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION)] = ""
    roles: Annotated[Sequence[_Role], Field(max_length=MOST_ROLES)] = ()
    """What its members are to applications: the `roles` claim (RFC 9068 section 2.2.3.1)."""

    def draft(self) -> GroupDraft:
        """The same as a group is made of it."""
        return GroupDraft(self.display_name, self.external_id, self.description, self.roles)


class GroupCreation(GroupSettings):
    """A group to be."""

    model_config = exemplified(**_STAFF)


class GroupDocument(GroupSettings):
    """A group of people."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90aaaa",
        **_STAFF,
        members=12,
        created_at="2026-03-02T09:12:44Z",
        updated_at="2026-03-02T09:12:44Z",
    )

    id: UUID
    members: int
    """How many people belong to it."""

    created_at: datetime
    updated_at: datetime
    """When it was changed, or who belongs to it."""


class GroupList(ListDocument):
    """Groups."""

    items: Sequence[GroupDocument]


class GroupsOfUser(Document):
    """All groups that a person belongs to, by their names."""

    items: Sequence[GroupDocument]


class NewMember(Document):
    """Who is to belong to a group."""

    model_config = exemplified(user_id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90abcd")

    user_id: UUID


async def list_groups(call: Call[GroupQuery, Nothing]) -> Answer[GroupList]:
    """List groups."""
    asked = call.query
    order = Order.of(asked.sort.replace("display_name", "canonical_name"))
    cursor = await lists.opened(call)
    page = await groups.page(asked.search, order, cursor=cursor, limit=asked.limit)
    counts = await group_members.counts([each.id for each in page.rows])
    return await lists.answer(
        call, page, GroupList, lambda each: _document(each, counts.get(each.id, 0))
    )


async def create_group(call: Call[Nothing, GroupCreation]) -> Answer[GroupDocument]:
    """Begin a group, to which nobody belongs yet."""
    call.caller.refuse_guest()
    with _worded():
        group = await provisioning.add_group(call.body.draft(), actor=call.caller.actor)
    place = f"{current_tenant().issuer}{BASE}/groups/{group.id}"
    return Answer(_document(group, 0), ((b"location", place.encode("ascii")),))


async def read_group(call: Call[Nothing, Nothing]) -> Answer[GroupDocument]:
    """Read a group."""
    group = await groups.find(call.uuid("group_id"))
    if group is None:
        raise NotFound
    return Answer(await _counted(group))


async def change_group(call: Call[Nothing, MergePatch[GroupSettings]]) -> Answer[GroupDocument]:
    """Change a group.

    Introspection tells of it at once, tokens from the next one on.
    """
    call.caller.refuse_guest()
    async with storage.transaction():
        former = await _held(call)
        call.refuse_if_changed(await _counted(former))
        after = call.body.applied(told(former, GroupSettings))
        with _worded():
            group = await provisioning.change_group(
                call.parts, former.id, after.draft(), actor=call.caller.actor
            )
        return Answer(await _counted(group))


async def delete_group(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Remove a group. Its people stay."""
    call.caller.refuse_guest()
    async with storage.transaction():
        group = await _held(call)
        call.refuse_if_changed(await _counted(group), required=False)
        await provisioning.delete_group(group.id, actor=call.caller.actor)
    return Answer(None)


async def list_group_members(call: Call[ListQuery, Nothing]) -> Answer[UserList]:
    """List who belongs to a group, in the order in which they came."""
    group_id = call.uuid("group_id")
    if await groups.find(group_id) is None:
        raise NotFound
    cursor = await lists.opened(call)
    page = await group_members.page(group_id, cursor=cursor, limit=call.query.limit)
    return await lists.answer(call, page, UserList, lambda each: told(each, UserDocument))


async def add_group_member(call: Call[Nothing, NewMember]) -> Answer[UserDocument]:
    """Have a person belong to a group. It is the same where they do already."""
    call.caller.refuse_guest()
    async with storage.transaction():
        group = await _held(call)
        person = await users.held(call.body.user_id)
        if person is None or person.is_guest:
            raise Invalid(faults=[Fault("The tenant has nobody with this id.", "/user_id")])
        with _worded():
            await provisioning.add_members(
                group.id, [person.id], now=call.parts.clock(), actor=call.caller.actor
            )
    return Answer(told(person, UserDocument))


async def remove_group_member(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Have a person not belong to a group any more."""
    call.caller.refuse_guest()
    user_id = call.uuid("user_id")
    with _worded():
        gone = await provisioning.remove_members(
            call.uuid("group_id"), [user_id], now=call.parts.clock(), actor=call.caller.actor
        )
    if not gone:
        raise NotFound
    return Answer(None)


async def list_groups_of_user(call: Call[Nothing, Nothing]) -> Answer[GroupsOfUser]:
    """List the groups that a person belongs to."""
    person = await people.found(call)
    found = await group_members.groups_of(person.id, most=MOST_GROUPS_OF_USER)
    counts = await group_members.counts([each.id for each in found])
    return Answer(GroupsOfUser(items=[_document(each, counts.get(each.id, 0)) for each in found]))


async def _held(call: Call[Any, Any]) -> Group:
    group = await groups.held(call.uuid("group_id"))
    if group is None:
        raise NotFound
    return group


async def _counted(group: Group) -> GroupDocument:
    return _document(group, await group_members.count(group.id))


def _document(group: Group, members: int) -> GroupDocument:
    said = {name: getattr(group, name) for name in GroupDocument.model_fields if name != "members"}
    return GroupDocument(**said, members=members)


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except UnknownGroup as error:
        raise NotFound from error
    except UnfitGroup as error:
        raise Invalid(faults=[Fault(str(error), pointer=f"/{error.field}")]) from error
    except GroupTaken as error:
        raise Conflict("There is a group of this name, or of this external id.") from error
    except TooManyMembers as error:
        raise Conflict(str(error)) from error


_READ, _WRITE = Scope.GROUPS_READ, Scope.GROUPS_WRITE
_ONE, _MEMBERS = "/groups/{group_id}", "/groups/{group_id}/members"

OPERATIONS = [
    operation(HTTPMethod.GET, "/groups", list_groups, scope=_READ),
    operation(
        HTTPMethod.POST,
        "/groups",
        create_group,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_group, scope=_READ),
    operation(HTTPMethod.PATCH, _ONE, change_group, scope=_WRITE, problems=[Conflict]),
    operation(HTTPMethod.DELETE, _ONE, delete_group, scope=_WRITE, status=HTTPStatus.NO_CONTENT),
    operation(HTTPMethod.GET, _MEMBERS, list_group_members, scope=_READ),
    operation(HTTPMethod.POST, _MEMBERS, add_group_member, scope=_WRITE, problems=[Conflict]),
    operation(
        HTTPMethod.DELETE,
        f"{_MEMBERS}/{{user_id}}",
        remove_group_member,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
    ),
    operation(HTTPMethod.GET, "/users/{user_id}/groups", list_groups_of_user, scope=_READ),
]
