"""``/user-imports``: people who come by a file, line by line, for trial or for good."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http import HTTPMethod, HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from authgate.admin.places import BASE
from authgate.api import lists
from authgate.api.access import Caller
from authgate.api.bodies import Document, Nothing, exemplified
from authgate.api.lists import ListDocument, ListQuery
from authgate.api.operations import Answer, Call, operation, told
from authgate.api.problems import (
    BeyondOwnRole,
    Conflict,
    Fault,
    Invalid,
    NotFound,
    RecentSignInRequired,
)
from authgate.provisioning import import_lines, user_imports
from authgate.provisioning.import_lines import UnfitColumns
from authgate.provisioning.user_imports import LineTaken, UnfitImport, UnknownImport
from authgate.storage.people import user_imports as stored
from authgate.storage.people.user_imports import (
    LONGEST_CELL,
    MOST_AT_ONCE,
    MOST_LINES,
    ImportState,
    LineOutcome,
    UserImport,
)
from authgate.tokens.admin_scopes import Scope
from authgate_tenants import current_tenant

_BESIDES = {"role": Scope.ROLES_WRITE, "groups": Scope.GROUPS_WRITE}
"""Columns that ask for a scope of their own."""
_Cell = Annotated[str, Field(max_length=LONGEST_CELL)]


class UserImportCreation(Document):
    """A file that is to come."""

    model_config = exemplified(columns=["username", "email", "name"])

    columns: Annotated[Sequence[str], Field(min_length=1, max_length=20)]
    """Of what its lines say something: `username` and any of `email`, `email_verified`, `name`,
    `given_name`, `family_name`, `role`, `groups`, `active`, `password_hash`, `external_id`."""


class UserImportLines(Document):
    """Some lines of the file."""

    model_config = exemplified(
        lines=[{"number": 2, "cells": {"username": "jon", "email": "jon@northwind.example"}}]
    )

    lines: Annotated[Sequence["UserImportLine"], Field(min_length=1, max_length=MOST_AT_ONCE)]


class UserImportLine(Document):
    """A line."""

    number: Annotated[int, Field(ge=1, le=2 * MOST_LINES)]
    """Where it is in the file: refusals name it."""

    cells: Mapping[str, _Cell]
    """What it says, by column. An empty one takes a name, an email or an external id away, and
    says nothing of the rest."""


class UserImportStart(Document):
    """Whether it is meant."""

    model_config = exemplified(dry_run=True)

    dry_run: bool
    """To go through it for trial: what would come of each line is told, and nothing stays."""


class UserImportDocument(Document):
    """A file of people."""

    model_config = exemplified(
        id="0199f3a1-c2d4-7b3e-9a5c-6d7e8f907777",
        state="done",
        dry_run=True,
        columns=["username", "email", "name"],
        requested_by="mira",
        lines=120,
        gone_through=120,
        created=100,
        changed=12,
        unchanged=6,
        refused=2,
        created_at="2026-03-02T09:12:44Z",
        expires_at="2026-03-05T09:12:44Z",
    )

    id: UUID
    state: ImportState
    dry_run: bool
    """Whether it is gone through for trial, or was."""

    columns: Sequence[str]
    requested_by: str
    lines: int
    gone_through: int
    """Lines of which something came."""

    created: int
    changed: int
    unchanged: int
    refused: int
    created_at: datetime
    expires_at: datetime
    """Then nothing is left of the file; who came by it stays."""


class UserImportList(Document):
    """All files that there still are, the newest first."""

    items: Sequence[UserImportDocument]


class LineQuery(ListQuery):
    """Which lines are wanted."""

    outcome: LineOutcome | None = None


class UserImportLineDocument(Document):
    """A line, and what came of it."""

    model_config = exemplified(
        number=7, username="j n", outcome="refused", fault="A name is of letters and digits."
    )

    number: int
    username: str
    outcome: LineOutcome
    """Empty until its turn comes."""

    fault: str


class LineList(ListDocument):
    """Lines of a file."""

    items: Sequence[UserImportLineDocument]


async def begin_user_import(
    call: Call[Nothing, UserImportCreation],
) -> Answer[UserImportDocument]:
    """Say that a file of people is to come.

    Roles ask for `authgate:roles:write` as well, and groups for `authgate:groups:write`.
    """
    _require(call.caller, call.body.columns)
    with _worded("/columns"):
        made = await user_imports.begin(call.parts, call.body.columns, by=call.caller.authority)
    place = f"{current_tenant().issuer}{BASE}/user-imports/{made.id}"
    return Answer(told(made, UserImportDocument), ((b"location", place.encode("ascii")),))


async def send_user_import_lines(
    call: Call[Nothing, UserImportLines],
) -> Answer[UserImportDocument]:
    """Send some lines of a file that is to come. Whoever began it sends them."""
    known = await _found(call)
    _require(call.caller, known.columns)
    lines = [(each.number, each.cells) for each in call.body.lines]
    with _worded("/lines"):
        known = await user_imports.receive(call.parts, known.id, lines, by=call.caller.authority)
    return Answer(told(known, UserImportDocument))


async def start_user_import(
    call: Call[Nothing, UserImportStart],
) -> Answer[UserImportDocument]:
    """Go through a file that is whole, or was gone through for trial. Whoever began it starts it.

    A job does it in batches, each line for itself: what is refused of one keeps no other from its
    turn, and a job that is killed is gone on with. Who is here by this username is changed where
    something is said otherwise, so a file can be sent again. Roles and passwords ask a person for a
    recent sign-in, unless it is for trial.
    """
    known = await _found(call)
    _require(call.caller, known.columns)
    if not call.body.dry_run and import_lines.asks_recently(known.columns):
        call.caller.require_recent_sign_in(call.parts.clock())
    with _worded():
        known = await user_imports.start(
            call.parts, known.id, dry_run=call.body.dry_run, by=call.caller.authority
        )
    return Answer(told(known, UserImportDocument))


async def list_user_imports(call: Call[Nothing, Nothing]) -> Answer[UserImportList]:
    """List the files of people that there still are."""
    found = await stored.newest(now=call.parts.clock())
    return Answer(UserImportList(items=[told(each, UserImportDocument) for each in found]))


async def read_user_import(call: Call[Nothing, Nothing]) -> Answer[UserImportDocument]:
    """Read how far a file has come."""
    return Answer(told(await _found(call), UserImportDocument))


async def list_user_import_lines(call: Call[LineQuery, Nothing]) -> Answer[LineList]:
    """List the lines of a file with what came of them, in their order."""
    known = await _found(call)
    page = await stored.lines(
        known.id,
        outcome=call.query.outcome,
        cursor=await lists.opened(call),
        limit=call.query.limit,
    )
    return await lists.answer(call, page, LineList, lambda each: told(each, UserImportLineDocument))


def _require(caller: Caller, columns: Sequence[str]) -> None:
    """Raises ``BeyondOwnRole`` and ``InsufficientScope`` for whom a file of these columns is not
    from."""
    caller.refuse_guest()
    for column in columns:
        if column in _BESIDES:
            caller.require(_BESIDES[column])


async def _found(call: Call[Any, Any]) -> UserImport:
    with _worded():
        return await user_imports.found(call.parts, _id(call))


def _id(call: Call[Any, Any]) -> UUID:
    return call.uuid("user_import_id")


@contextmanager
def _worded(pointer: str = "") -> Iterator[None]:
    try:
        yield
    except UnknownImport as error:
        raise NotFound from error
    except UnfitColumns as error:
        raise Invalid(faults=[Fault(str(error), pointer=pointer)]) from error
    except LineTaken as error:
        raise Conflict("A line of one of these numbers was sent before.") from error
    except UnfitImport as error:
        raise Conflict(str(error)) from error


_READ, _WRITE = Scope.USERS_READ, Scope.USERS_WRITE
_ALL, _ONE = "/user-imports", "/user-imports/{user_import_id}"

OPERATIONS = [
    operation(HTTPMethod.GET, _ALL, list_user_imports, scope=_READ),
    operation(
        HTTPMethod.POST,
        _ALL,
        begin_user_import,
        scope=_WRITE,
        status=HTTPStatus.CREATED,
        problems=[Conflict, BeyondOwnRole],
    ),
    operation(HTTPMethod.GET, _ONE, read_user_import, scope=_READ),
    operation(
        HTTPMethod.POST,
        f"{_ONE}/lines",
        send_user_import_lines,
        scope=_WRITE,
        problems=[Conflict, BeyondOwnRole],
    ),
    operation(HTTPMethod.GET, f"{_ONE}/lines", list_user_import_lines, scope=_READ),
    operation(
        HTTPMethod.POST,
        f"{_ONE}/start",
        start_user_import,
        scope=_WRITE,
        problems=[RecentSignInRequired, Conflict, BeyondOwnRole],
    ),
]
