"""``/audit-exports``: the audit log, or what is chosen of it, as a file of any size."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Any
from uuid import UUID

from authgate.admin import file_parts
from authgate.admin.audit_events import AuditEventChoice
from authgate.admin.file_parts import ExportContent, ExportPlace
from authgate.admin.places import BASE
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import BadCursor, BeyondOwnRole, Conflict, NotFound
from authgate.exports import audit_log
from authgate.exports.writing import TooManyExports
from authgate.jobs import port
from authgate.storage import export_files
from authgate.storage.audit import chosen_events, exports
from authgate.storage.audit.exports import AuditExport, LogFormat, Wanted
from authgate.storage.export_files import ExportState
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import current_tenant


class AuditExportDocument(Document):
    """A file of the audit log, and how far it has come."""

    model_config = exemplified(
        id="01a22b9b-242f-72ca-909d-473febcc52b1",
        state="writing",
        format="csv",
        bom=False,
        chosen={"severities": ["CRITICAL"]},
        requested_by="mira",
        rows=41207,
        total=120480,
        percent=34,
        size=23107845,
        sha256="",
        created_at="2026-03-02T09:12:44Z",
        expires_at="2026-03-03T09:12:44Z",
    )

    id: UUID
    state: ExportState
    """`waiting` and `writing` become `ready` or `failed`."""

    format: LogFormat
    bom: bool
    chosen: Mapping[str, Any]
    """Which events it holds: all that there were when it was asked for where nothing is said."""

    requested_by: str
    rows: int
    """Events written so far."""

    total: int | None
    """How many there will be; `null` where they are not counted yet, or were too many to."""

    percent: int
    size: int
    """Bytes written so far."""

    sha256: str
    """Of the whole file, once it is ready."""

    created_at: datetime
    """What happened later is not in it."""

    expires_at: datetime
    """Until when it can be taken."""


class AuditExportList(Document):
    """The files that there are, the newest first."""

    items: Sequence[AuditExportDocument]


class AuditExportWish(AuditEventChoice):
    """Which events the file is to hold, as for looking for them, and how they are written."""

    model_config = exemplified(format="csv", bom=False, severities="CRITICAL")

    format: LogFormat
    bom: bool = False
    """Whether a table begins with a byte order mark, by which Excel knows that it is UTF-8."""


async def list_audit_exports(call: Call[Nothing, Nothing]) -> Answer[AuditExportList]:
    """List files of the audit log."""
    found = await exports.every(now=call.parts.clock())
    return Answer(AuditExportList(items=[_told(each) for each in found]))


async def request_audit_export(
    call: Call[Nothing, AuditExportWish],
) -> Answer[AuditExportDocument]:
    """Have the audit log, or what is chosen of it, written into a file.

    It holds what had happened by now, all of it, in its order. It is written beside the requests:
    look at it until it is ready. There are ten at most, and one is written at a time.
    """
    said = call.body
    call.caller.refuse_guest()
    chosen = chosen_events.told(said.wanted())
    wanted = Wanted(said.format, said.bom and said.format is LogFormat.CSV, chosen)
    try:
        asked = await audit_log.request(call.parts, wanted, actor=call.caller.actor)
    except TooManyExports as error:
        raise Conflict("A file is being written, or there are ten already.") from error
    if not port.is_served():
        asked = await audit_log.write_here(call.parts, asked)
    place = f"{current_tenant().issuer}{BASE}/audit-exports/{asked.id}"
    return Answer(_told(asked), ((b"location", place.encode("ascii")),))


async def read_audit_export(call: Call[Nothing, Nothing]) -> Answer[AuditExportDocument]:
    """Read how far a file of the audit log has come."""
    return Answer(_told(await _named(call)))


async def delete_audit_export(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Remove a file of the audit log: one that is being written is not written any more.

    Whoever has asked for it may, and owners and administrators.
    """
    caller, export = call.caller, await _named(call)
    caller.refuse_guest()
    requester = export.requester_type, export.requester_id
    if not audit_log.may_remove(requester, actor=caller.actor, role=caller.role):
        raise BeyondOwnRole("Somebody else has asked for the file.")
    if not await audit_log.remove(export, actor=caller.actor):
        raise NotFound
    return Answer(None)


async def take_audit_export(call: Call[Nothing, ExportPlace]) -> Answer[ExportContent]:
    """Take a part of a file of the audit log that is ready along.

    What follows is had by `next`, by the same caller alone. That somebody begins is an event.
    """
    export, caller = await _named(call), call.caller
    caller.refuse_guest()
    if export.state is not ExportState.READY:
        raise Conflict("The file is not ready.")
    number = 0
    if call.body.cursor is None:
        await audit_log.fetched(export, actor=caller.actor)
    else:
        number = await file_parts.opened(call, export.id, call.body.cursor)
    content = await audit_log.piece(export, number)
    if content is None and number:
        raise NotFound
    is_last = not await export_files.has_piece(export.attempt, number + 1)
    following = None if is_last else await file_parts.sealed(call, export.id, number + 1)
    return Answer(ExportContent(content=(content or b"").decode(), next=following))


async def _named(call: Call[Any, Any]) -> AuditExport:
    export = await exports.find(call.uuid("audit_export_id"), now=call.parts.clock())
    if export is None:
        raise NotFound
    return export


def _told(export: AuditExport) -> AuditExportDocument:
    return told(export, AuditExportDocument)


_READ = Scope.AUDIT_READ
_ALL, _ONE = "/audit-exports", "/audit-exports/{audit_export_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, _ALL, list_audit_exports, scope=_READ),
    operation(
        HTTPMethod.POST,
        _ALL,
        request_audit_export,
        scope=_READ,
        status=HTTPStatus.CREATED,
        problems=[Conflict, BeyondOwnRole],
    ),
    operation(HTTPMethod.GET, _ONE, read_audit_export, scope=_READ),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        delete_audit_export,
        scope=_READ,
        status=HTTPStatus.NO_CONTENT,
        problems=[BeyondOwnRole],
    ),
    operation(
        HTTPMethod.POST,
        f"{_ONE}/content",
        take_audit_export,
        scope=_READ,
        problems=[BadCursor, Conflict, BeyondOwnRole],
        hands_out=True,
    ),
]
