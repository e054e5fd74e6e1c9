"""``/Groups``: the groups of the tenant (RFC 7643 section 4.2, RFC 7644 section 3)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final
from uuid import UUID

from scim2_models import Context, Meta, PatchOp, Reference, SearchRequest

from authgate import storage
from authgate.installation import Installation
from authgate.provisioning import groups as provisioning
from authgate.provisioning.groups import MOST_MEMBERS
from authgate.scim import member_changes
from authgate.scim.asks import Ask, Outcome, dumped, row_id, told
from authgate.scim.errors import not_found
from authgate.scim.filters import selection
from authgate.scim.lists import listed
from authgate.scim.member_changes import Change, Op, nobody
from authgate.scim.people import tag
from authgate.scim.places import url
from authgate.scim.queries import Shown, query, shown, shows
from authgate.scim.resources import POLICY, Group, Member
from authgate.storage.people import group_directory, group_members, groups
from authgate.storage.people.group_directory import ATTRIBUTES
from authgate.storage.people.group_members import MOST_AT_ONCE
from authgate.storage.people.groups import Group as StoredGroup
from authgate.storage.people.groups import GroupDraft

_SEARCH = SearchRequest[Group]
_MOST_TOLD: Final = 1000
_MOST_TOLD_IN_LISTS: Final = 100

After = Callable[[Group], Group]
"""What is said of a group, which was like this before."""


class Groups:
    """Does what is asked of groups."""

    def __init__(self, parts: Installation) -> None:
        self._parts = parts
        self._clock = parts.clock

    async def listed(self, ask: Ask, said: Mapping[str, Any]) -> Outcome:
        """Some of them."""
        asked = query(said, _SEARCH)
        which = selection(asked.filter, ATTRIBUTES, str(Group.__schema__))

        async def written(found: Sequence[StoredGroup]) -> list[Mapping[str, Any]]:
            whole = await _whole(found, asked.shown, most=_MOST_TOLD_IN_LISTS)
            return [dumped(each, asked.shown) for each in whole]

        return await listed(group_directory.GROUPS, which, asked, written)

    async def created(self, ask: Ask) -> Outcome:
        """A new one, with its members."""
        said = Group.model_validate(
            ask.said, scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=POLICY
        )
        parameters = shown(ask.query, _SEARCH)
        async with storage.transaction():
            draft = GroupDraft(said.display_name or "", said.external_id or None)
            made = await provisioning.add_group(draft, actor=ask.caller.actor)
            await self._change(ask, made.id, [Change(Op.add, _members(said))])
            found = await _read(made.id, parameters)
        return told(found, 201, parameters)

    async def read(self, ask: Ask, resource_id: str) -> Outcome:
        """One of them."""
        parameters = shown(ask.query, _SEARCH)
        return told(await _read(row_id(resource_id), parameters), parameters=parameters)

    async def replaced(self, ask: Ask, resource_id: str) -> Outcome:
        """One of them is as is said; its members are what they were where nothing is said of
        them."""
        said = Group.model_validate(
            ask.said, scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST, scim_policy=POLICY
        )
        members = said.members is not None
        changes = [Change(Op.replace_, _members(said))] if members else []
        return await self._changed(ask, resource_id, lambda _: said, changes)

    async def patched(self, ask: Ask, resource_id: str) -> Outcome:
        """Something of one of them is another way."""
        patch = PatchOp[Group].model_validate(
            ask.patch(), scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
        )
        split = member_changes.split(patch)

        def after(before: Group) -> Group:
            if split.rest:
                now = before.model_copy(deep=True)
                rest = patch.model_copy(update={"operations": list(split.rest)})
                rest.patch(now, scim_policy=POLICY)
                return now
            return before

        return await self._changed(ask, resource_id, after, split.changes)

    async def removed(self, ask: Ask, resource_id: str) -> Outcome:
        """One of them is gone; its people stay."""
        group_id = row_id(resource_id)
        async with storage.transaction():
            ask.refuse_other(_resource(await _held(group_id)))
            await provisioning.delete_group(group_id, actor=ask.caller.actor)
        return Outcome(204)

    async def _changed(
        self, ask: Ask, resource_id: str, after: After, changes: Sequence[Change]
    ) -> Outcome:
        parameters, group_id = shown(ask.query, _SEARCH), row_id(resource_id)
        async with storage.transaction():
            group = await _held(group_id)
            before = _resource(group)
            ask.refuse_other(before)
            wanted = after(before)
            # What its members are to applications is no other directory's to say.
            draft = group.draft()._replace(
                display_name=wanted.display_name or "", external_id=wanted.external_id or None
            )
            await provisioning.change_group(self._parts, group_id, draft, actor=ask.caller.actor)
            await self._change(ask, group_id, changes)
            found = await _read(group_id, parameters)
        return told(found, parameters=parameters)

    async def _change(self, ask: Ask, group_id: UUID, changes: Sequence[Change]) -> None:
        for each in changes:
            if each.op is Op.replace_:
                here = await group_members.ids(group_id, most=MOST_MEMBERS)
                await self._remove(ask, group_id, set(here) - set(each.user_ids))
            if each.op is Op.remove:
                await self._remove(ask, group_id, each.user_ids)
            else:
                await self._add(ask, group_id, each.user_ids)

    async def _add(self, ask: Ask, group_id: UUID, user_ids: Sequence[UUID]) -> None:
        for some in _parts(user_ids):
            await provisioning.add_members(
                group_id, some, now=self._clock(), actor=ask.caller.actor
            )
            missing = set(some) - await group_members.among(group_id, some)
            if missing:
                raise nobody(min(missing))

    async def _remove(self, ask: Ask, group_id: UUID, user_ids: Sequence[UUID] | set[UUID]) -> None:
        for some in _parts(user_ids):
            await provisioning.remove_members(
                group_id, some, now=self._clock(), actor=ask.caller.actor
            )


def _parts(user_ids: Sequence[UUID] | set[UUID]) -> Iterator[list[UUID]]:
    left = iter(dict.fromkeys(user_ids))
    while some := list(islice(left, MOST_AT_ONCE)):
        yield some


def _members(of: Group) -> list[UUID]:
    return member_changes.said([{"value": each.value} for each in of.members or ()])


async def _held(group_id: UUID) -> StoredGroup:
    group = await groups.held(group_id)
    if group is None:
        raise not_found()
    return group


async def _read(group_id: UUID, asked: Shown) -> Group:
    group = await groups.find(group_id)
    if group is None:
        raise not_found()
    (found,) = await _whole([group], asked, most=_MOST_TOLD)
    return found


async def _whole(found: Sequence[StoredGroup], asked: Shown, *, most: int) -> list[Group]:
    """Groups with their members, where they are no more than so many and are asked for."""
    wanted = [each.id for each in found] if shows(asked, "members") else []
    members = await group_directory.members(wanted, most=most + 1) if wanted else {}
    fitting = {group_id: each for group_id, each in members.items() if len(each) <= most}
    return [_resource(each, fitting.get(each.id, ())) for each in found]


def _resource(group: StoredGroup, members: Sequence[UUID] = ()) -> Group:
    meta = Meta(
        resource_type="Group",
        created=group.created_at,
        last_modified=group.updated_at,
        location=url("Groups", str(group.id)),
    )
    found = Group(
        id=str(group.id),
        external_id=group.external_id,
        display_name=group.display_name,
        meta=meta,
    )
    meta.version = tag(found)
    found.members = [_member(each) for each in members] or None
    return found


def _member(user_id: UUID) -> Member:
    place = url("Users", str(user_id))
    return Member(value=str(user_id), ref=Reference(place), type=Member.Type.user)
