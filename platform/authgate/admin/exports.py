"""``/exports``: everything that the tenant has, as a file for its owners."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from authgate.admin import file_parts
from authgate.admin.file_parts import ExportContent, ExportPlace
from authgate.admin.places import BASE
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import (
    BadCursor,
    Conflict,
    Fault,
    Invalid,
    NotFound,
    RecentSignInRequired,
)
from authgate.exports.writing import TooManyExports
from authgate.portable import WeakPassphrase, requests
from authgate.storage import export_files
from authgate.storage.export_files import ExportState
from authgate.storage.tenants import exports
from authgate.storage.tenants.exports import Export
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import current_tenant


class ExportDocument(Document):
    """A file that holds all of the tenant, and how far it has come."""

    model_config = exemplified(
        id="01a22b9b-242f-72ca-909d-473febcc52b1",
        state="ready",
        signing_keys=False,
        requested_by="mira",
        rows=41207,
        size=23107845,
        part="",
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        created_at="2026-03-02T09:12:44Z",
        expires_at="2026-03-03T09:12:44Z",
    )

    id: UUID
    state: ExportState
    """`waiting` and `writing` become `ready` or `failed`."""

    signing_keys: bool
    """Whether what signs the tenant's tokens is in it."""

    requested_by: str
    rows: int
    """Written so far."""

    size: int
    """Bytes written so far."""

    part: str
    """The table that is being written, or is next."""

    sha256: str
    """Of the whole file, once it is ready."""

    created_at: datetime
    expires_at: datetime
    """Until when it can be taken."""


class ExportList(Document):
    """The files that there are, the newest first."""

    items: Sequence[ExportDocument]


class ExportWish(Document):
    """What the file is to hold."""

    model_config = exemplified(passphrase="correct horse battery staple", signing_keys=False)

    passphrase: Annotated[str, Field(min_length=1, max_length=1024)]
    """Seals hashes, secrets and keys in the file: 15 characters at least. Nobody can open them
    without it."""

    signing_keys: bool = False
    """Also what signs tokens: whoever has file and passphrase can sign as the tenant."""


async def list_exports(call: Call[Nothing, Nothing]) -> Answer[ExportList]:
    """List files that hold all of the tenant."""
    found = await exports.every(now=call.parts.clock())
    return Answer(ExportList(items=[told(each, ExportDocument) for each in found]))


async def request_export(call: Call[Nothing, ExportWish]) -> Answer[ExportDocument]:
    """Have everything that the tenant has written into a file.

    Asks for a person who is an owner and has signed in lately. It is written beside the requests:
    look at it until it is ready. There are five at most, and one is written at a time.
    """
    said = call.body
    call.caller.refuse_guest()
    call.caller.require_recent_sign_in(call.parts.clock())
    try:
        wanted = await requests.request(
            call.parts,
            passphrase=said.passphrase,
            signing_keys=said.signing_keys,
            actor=call.caller.actor,
        )
    except WeakPassphrase as error:
        raise Invalid(faults=[Fault(str(error), pointer="/passphrase")]) from error
    except TooManyExports as error:
        raise Conflict("A file is being written, or there are five already.") from error
    place = f"{current_tenant().issuer}{BASE}/exports/{wanted.id}"
    return Answer(told(wanted, ExportDocument), ((b"location", place.encode("ascii")),))


async def read_export(call: Call[Nothing, Nothing]) -> Answer[ExportDocument]:
    """Read how far a file has come."""
    return Answer(told(await _named(call), ExportDocument))


async def take_export(call: Call[Nothing, ExportPlace]) -> Answer[ExportContent]:
    """Take a part of a file that is ready along.

    Asks for a person who is an owner, and has signed in lately where the file begins: what follows
    is had by `next`, by them alone.
    """
    export, caller = await _named(call), call.caller
    caller.refuse_guest()
    if export.state is not ExportState.READY:
        raise Conflict("The file is not ready.")
    if call.body.cursor is None:
        caller.require_recent_sign_in(call.parts.clock())
        await requests.fetched(export, actor=caller.actor)
        number = 0
    else:
        number = await file_parts.opened(call, export.id, call.body.cursor)
    content = await export_files.piece(export.attempt, number)
    if content is None:
        raise NotFound
    is_last = not await export_files.has_piece(export.attempt, number + 1)
    following = None if is_last else await file_parts.sealed(call, export.id, number + 1)
    return Answer(ExportContent(content=content.decode(), next=following))


async def _named(call: Call[Any, Any]) -> Export:
    export = await exports.find(call.uuid("export_id"), now=call.parts.clock())
    if export is None:
        raise NotFound
    return export


_READ, _WRITE = Scope.EXPORTS_READ, Scope.EXPORTS_WRITE
_ONE = "/exports/{export_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/exports", list_exports, scope=_READ),
    operation(
        HTTPMethod.POST,
        "/exports",
        request_export,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[RecentSignInRequired, Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_export, scope=_READ),
    operation(
        HTTPMethod.POST,
        f"{_ONE}/content",
        take_export,
        scope=_WRITE,
        problems=[BadCursor, RecentSignInRequired, Conflict],
        hands_out=True,
    ),
]
