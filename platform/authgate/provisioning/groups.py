"""How groups begin, change and end, and who belongs to them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from authgate import audit, storage
from authgate.audit import SYSTEM, Actor, Event
from authgate.installation import Installation
from authgate.languages import text
from authgate.provisioning.tenants import change_tenant
from authgate.storage.people import group_members, groups
from authgate.storage.people.group_members import MOST_AT_ONCE
from authgate.storage.people.groups import (
    LONGEST_DESCRIPTION,
    LONGEST_EXTERNAL_ID,
    LONGEST_NAME,
    Group,
    GroupDraft,
)
from authgate.storage.people.usernames import BadUsername, canonical
from authgate.tokens.scopes import MalformedScope, parse
from authgate_tenants import TenantSettings, current_tenant, lifecycle

MOST_MEMBERS = 100_000
"""People who belong to one group."""

MOST_GROUPS_OF_USER = 1000
"""Groups that one person belongs to: whoever is given a token has all of them looked at."""

MOST_ROLES = 50
"""Roles that one group gives."""

_SAID = 100
"""People whom one event names."""


class UnknownGroup(LookupError):
    """The tenant has no such group."""


class UnfitGroup(ValueError):
    """Something about a group that cannot be; ``field`` is what would have to be another."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(fault)
        self.field = field


class TooManyMembers(ValueError):
    """More people than belong to one group, or more groups than one person belongs to. The text may
    be told."""


async def add_group(draft: GroupDraft, *, actor: Actor = SYSTEM) -> Group:
    """Begin a group of the current tenant. Raises ``UnfitGroup``, ``GroupTaken`` and
    ``QuotaReached``."""
    check(draft)
    async with storage.savepoint():
        group = await groups.create(draft)
        await _record(Event.GROUP_CREATED, group, actor, _said(draft))
    return group


async def change_group(
    parts: Installation, group_id: UUID, draft: GroupDraft, *, actor: Actor = SYSTEM
) -> Group:
    """Have a group be so from now on. Raises ``UnknownGroup``, ``UnfitGroup`` and
    ``GroupTaken``."""
    check(draft)
    async with storage.savepoint():
        former = await _held(group_id)
        was, becomes = _said(former.draft()), _said(draft)
        if was == becomes:
            return former
        await groups.change(group_id, draft)
        group = await _held(group_id)
        changed = {each for each in was if was[each] != becomes[each]}
        told = {
            "was": {each: was[each] for each in sorted(changed)},
            "is": {each: becomes[each] for each in sorted(changed)},
        }
        await _record(Event.GROUP_UPDATED, group, actor, told)
        if "display_name" in changed:
            await _follow(parts, former.display_name, group.display_name, actor)
    return group


async def _follow(parts: Installation, former: str, name: str, actor: Actor) -> None:
    """Have the tenant's settings name the group as it is called now: whose people have to show a
    second factor have to whatever a directory calls them."""

    def changed(before: TenantSettings) -> TenantSettings:
        known = before.second_factor_groups
        called = [name if canonical(each) == canonical(former) else each for each in known]
        return replace(before, second_factor_groups=tuple(called))

    if any(canonical(each) == canonical(former) for each in await _named_by_settings()):
        comment = f"Group {former} is called {name}"
        await change_tenant(parts, current_tenant(), change=changed, comment=comment, actor=actor)


async def _named_by_settings() -> Collection[str]:
    stored = await lifecycle.find(current_tenant().id)
    return TenantSettings.from_json(stored.settings).second_factor_groups


async def delete_group(group_id: UUID, *, actor: Actor = SYSTEM) -> None:
    """Have a group be no more; its people stay. Raises ``UnknownGroup``."""
    async with storage.transaction():
        group = await _held(group_id)
        members = await group_members.count(group_id)
        await group_members.clear(group_id)
        await groups.delete(group_id)
        told = {"was": _said(group.draft()), "members": members}
        await _record(Event.GROUP_DELETED, group, actor, told)


async def add_members(
    group_id: UUID, user_ids: Collection[UUID], *, now: datetime, actor: Actor = SYSTEM
) -> set[UUID]:
    """Have people belong to a group: who did not do so before. Of whom there is nobody, and guests
    of the installation, are left out.

    At most ``MOST_AT_ONCE`` at once. Raises ``UnknownGroup`` and ``TooManyMembers``.
    """
    _refuse_crowd(user_ids)
    async with storage.savepoint():
        group = await _held(group_id)
        added = await group_members.add(group_id, user_ids, now=now)
        if added:
            await _refuse_too_many(group_id, added)
            await _members_changed(Event.GROUP_MEMBERS_ADDED, group, added, actor, now)
    return added


async def remove_members(
    group_id: UUID, user_ids: Collection[UUID], *, now: datetime, actor: Actor = SYSTEM
) -> set[UUID]:
    """Have people not belong to a group: who did so before.

    At most ``MOST_AT_ONCE`` at once. Raises ``UnknownGroup`` and ``TooManyMembers``.
    """
    _refuse_crowd(user_ids)
    async with storage.transaction():
        group = await _held(group_id)
        removed = await group_members.remove(group_id, user_ids)
        if removed:
            await _members_changed(Event.GROUP_MEMBERS_REMOVED, group, removed, actor, now)
    return removed


async def refuse_unknown(group_id: UUID | None) -> None:
    """Raises ``UnknownGroup`` where the tenant has no such group."""
    if group_id is None or await groups.find(group_id) is None:
        raise UnknownGroup(str(group_id or ""))


def check(draft: GroupDraft) -> None:
    """Raises ``UnfitGroup`` for the first fault."""
    for field, fault in faults(draft).items():
        raise UnfitGroup(field, fault)


def faults(draft: GroupDraft) -> dict[str, str]:
    """Every fault, by the field that would have to be another."""
    found: dict[str, str] = {}
    for field, fault in _faults(draft):
        found.setdefault(field, fault)
    return found


def _faults(draft: GroupDraft) -> Iterator[tuple[str, str]]:
    try:
        longest = max(len(draft.display_name), len(canonical(draft.display_name)))
    except BadUsername as error:
        yield "display_name", str(error)
    else:
        if longest > LONGEST_NAME:
            yield (
                "display_name",
                text("The name has at most %(most)s characters.", most=LONGEST_NAME),
            )
    if draft.external_id is not None and not _is_text(draft.external_id, LONGEST_EXTERNAL_ID):
        fault = text(
            "The external id has 1 to %(most)s printable characters.", most=LONGEST_EXTERNAL_ID
        )
        yield "external_id", fault
    if draft.description and not _is_text(draft.description, LONGEST_DESCRIPTION):
        fault = text(
            "The description has at most %(most)s characters, on one line.",
            most=LONGEST_DESCRIPTION,
        )
        yield "description", fault
    if len(draft.roles) > MOST_ROLES or len(set(draft.roles)) < len(draft.roles):
        yield "roles", text("A group gives at most %(most)s roles, each once.", most=MOST_ROLES)
    if not all(map(_is_role, draft.roles)):
        yield "roles", text("A role's name is 1 to 100 visible ASCII characters without \" and \\.")


def _is_text(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable()


def _is_role(name: str) -> bool:
    try:
        return parse(name) == (name,)
    except MalformedScope:
        return False


def _refuse_crowd(user_ids: Collection[UUID]) -> None:
    if len(user_ids) > MOST_AT_ONCE:
        raise TooManyMembers(
            text("At most %(most)s people are added or removed at once.", most=MOST_AT_ONCE)
        )


async def _refuse_too_many(group_id: UUID, added: Collection[UUID]) -> None:
    if await group_members.count(group_id) > MOST_MEMBERS:
        raise TooManyMembers(text("At most %(most)s people belong to a group.", most=MOST_MEMBERS))
    if await group_members.too_many(added, most=MOST_GROUPS_OF_USER):
        raise TooManyMembers(
            text("Nobody belongs to more than %(most)s groups.", most=MOST_GROUPS_OF_USER)
        )


async def _held(group_id: UUID) -> Group:
    group = await groups.held(group_id)
    if group is None:
        raise UnknownGroup(str(group_id))
    return group


def _said(draft: GroupDraft) -> dict[str, Any]:
    return draft._asdict() | {"roles": list(draft.roles)}


async def _members_changed(
    event: Event, group: Group, changed: Collection[UUID], actor: Actor, now: datetime
) -> None:
    await groups.touch(group.id, now=now)
    people = sorted(map(str, changed))
    for first in range(0, len(people), _SAID):
        told = {"group": group.display_name, "members": people[first : first + _SAID]}
        await _record(event, group, actor, told)


async def _record(event: Event, group: Group, actor: Actor, details: Mapping[str, Any]) -> None:
    await audit.record(event, actor=actor, resource=("group", str(group.id)), details=details)
