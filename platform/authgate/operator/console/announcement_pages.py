"""``/operator/announcements``: what the administrators of all tenants are told."""

from collections.abc import Mapping
from datetime import timedelta

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate.accounts.standing import actor
from authgate.languages import text, told
from authgate.operator import acts
from authgate.operator.console import frame
from authgate.operator.console.frame import OperatorConsole, done
from authgate.operator.places import CONSOLE
from authgate.permissions import OperatorArea, reads, writes
from authgate.web import row_ids
from authgate.web.console_view_models import Done
from authgate.web.operator_view_models import (
    AnnouncementFields,
    AnnouncementLine,
    AnnouncementsPage,
)
from authgate_tenants import announcements
from authgate_tenants.announcements import LONGEST, TooManyAnnouncements, UnknownAnnouncement

_PATH = "/announcements"
_HERE = f"{CONSOLE}{_PATH}"
_HOURS = (1, 4, 24, 72, 168, 720)


class AnnouncementPages:
    """What is told, and the form to tell something."""

    def __init__(self, *, console: OperatorConsole) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("announcements")
        routes.get(_HERE, self.show, reads(OperatorArea.ANNOUNCEMENTS))
        routes.post(_HERE, self.announce, writes(OperatorArea.ANNOUNCEMENTS))
        routes.post(f"{_HERE}/<row_id>/end", self.end, writes(OperatorArea.ANNOUNCEMENTS))
        return routes.blueprint

    async def show(self) -> Response:
        """Those that are not over, and the form."""
        return await self._page(AnnouncementFields())

    async def announce(self) -> Response:
        """Tell something from now on."""
        fields = _typed(await request.form)
        if not fields.text:
            return await self._page(fields, faults={"text": text("It has to be there.")})
        try:
            await acts.announce(
                self._console.parts,
                fields.text,
                urgent=fields.urgent,
                lasts=timedelta(hours=fields.hours),
                by=actor(),
            )
        except TooManyAnnouncements as error:
            return await self._page(fields, faults={"text": told(error)})
        return done(_PATH, Done.ANNOUNCED)

    async def end(self, row_id: str) -> Response:
        """Tell it no longer."""
        try:
            await acts.end_announcement(row_ids.read(row_id), by=actor())
        except (ValueError, UnknownAnnouncement) as error:
            raise NotFound from error
        return done(_PATH, Done.ANNOUNCEMENT_ENDED)

    async def _page(
        self, fields: AnnouncementFields, *, faults: Mapping[str, str] | None = None
    ) -> Response:
        now = self._console.now()
        content = AnnouncementsPage(
            frame=self._console.frame(),
            action=frame.url(_PATH),
            announcements=[
                AnnouncementLine(
                    text=each.text,
                    urgent=each.urgent,
                    begins_at=each.begins_at,
                    ends_at=each.ends_at,
                    shown=each.begins_at <= now,
                    end_action=frame.url(f"{_PATH}/{each.id}/end"),
                )
                for each in await announcements.coming(now)
            ],
            hours=_HOURS,
            fields=fields,
            faults=faults or {},
        )
        return self._console.show("announcements.html", content, 422 if faults else 200)


def _typed(form: Mapping[str, str]) -> AnnouncementFields:
    hours = form.get("hours", "")
    return AnnouncementFields(
        text=form.get("text", "").replace("\0", "").strip()[:LONGEST],
        hours=int(hours) if hours in {str(each) for each in _HOURS} else 24,
        urgent=form.get("urgent") == "1",
    )
