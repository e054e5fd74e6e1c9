"""``/admin/groups``: groups of the tenant's people, and the roles that they give."""

from collections.abc import Mapping
from urllib.parse import urlencode

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from authgate import provisioning
from authgate.accounts.standing import actor
from authgate.admin.console import frame, list_search, metadata_fields
from authgate.admin.console.administrators import refuse_guest
from authgate.admin.console.frame import ROOT, Console, done, id_in_address, with_query
from authgate.languages import text
from authgate.permissions import Area, reads, writes
from authgate.provisioning import TooManyMembers
from authgate.provisioning import groups as fitness
from authgate.storage.paging import BadCursor, Order
from authgate.storage.people import group_members, groups, users
from authgate.storage.people.groups import Group, GroupDraft, GroupTaken
from authgate.storage.people.users import User
from authgate.web.console_view_models import Done
from authgate.web.group_view_models import (
    GroupFields,
    GroupFormPage,
    GroupLine,
    GroupPage,
    GroupsPage,
    MemberLine,
)

_HERE = "/groups"
_ONE = f"{ROOT}{_HERE}/<row_id>"
_PER_PAGE = 25
_LONGEST_SEARCH = 100
_LONGEST_LOGIN = 254
_TAKEN = text("Another group has this name or this external id.")


class GroupPages:
    """The tenant's groups."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("groups")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.GROUPS))
        routes.get(f"{ROOT}{_HERE}/new", self.begin, writes(Area.GROUPS))
        routes.post(f"{ROOT}{_HERE}/new", self.create, writes(Area.GROUPS))
        routes.get(_ONE, self.look, reads(Area.GROUPS))
        routes.get(f"{_ONE}/edit", self.edit, writes(Area.GROUPS))
        routes.post(f"{_ONE}/edit", self.change, writes(Area.GROUPS))
        routes.post(f"{_ONE}/delete", self.delete, writes(Area.GROUPS))
        routes.post(f"{_ONE}/members", self.add, writes(Area.GROUPS))
        routes.post(f"{_ONE}/members/<user_id>", self.remove, writes(Area.GROUPS))
        return routes.blueprint

    async def show(self) -> Response:
        """Some of them, by their names."""
        search = list_search.plain(request.args.get("search", ""), _LONGEST_SEARCH)
        cursor = request.args.get("cursor") or None
        try:
            found = await groups.page(
                search, Order.of("canonical_name"), cursor=cursor, limit=_PER_PAGE
            )
        except BadCursor as error:
            raise BadRequest from error
        counts = await group_members.counts([each.id for each in found.rows])
        content = GroupsPage(
            frame=await self._console.frame(),
            action=frame.url(_HERE),
            new_url=frame.url(f"{_HERE}/new"),
            groups=[_line(each, counts.get(each.id, 0)) for each in found.rows],
            search=search,
            next_url=_beside(_HERE, found.next, search),
            previous_url=_beside(_HERE, found.previous, search),
        )
        return self._console.show("groups.html", content)

    async def begin(self) -> Response:
        """An empty form."""
        refuse_guest()
        return await self._form(GroupFields(), {})

    async def create(self) -> Response:
        """Begin a group, or show again what was typed."""
        refuse_guest()
        said = _typed(await request.form)
        if faults := fitness.faults(_draft(said)):
            return await self._form(said, faults)
        try:
            group = await provisioning.add_group(_draft(said), actor=actor())
        except GroupTaken:
            return await self._form(said, {"display_name": _TAKEN})
        return done(f"{_HERE}/{group.id}", Done.GROUP_SAVED)

    async def look(self, row_id: str) -> Response:
        """A group, and some of who belongs to it."""
        return await self._group(await _named(row_id))

    async def edit(self, row_id: str) -> Response:
        """A group as it is."""
        refuse_guest()
        group = await _named(row_id)
        return await self._form(_fields(group), {}, group)

    async def change(self, row_id: str) -> Response:
        """Have it be so, or show again what was typed; nothing over what somebody else has stored
        since it was shown."""
        refuse_guest()
        group, form = await _held(row_id), await request.form
        if form.get("version") != _version(group):
            return await self._form(_fields(group), {}, group, changed_meanwhile=True)
        said = _typed(form)
        if faults := fitness.faults(_draft(said)):
            return await self._form(said, faults, group)
        try:
            await provisioning.change_group(
                self._console.parts, group.id, _draft(said), actor=actor()
            )
        except GroupTaken:
            return await self._form(said, {"display_name": _TAKEN}, group)
        return done(f"{_HERE}/{group.id}", Done.GROUP_SAVED)

    async def delete(self, row_id: str) -> Response:
        """Remove it."""
        refuse_guest()
        group, form = await _held(row_id), await request.form
        if form.get("version") != _version(group):
            return done(f"{_HERE}/{group.id}", Done.NOTHING)
        await provisioning.delete_group(group.id, actor=actor())
        return done(_HERE, Done.GROUP_DELETED)

    async def add(self, row_id: str) -> Response:
        """Have whoever has this name or address belong to it."""
        refuse_guest()
        group, form = await _named(row_id), await request.form
        login = list_search.plain(form.get("login", ""), _LONGEST_LOGIN)
        person = await users.find_by_login(login) if login else None
        if person is None or person.is_guest:
            return await self._group(group, login, text("Nobody has this name."))
        try:
            await provisioning.add_members(
                group.id, [person.id], now=self._console.now(), actor=actor()
            )
        except TooManyMembers as error:
            return await self._group(group, login, str(error))
        return done(f"{_HERE}/{group.id}", Done.MEMBER_ADDED)

    async def remove(self, row_id: str, user_id: str) -> Response:
        """Have somebody not belong to it any more."""
        refuse_guest()
        group = await _named(row_id)
        gone = await provisioning.remove_members(
            group.id, [id_in_address(user_id)], now=self._console.now(), actor=actor()
        )
        if not gone:
            raise NotFound
        return done(f"{_HERE}/{group.id}", Done.MEMBER_REMOVED)

    async def _group(self, group: Group, login: str = "", fault: str = "") -> Response:
        cursor = request.args.get("cursor") or None
        try:
            found = await group_members.page(group.id, cursor=cursor, limit=_PER_PAGE)
        except BadCursor as error:
            raise BadRequest from error
        here = f"{_HERE}/{group.id}"
        content = GroupPage(
            frame=await self._console.frame(),
            list_url=frame.url(_HERE),
            edit_url=frame.url(f"{here}/edit"),
            add_action=frame.url(f"{here}/members"),
            group=_line(group, await group_members.count(group.id)),
            people=[_member(group, each) for each in found.rows],
            login=login,
            fault=fault,
            next_url=_beside(here, found.next),
            previous_url=_beside(here, found.previous),
        )
        return self._console.show("group.html", content, 400 if fault else 200)

    async def _form(
        self,
        fields: GroupFields,
        faults: Mapping[str, str],
        group: Group | None = None,
        *,
        changed_meanwhile: bool = False,
    ) -> Response:
        here = frame.url(f"{_HERE}/{group.id}" if group else _HERE)
        content = GroupFormPage(
            frame=await self._console.frame(),
            action=f"{here}/edit" if group else f"{here}/new",
            list_url=frame.url(_HERE),
            cancel_url=here,
            fields=fields,
            name=group.display_name if group else "",
            faults=faults,
            delete_action=f"{here}/delete" if group else None,
            version=_version(group) if group else "",
            changed_meanwhile=changed_meanwhile,
        )
        status = 409 if changed_meanwhile else 400 if faults else 200
        return self._console.show("group_form.html", content, status)


async def _named(row_id: str) -> Group:
    group = await groups.find(id_in_address(row_id))
    if group is None:
        raise NotFound
    return group


async def _held(row_id: str) -> Group:
    """The group of this address, until the end of the request. Raises ``NotFound``."""
    group = await groups.held(id_in_address(row_id))
    if group is None:
        raise NotFound
    return group


def _version(group: Group) -> str:
    return group.updated_at.isoformat()


def _beside(path: str, cursor: str | None, search: str = "") -> str | None:
    if cursor is None:
        return None
    said = {"search": search} if search else {}
    return with_query(frame.url(path), urlencode({**said, "cursor": cursor}))


def _line(group: Group, members: int) -> GroupLine:
    return GroupLine(
        url=frame.url(f"{_HERE}/{group.id}"),
        name=group.display_name,
        description=group.description,
        roles=group.roles,
        members=members,
    )


def _member(group: Group, user: User) -> MemberLine:
    return MemberLine(
        action=frame.url(f"{_HERE}/{group.id}/members/{user.id}"),
        username=user.username,
        name=user.name,
        email=user.email or "",
        disabled=not user.is_active,
    )


def _fields(group: Group) -> GroupFields:
    return GroupFields(
        group.display_name, group.external_id or "", group.description, "\n".join(group.roles)
    )


def _typed(form: Mapping[str, str]) -> GroupFields:
    return GroupFields(
        display_name=form.get("display_name", "").strip(),
        external_id=form.get("external_id", "").strip(),
        description=form.get("description", "").strip(),
        roles=form.get("roles", ""),
    )


def _draft(said: GroupFields) -> GroupDraft:
    return GroupDraft(
        said.display_name,
        said.external_id or None,
        said.description,
        metadata_fields.lines(said.roles),
    )
