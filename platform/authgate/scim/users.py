"""``/Users``: the people of the tenant (RFC 7644 section 3)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scim2_models import Context, PatchOp, SearchRequest

from authgate import storage
from authgate.clock import Clock
from authgate.provisioning import provisioned_users
from authgate.scim import people
from authgate.scim.asks import Ask, Outcome, dumped, row_id, told
from authgate.scim.errors import not_found
from authgate.scim.filters import selection
from authgate.scim.lists import listed
from authgate.scim.queries import query, shown
from authgate.scim.resources import POLICY, User
from authgate.storage.people import directory, group_members
from authgate.storage.people.directory import ATTRIBUTES, Entry, Profile

_SEARCH = SearchRequest[User]
_MOST_GROUPS = 100
"""Groups that are told of a person."""

After = Callable[[User], Profile]
"""What is said of somebody, who was like this before."""


class Users:
    """Does what is asked of people."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    async def listed(self, ask: Ask, said: Mapping[str, Any]) -> Outcome:
        """Some of them."""
        asked = query(said, _SEARCH)
        which = selection(asked.filter, ATTRIBUTES, str(User.__schema__))

        async def written(entries: Sequence[Entry]) -> list[Mapping[str, Any]]:
            return [dumped(people.resource(each), asked.shown) for each in entries]

        return await listed(directory.PEOPLE, which, asked, written)

    async def created(self, ask: Ask) -> Outcome:
        """A new one."""
        said = User.model_validate(
            ask.said, scim_ctx=Context.RESOURCE_CREATION_REQUEST, scim_policy=POLICY
        )
        parameters = shown(ask.query, _SEARCH)
        caller = ask.caller
        async with storage.transaction():
            made = await provisioned_users.add(
                people.profile(said), trusts_email=caller.trusts_emails, by=caller.authority
            )
        return told(people.resource(made), 201, parameters)

    async def read(self, ask: Ask, resource_id: str) -> Outcome:
        """One of them."""
        parameters = shown(ask.query, _SEARCH)
        entry = await directory.find(row_id(resource_id))
        if entry is None:
            raise not_found()
        return told(await _whole(entry), parameters=parameters)

    async def replaced(self, ask: Ask, resource_id: str) -> Outcome:
        """One of them is as is said, all of it (section 3.5.1)."""
        said = User.model_validate(
            ask.said, scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST, scim_policy=POLICY
        )
        return await self._changed(
            ask, resource_id, lambda before: people.profile(said, active=before.active is True)
        )

    async def patched(self, ask: Ask, resource_id: str) -> Outcome:
        """Something of one of them is another way (section 3.5.2)."""
        patch = PatchOp[User].model_validate(
            ask.patch(), scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
        )

        def after(before: User) -> Profile:
            now = before.model_copy(deep=True)
            patch.patch(now, scim_policy=POLICY)
            return people.profile_after(now, before)

        return await self._changed(ask, resource_id, after)

    async def removed(self, ask: Ask, resource_id: str) -> Outcome:
        """One of them is gone."""
        user_id, by = row_id(resource_id), ask.caller.authority
        async with storage.transaction():
            entry = await provisioned_users.held(user_id, by=by)
            if entry is None:
                raise not_found()
            ask.refuse_other(people.resource(entry))
            await provisioned_users.remove(user_id, by=by, now=self._clock())
        return Outcome(204)

    async def _changed(self, ask: Ask, resource_id: str, after: After) -> Outcome:
        parameters, caller = shown(ask.query, _SEARCH), ask.caller
        async with storage.transaction():
            entry = await provisioned_users.held(row_id(resource_id), by=caller.authority)
            if entry is None:
                raise not_found()
            before = people.resource(entry)
            ask.refuse_other(before)
            changed = await provisioned_users.change(
                entry,
                after(before),
                trusts_email=caller.trusts_emails,
                by=caller.authority,
                now=self._clock(),
            )
        return told(await _whole(changed), parameters=parameters)


async def _whole(entry: Entry) -> User:
    groups = await group_members.groups_of(entry.id, most=_MOST_GROUPS)
    return people.resource(entry, groups)
