"""``/imports``: tenants that come from other installations, as files."""

import binascii
from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import Conflict, Fault, Invalid, NotFound, RecentSignInRequired
from authgate.installation import Installation
from authgate.operator import arrivals
from authgate.operator.arrivals import NoRoomToRead, NotReceiving, TooManyImports, UnfitPiece
from authgate.operator.places import BASE
from authgate.portable import WeakPassphrase
from authgate.storage.tenants import imports
from authgate.storage.tenants.imports import Import, ImportState
from authgate.tokens.operator_scopes import Scope
from authgate_tenants import current_tenant
from authgate_tenants.resolver import BadSlug

_LONGEST = 65_536


class ImportDocument(Document):
    """A tenant's file that comes, or has come, and what came of it."""

    model_config = exemplified(
        id="01a22b9b-242f-72ca-909d-473febcc52b2",
        state="refused",
        slug="",
        hosts=False,
        check_only=False,
        requested_by="mira",
        pieces=12,
        size=1107845,
        rows=0,
        fault="A row of users has other columns than its part.",
        fault_line=412,
        fault_part="users",
        brought_id=None,
        brought_slug="",
        brought_issuer="",
        unproven=[],
        sha256="",
        created_at="2026-03-02T09:12:44Z",
        expires_at="2026-03-03T09:12:44Z",
    )

    id: UUID
    state: ImportState
    """`receiving`, then `waiting` and `reading`, at last `done` or `refused`."""

    slug: str
    """Another slug than the file's; the file's where it is empty."""

    hosts: bool
    check_only: bool
    requested_by: str
    pieces: int
    """Received so far: the number of the next one."""

    size: int
    """Bytes received so far, unpacked."""

    rows: int
    """Read in so far; nobody sees them before all are."""

    fault: str
    """Why it was refused, or while it waits what the last attempt ended with."""

    fault_line: int | None
    """The line of the file at which it was, from 1 on."""

    fault_part: str
    """The table that the line is of."""

    brought_id: UUID | None
    """The tenant that came, or with `check_only` would come."""

    brought_slug: str
    brought_issuer: str
    """Where it is."""

    unproven: Sequence[str]
    """Hosts that have to be proven here, or that would have to be: of many the first twenty."""

    sha256: str
    """Of the file, once it was read."""

    created_at: datetime
    expires_at: datetime
    """When all of it is forgotten, whatever came of it."""


class ImportList(Document):
    """The files that there are, the newest first."""

    items: Sequence[ImportDocument]


class ImportWish(Document):
    """What is to come of the file."""

    model_config = exemplified(passphrase="correct horse battery staple", slug="northwind")

    passphrase: Annotated[str, Field(min_length=1, max_length=1024)]
    """The one that the file was made with."""

    slug: Annotated[str, Field(max_length=63)] = ""
    """Another slug than it had."""

    hosts: bool = False
    """Serve hosts that were proven there, without a proof here."""

    check_only: bool = False
    """Check all of it, and store nothing."""


class ImportPieceDocument(Document):
    """The next piece of a file."""

    model_config = exemplified(number=0, content="H4sIAAAAAAAC/wMAAAAAAAAAAAA=")

    number: Annotated[int, Field(ge=0, le=1_000_000)]
    """From 0 on."""

    content: Annotated[str, Field(min_length=1, max_length=_LONGEST)]
    """In base64, packed as gzip: at most 1 MiB of the file."""


async def list_imports(call: Call[Nothing, Nothing]) -> Answer[ImportList]:
    """List tenants' files that operators have sent."""
    found = await imports.every(now=call.parts.clock())
    return Answer(ImportList(items=[told(each, ImportDocument) for each in found]))


async def begin_import(call: Call[Nothing, ImportWish]) -> Answer[ImportDocument]:
    """Begin to send the file of a tenant that comes from another installation.

    Asks for a recent sign-in where an operator asks. Send its pieces in order, then start it.
    """
    call.caller.require_recent_sign_in(call.parts.clock())
    _check_room(call.parts)
    said = call.body
    try:
        begun = await arrivals.announce(
            call.parts,
            passphrase=said.passphrase,
            slug=said.slug,
            hosts=said.hosts,
            check_only=said.check_only,
            actor=call.caller.actor,
        )
    except WeakPassphrase as error:
        raise Invalid(faults=[Fault(str(error), pointer="/passphrase")]) from error
    except BadSlug as error:
        raise Invalid(faults=[Fault(str(error), pointer="/slug")]) from error
    except TooManyImports as error:
        raise Conflict("Five are on their way already: remove one.") from error
    place = f"{current_tenant().issuer}{BASE}/imports/{begun.id}"
    return Answer(told(begun, ImportDocument), ((b"location", place.encode("ascii")),))


async def read_import(call: Call[Nothing, Nothing]) -> Answer[ImportDocument]:
    """Read how far a file has come, and what came of it."""
    return Answer(told(await _named(call), ImportDocument))


async def send_import_piece(call: Call[Nothing, ImportPieceDocument]) -> Answer[ImportDocument]:
    """Send the next piece of a file."""
    known = await _named(call)
    try:
        packed = b64decode(call.body.content, validate=True)
        await arrivals.receive(call.parts, known, call.body.number, packed)
    except binascii.Error as error:
        raise Invalid(faults=[Fault("It is no base64.", pointer="/content")]) from error
    except UnfitPiece as error:
        raise Conflict(str(error)) from error
    return Answer(told(await _named(call), ImportDocument))


async def start_import(call: Call[Nothing, Nothing]) -> Answer[ImportDocument]:
    """Have a file read in that was sent whole.

    All of the tenant comes, or nothing. Ask for it until it is done, or refused.
    """
    known = await _named(call)
    _check_room(call.parts)
    try:
        await arrivals.start(call.parts, known.id, actor=call.caller.actor)
    except NotReceiving as error:
        raise Conflict("Nothing of it was sent, or it was started before.") from error
    return Answer(told(await _named(call), ImportDocument))


async def remove_import(call: Call[Nothing, Nothing]) -> Answer[None]:
    """Forget a file, and not what came of it."""
    known = await _named(call)
    call.refuse_if_changed(told(known, ImportDocument), required=False)
    if not await arrivals.remove(known.id, actor=call.caller.actor):
        raise Conflict("It is being read.")
    return Answer(None)


def _check_room(parts: Installation) -> None:
    try:
        arrivals.check_room(parts)
    except NoRoomToRead as error:
        raise Conflict(
            "Nobody could be served while it is read in: this installation has one connection to"
            " its database. Use authgate tenant import at the machine."
        ) from error


async def _named(call: Call[Any, Any]) -> Import:
    found = await imports.find(call.uuid("import_id"), now=call.parts.clock())
    if found is None:
        raise NotFound
    return found


_READ, _WRITE = Scope.TENANTS_READ, Scope.TENANTS_WRITE
_ONE = "/imports/{import_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, "/imports", list_imports, scope=_READ),
    operation(
        HTTPMethod.POST,
        "/imports",
        begin_import,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[RecentSignInRequired, Conflict],
    ),
    operation(HTTPMethod.GET, _ONE, read_import, scope=_READ),
    operation(
        HTTPMethod.POST, f"{_ONE}/pieces", send_import_piece, scope=_WRITE, problems=[Conflict]
    ),
    operation(HTTPMethod.POST, f"{_ONE}/start", start_import, scope=_WRITE, problems=[Conflict]),
    operation(
        HTTPMethod.DELETE,
        _ONE,
        remove_import,
        scope=_WRITE,
        status=HTTPStatus.NO_CONTENT,
        problems=[Conflict],
    ),
]
