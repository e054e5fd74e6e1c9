"""``/admin/users/selected``: the same done to several people, once it is said to which."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from quart import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from authgate.accounts.standing import require
from authgate.admin.console import frame, list_search, user_lines
from authgate.admin.console.administrators import authority, refuse_guest
from authgate.admin.console.frame import ROOT, Console
from authgate.admin.console.user_found import FoundPeople
from authgate.admin.console.user_lines import EACH
from authgate.admin.console.user_search import PATH, UserSearch
from authgate.languages import text
from authgate.permissions import Area, writes
from authgate.provisioning import UnknownGroup, UnknownUser, user_selection
from authgate.provisioning.user_selection import MOST, Selection, Told
from authgate.storage.paging import Order
from authgate.storage.people import groups, users
from authgate.storage.people.users import User
from authgate.vocabulary import UserAct
from authgate.web import row_ids
from authgate.web.console_view_models import Done
from authgate.web.user_selection_view_models import (
    OutcomeLine,
    UserOutcomesPage,
    UserSelectionPage,
)
from authgate.web.user_view_models import GroupLink

_HERE = f"{PATH}/selected"
_BY_PEOPLE = (UserAct.DELETE, UserAct.ADD_TO_GROUP, UserAct.INVITE)
"""What guests do to nobody."""


class UserSelectionPages:
    """Asks whether it is meant, then does it, and tells what came of it for each."""

    def __init__(self, *, console: Console) -> None:
        self._console = console
        self._found = FoundPeople(console=console)

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("user-selection")
        routes.post(f"{ROOT}{_HERE}", self.act, writes(Area.USERS))
        return routes.blueprint

    async def act(self) -> Response:
        """Show to whom it would be done; do it where that was shown already."""
        form = await request.form
        asked, act = UserSearch.read(list_search.returned(form)), _act(form)
        if act is UserAct.ADD_TO_GROUP:
            require(writes(Area.GROUPS))
        if act in _BY_PEOPLE:
            refuse_guest()
        if act is UserAct.DELETE:
            self._console.require_recent_sign_in(f"{ROOT}{PATH}")
        selection = Selection(self._console.parts, act, _group(form), authority())
        if form.get("all") == "1":
            choices = await _groups() if act is UserAct.ADD_TO_GROUP else ()
            return await self._found.act(asked, selection, form, choices)
        found = await users.find_many(_named(form))
        if not found:
            return asked.back(Done.NOTHING_SELECTED)
        if form.get("sure") != "1":
            return await self._question(asked, act, found)
        return await self._done(asked, selection, found)

    async def _done(
        self, asked: UserSearch, selection: Selection, found: Sequence[User]
    ) -> Response:
        act = selection.act
        try:
            told = await user_selection.act_on_users(selection, [each.id for each in found])
        except UnknownUser:
            return asked.back(Done.NOTHING)
        except UnknownGroup:
            return await self._question(asked, act, found, text("Choose a group."))
        return await self._outcomes(asked, act, told)

    async def _question(
        self, asked: UserSearch, act: UserAct, found: Sequence[User], fault: str = ""
    ) -> Response:
        content = UserSelectionPage(
            frame=await self._console.frame(),
            act=act,
            action=frame.url(_HERE),
            cancel_url=asked.url(cursor=asked.cursor),
            list=asked.here(),
            users=[user_lines.line(each, selectable=True) for each in found],
            groups=await _groups() if act is UserAct.ADD_TO_GROUP else (),
            fault=fault,
        )
        return self._console.show("user_selection.html", content, 400 if fault else 200)

    async def _outcomes(self, asked: UserSearch, act: UserAct, told: Sequence[Told]) -> Response:
        content = UserOutcomesPage(
            frame=await self._console.frame(),
            act=act,
            list_url=frame.url(PATH),
            back_url=asked.url(cursor=asked.cursor),
            lines=[OutcomeLine(each.username, each.outcome, each.fault) for each in told],
        )
        return self._console.show("user_outcomes.html", content)


def _act(form: Mapping[str, str]) -> UserAct:
    try:
        return UserAct(form.get("act", ""))
    except ValueError as error:
        raise BadRequest from error


def _named(form: Mapping[str, str]) -> Collection[UUID]:
    """Whom the form names. Raises ``BadRequest``."""
    named = [name.removeprefix(EACH) for name in form if name.startswith(EACH)]
    if len(named) > MOST:
        raise BadRequest
    try:
        return [row_ids.read(each) for each in named]
    except ValueError as error:
        raise BadRequest from error


def _group(form: Mapping[str, str]) -> UUID | None:
    try:
        return row_ids.read(form.get("group", ""))
    except ValueError:
        return None


async def _groups() -> Sequence[GroupLink]:
    page = await groups.page("", Order.of("canonical_name"), limit=MOST)
    return [GroupLink(each.display_name, str(each.id)) for each in page.rows]
