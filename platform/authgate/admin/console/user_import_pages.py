"""``/admin/users/import``: people who come by a file, for trial first."""

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from authgate.accounts.answers import see_other
from authgate.admin.console import frame
from authgate.admin.console.administrators import authority, may, refuse_guest
from authgate.admin.console.frame import ROOT, Console, done, id_in_address
from authgate.admin.console.user_search import PATH
from authgate.languages import by_plugin, text
from authgate.live import Kind, Topic
from authgate.permissions import Area, reads, writes
from authgate.provisioning import people_files, user_imports
from authgate.provisioning.import_lines import COLUMNS, UnfitColumns, asks_recently
from authgate.provisioning.people_files import People, UnfitFile
from authgate.provisioning.user_imports import LineTaken, UnfitImport, UnknownImport
from authgate.storage.people import user_imports as stored
from authgate.storage.people.user_imports import (
    MOST_AT_ONCE,
    ImportState,
    LineOutcome,
    UserImport,
)
from authgate.web.console_view_models import Done
from authgate.web.user_import_view_models import (
    ImportLine,
    ImportPage,
    ImportsPage,
    RefusedLine,
)

_HERE = f"{PATH}/import"
_ONE = f"{ROOT}{_HERE}/<row_id>"
_SHOWN = 100
_BESIDES = {"role": writes(Area.ROLES), "groups": writes(Area.GROUPS)}


class UserImportPages:
    """Takes files, and shows what came of each."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("user-import")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.USERS))
        routes.post(f"{ROOT}{_HERE}", self.send, writes(Area.USERS))
        routes.get(_ONE, self.look, reads(Area.USERS))
        routes.get(f"{_ONE}/live", self.live, reads(Area.USERS))
        routes.post(f"{_ONE}/start", self.start, writes(Area.USERS))
        return routes.blueprint

    async def show(self) -> Response:
        """A form for a file, and those that were sent."""
        return await self._all()

    async def send(self) -> Response:
        """Take a file, and go through it for trial."""
        refuse_guest()
        file = (await request.files).get("file")
        try:
            people = people_files.read(file.read() if file else b"")
            _refuse_columns(people)
            made = await self._kept(people)
        except (UnfitFile, UnfitColumns, UnfitImport, LineTaken) as error:
            return await self._all(str(error))
        return see_other(f"{ROOT}{_HERE}/{made.id}")

    async def look(self, row_id: str) -> Response:
        """How far it has come, and what came of it."""
        known = await self._found(row_id)
        here = frame.url(f"{_HERE}/{known.id}")
        page = await stored.lines(known.id, outcome=LineOutcome.REFUSED, limit=_SHOWN)
        may_start = known.is_tried and user_imports.is_of(known, authority())
        content = ImportPage(
            frame=await self._console.frame(),
            list_url=frame.url(PATH),
            all_url=frame.url(_HERE),
            here=here,
            start_action=f"{here}/start" if may_start else "",
            state=known.state,
            dry_run=known.dry_run,
            lines=known.lines,
            gone_through=known.gone_through,
            created=known.created,
            changed=known.changed,
            unchanged=known.unchanged,
            refused=known.refused,
            refusals=[
                RefusedLine(each.number, each.username, by_plugin(each.fault)) for each in page.rows
            ],
            live_url="" if known.state is ImportState.DONE else f"{here}/live",
        )
        return self._console.show("user_import.html", content)

    async def live(self, row_id: str) -> Response:
        """News of how far it has come."""
        known = await self._found(row_id)
        topic = Topic.here(Kind.USER_IMPORT, known.id)
        return self._console.streams.answer(topic, asks=reads(Area.USERS))

    async def start(self, row_id: str) -> Response:
        """Have it done."""
        refuse_guest()
        known = await self._found(row_id)
        if asks_recently(known.columns):
            self._console.require_recent_sign_in(f"{ROOT}{_HERE}/{known.id}")
        try:
            await user_imports.start(self._console.parts, known.id, dry_run=False, by=authority())
        except UnfitImport:
            return done(f"{_HERE}/{known.id}", Done.NOTHING)
        return see_other(f"{ROOT}{_HERE}/{known.id}")

    async def _kept(self, people: People) -> UserImport:
        parts, by = self._console.parts, authority()
        made = await user_imports.begin(parts, people.columns, by=by)
        for some in people_files.pieces(people, MOST_AT_ONCE):
            await user_imports.receive(parts, made.id, some, by=by)
        return await user_imports.start(parts, made.id, dry_run=True, by=by)

    async def _found(self, row_id: str) -> UserImport:
        try:
            return await user_imports.found(self._console.parts, id_in_address(row_id))
        except UnknownImport as error:
            raise NotFound from error

    async def _all(self, fault: str = "") -> Response:
        known = await stored.newest(now=self._console.now())
        content = ImportsPage(
            frame=await self._console.frame(),
            list_url=frame.url(PATH),
            action=frame.url(_HERE),
            columns=COLUMNS,
            most_kibibytes=self._console.parts.settings.server.body_limit // 1024,
            imports=[_line(each) for each in known],
            fault=fault,
        )
        return self._console.show("user_imports.html", content, 400 if fault else 200)


def _refuse_columns(people: People) -> None:
    """Raises ``UnfitFile`` for those that the role of whoever sends it is not enough for."""
    for column, permission in _BESIDES.items():
        if column in people.columns and not may(permission):
            raise UnfitFile(
                text("Your role is not enough for the column %(column)s.", column=column)
            )


def _line(known: UserImport) -> ImportLine:
    return ImportLine(
        url=frame.url(f"{_HERE}/{known.id}"),
        requested_by=known.requested_by,
        created_at=known.created_at,
        lines=known.lines,
        state=known.state,
        dry_run=known.dry_run,
    )
