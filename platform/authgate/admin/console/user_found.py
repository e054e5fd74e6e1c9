"""The same done to everybody whom the list finds, on all of its pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from quart import Response
from werkzeug.exceptions import BadRequest

from authgate.admin.console import frame
from authgate.admin.console.frame import Console
from authgate.admin.console.user_search import PATH, UserSearch
from authgate.languages import text
from authgate.provisioning import UnknownGroup, found_people
from authgate.provisioning.found_people import Found, Step
from authgate.provisioning.user_selection import ActOutcome, Selection
from authgate.vocabulary import UserAct
from authgate.web import row_ids
from authgate.web.console_view_models import Done
from authgate.web.user_selection_view_models import (
    GoOn,
    OutcomeLine,
    UserOutcomesPage,
    UserSelectionPage,
)
from authgate.web.user_view_models import GroupLink

HERE = f"{PATH}/selected"
_MOST_LINES = 100


class FoundPeople:
    """Asks whether it is meant for so many, and does it by and by."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    async def act(
        self,
        asked: UserSearch,
        selection: Selection,
        form: Mapping[str, str],
        groups: Sequence[GroupLink],
    ) -> Response:
        """Show how many they are; do it where that was shown already, and nobody has come since."""
        if form.get("sure") != "1":
            return await self._question(asked, selection.act, groups)
        until, after = _moment(form.get("until", "")), row_ids.find(form.get("after", ""))
        if until is None:
            raise BadRequest
        if after is None:
            if selection.act is UserAct.DELETE and form.get("typed", "").strip() != form.get(
                "count"
            ):
                fault = text("That is not how many they are. Nobody was removed.")
                return await self._question(asked, selection.act, groups, fault)
            found = await found_people.find(asked.filter())
            if str(found.number) != form.get("count"):
                return await self._question(
                    asked, selection.act, groups, text("There are others of them now. Look again.")
                )
        try:
            step = await found_people.act_on_found(
                selection, asked.filter(), until=until, after=after
            )
        except UnknownGroup:
            return await self._question(asked, selection.act, groups, text("Choose a group."))
        return await self._outcomes(asked, step, form)

    async def _question(
        self, asked: UserSearch, act: UserAct, groups: Sequence[GroupLink], fault: str = ""
    ) -> Response:
        found: Found = await found_people.find(asked.filter())
        if found.newest is None:
            return asked.back(Done.NOTHING_SELECTED)
        content = UserSelectionPage(
            frame=await self._console.frame(),
            act=act,
            action=frame.url(HERE),
            cancel_url=asked.url(cursor=asked.cursor),
            list=asked.here(),
            users=(),
            everybody=found.number,
            until=found.newest.isoformat(),
            groups=groups,
            fault=fault,
        )
        return self._console.show("user_selection.html", content, 400 if fault else 200)

    async def _outcomes(self, asked: UserSearch, step: Step, form: Mapping[str, str]) -> Response:
        outcomes = [each.outcome for each in step.told]
        totals = {each.value: _number(form, each) + outcomes.count(each) for each in ActOutcome}
        refused = [each for each in step.told if each.fault][:_MOST_LINES]
        kept = {name: form[name] for name in ("act", "list", "group", "until") if name in form}
        more = {"all": "1", "sure": "1", "after": str(step.after), "count": form.get("count", "")}
        fields = {**kept, **more, **{name: str(number) for name, number in totals.items()}}
        content = UserOutcomesPage(
            frame=await self._console.frame(),
            act=form["act"],
            list_url=frame.url(PATH),
            back_url=asked.url(),
            lines=[OutcomeLine(each.username, each.outcome, each.fault) for each in refused],
            totals=totals,
            go_on=GoOn(frame.url(HERE), fields, _number(form, "count")) if step.after else None,
            is_cut=step.is_cut,
        )
        return self._console.show("user_outcomes.html", content)


def _moment(said: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _number(form: Mapping[str, str], name: str) -> int:
    said = form.get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
