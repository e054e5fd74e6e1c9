"""``/announcements``: what the administrators of all tenants are told, for a while."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPMethod, HTTPStatus
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import Conflict, NotFound
from authgate.operator import acts
from authgate.tokens.operator_scopes import Scope
from authgate_tenants import announcements
from authgate_tenants.announcements import LONGEST, TooManyAnnouncements, UnknownAnnouncement

LONGEST_HOURS = 24 * 31


class AnnouncementCreation(Document):
    """What is to be told, and for how long."""

    model_config = exemplified(
        text="On Sunday from 2 to 3 UTC nobody can sign in.", urgent=False, hours=48
    )

    text: Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=r"^[^\x00]*$")]
    urgent: bool = False
    hours: Annotated[float, Field(gt=0, le=LONGEST_HOURS)] = 24
    """How long it is shown."""

    begins_at: AwareDatetime | None = None
    """From when on it is shown; at once where left out."""


class AnnouncementDocument(Document):
    """What the administrators of all tenants see in their consoles."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f90dddd",
        text="On Sunday from 2 to 3 UTC nobody can sign in.",
        urgent=False,
        begins_at="2026-03-02T09:12:44Z",
        ends_at="2026-03-04T09:12:44Z",
    )

    id: UUID
    text: str
    urgent: bool
    begins_at: datetime
    ends_at: datetime


class AnnouncementList(Document):
    """Those that are not over, the newest first."""

    items: Sequence[AnnouncementDocument]


async def list_announcements(call: Call[Nothing, Nothing]) -> Answer[AnnouncementList]:
    """List what administrators are told, or will be."""
    found = await announcements.coming(call.parts.clock())
    return Answer(AnnouncementList(items=[told(each, AnnouncementDocument) for each in found]))


async def announce(call: Call[Nothing, AnnouncementCreation]) -> Answer[AnnouncementDocument]:
    """Tell the administrators of all tenants something, in their consoles."""
    said = call.body
    try:
        made = await acts.announce(
            call.parts,
            said.text,
            urgent=said.urgent,
            begins_at=said.begins_at,
            lasts=timedelta(hours=said.hours),
            by=call.caller.actor,
        )
    except TooManyAnnouncements as error:
        raise Conflict(str(error)) from error
    return Answer(told(made, AnnouncementDocument))


async def end_announcement(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Tell it no longer."""
    try:
        await acts.end_announcement(call.uuid("announcement_id"), by=call.caller.actor)
    except UnknownAnnouncement as error:
        raise NotFound from error
    return Answer(None)


_READ, _WRITE = Scope.ANNOUNCEMENTS_READ, Scope.ANNOUNCEMENTS_WRITE
_ALL = "/announcements"

OPERATIONS = [
    operation(HTTPMethod.GET, _ALL, list_announcements, scope=_READ),
    operation(
        HTTPMethod.POST,
        _ALL,
        announce,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict],
    ),
    operation(
        HTTPMethod.DELETE,
        f"{_ALL}/{{announcement_id}}",
        end_announcement,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
    ),
]
