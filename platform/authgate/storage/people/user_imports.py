"""Files of people that administrators send, line by line, and what came of each line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from tortoise import fields
from tortoise.exceptions import IntegrityError
from uuid_utils.compat import uuid7

from authgate.permissions import UserRole
from authgate.storage import paging
from authgate.storage.paging import Order, Page
from authgate.storage.people.usernames import LONGEST_NAME
from authgate.storage.people.users import LONGEST_EMAIL
from authgate_tenants import TenantOwned

KEPT = timedelta(days=3)
"""For how long there is anything of a file."""

MOST = 20
"""Files of one tenant that there may be at once."""

MOST_LINES = 100_000
"""Lines of one file."""

LONGEST_CELL = 4096
"""Characters of what a line says in one column."""

MOST_AT_ONCE = 100
"""Lines that are sent, or gone through, at once."""

LONGEST_REQUESTER = 128
"""Of what is kept of whoever sent it."""

_LONGEST_FAULT = 300


class ImportState(StrEnum):
    """How far a file has come."""

    RECEIVING = "receiving"
    WORKING = "working"
    DONE = "done"


class LineOutcome(StrEnum):
    """What came of a line."""

    WAITING = ""
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class UserImportRow(TenantOwned):
    """A file of people."""

    state = fields.CharEnumField(ImportState, max_length=16, default=ImportState.RECEIVING)
    dry_run = fields.BooleanField(default=True)
    columns: list[str] = fields.JSONField()
    requested_by = fields.CharField(LONGEST_REQUESTER)
    requester_type = fields.CharField(16)
    requester_id = fields.CharField(LONGEST_REQUESTER)
    requester_role = fields.CharEnumField(UserRole, max_length=16)
    lines = fields.IntField(default=0)
    position = fields.IntField(default=0)
    """The line in the file up to which all are gone through."""
    created = fields.IntField(default=0)
    changed = fields.IntField(default=0)
    unchanged = fields.IntField(default=0)
    refused = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    touched_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "user_imports"
        unique_together = (("tenant_id", "id"),)
        indexes = (("expires_at",),)


class UserImportLine(TenantOwned):
    """A line of such a file."""

    import_id = fields.UUIDField()
    number = fields.IntField()
    """Where it is in the file, from 1."""
    username = fields.CharField(LONGEST_NAME, default="")
    """In the one spelling; empty where there is none."""
    email = fields.CharField(LONGEST_EMAIL, default="")
    cells: dict[str, str] = fields.JSONField()
    """What it says, by column; without the password's hash once that is stored."""
    outcome = fields.CharEnumField(LineOutcome, max_length=16, default=LineOutcome.WAITING)
    fault = fields.CharField(_LONGEST_FAULT, default="")
    expires_at = fields.DatetimeField()

    class Meta:
        table = "user_import_lines"
        unique_together = (("tenant_id", "import_id", "number"),)
        indexes = (("tenant_id", "import_id", "username"), ("expires_at",))


@dataclass(frozen=True, slots=True)
class UserImport:
    """A file of people as it is known."""

    id: UUID
    state: ImportState
    dry_run: bool
    columns: Sequence[str]
    requested_by: str
    requester_type: str
    requester_id: str
    requester_role: UserRole
    lines: int
    position: int
    created: int
    changed: int
    unchanged: int
    refused: int
    created_at: datetime
    touched_at: datetime
    expires_at: datetime

    @property
    def gone_through(self) -> int:
        """How many lines something came of."""
        return self.created + self.changed + self.unchanged + self.refused

    @property
    def is_tried(self) -> bool:
        """Whether it was gone through for trial, and not for good yet."""
        return self.state is ImportState.DONE and self.dry_run

    @classmethod
    def from_row(cls, row: UserImportRow) -> "UserImport":
        """The value of a stored row."""
        return cls(**{name: getattr(row, name) for name in cls.__dataclass_fields__})


class Line(NamedTuple):
    """A line of a file."""

    number: int
    cells: Mapping[str, str]
    username: str = ""
    email: str = ""
    outcome: LineOutcome = LineOutcome.WAITING
    fault: str = ""


class LineTaken(ValueError):
    """A line of this number was sent before."""


async def begin(
    *, columns: Sequence[str], by: Sequence[str], role: UserRole, now: datetime
) -> UserImport:
    """Note that a file is to come, of somebody's type, id and name."""
    kind, id_, name = by
    row = await UserImportRow.create(
        id=uuid7(),
        columns=list(columns),
        requested_by=name[:LONGEST_REQUESTER],
        requester_type=kind,
        requester_id=id_[:LONGEST_REQUESTER],
        requester_role=role,
        created_at=now,
        touched_at=now,
        expires_at=now + KEPT,
    )
    return UserImport.from_row(row)


async def newest(*, now: datetime) -> list[UserImport]:
    """All that have not ended, the newest first."""
    rows = UserImportRow.filter(expires_at__gt=now).order_by("-created_at", "-id")
    return [UserImport.from_row(row) for row in await rows.limit(MOST)]


async def count(*, now: datetime) -> int:
    """How many there are."""
    return await UserImportRow.filter(expires_at__gt=now).count()


async def find(import_id: UUID, *, now: datetime) -> UserImport | None:
    """The file, if it has not ended."""
    row = await UserImportRow.get_or_none(id=import_id, expires_at__gt=now)
    return UserImport.from_row(row) if row else None


async def silent(*, since: datetime, now: datetime) -> list[UUID]:
    """Those that nobody has gone on with since then, and that are not through."""
    rows = UserImportRow.filter(
        state=ImportState.WORKING, touched_at__lte=since, expires_at__gt=now
    )
    return [row.id for row in await rows.only("id").limit(MOST)]


async def held(import_id: UUID, *, now: datetime) -> UserImport | None:
    """The same, until the end of the unit of work: nobody else goes on with it meanwhile."""
    rows = UserImportRow.filter(id=import_id, expires_at__gt=now).select_for_update()
    row = await rows.get_or_none()
    return UserImport.from_row(row) if row else None


async def receive(known: UserImport, lines: Sequence[Line]) -> None:
    """Keep some more lines of a file that is held. Raises ``LineTaken``."""
    try:
        for each in lines:
            await UserImportLine.create(
                id=uuid7(),
                import_id=known.id,
                number=each.number,
                username=each.username,
                email=each.email,
                cells=dict(each.cells),
                expires_at=known.expires_at,
            )
    except IntegrityError as error:
        raise LineTaken from error
    await change(known.id, lines=known.lines + len(lines))


async def change(import_id: UUID, **values: Any) -> None:
    """Say how far a file that is held has come."""
    await UserImportRow.filter(id=import_id).update(**values)


async def following(known: UserImport, *, most: int) -> list[Line]:
    """The next lines to go through."""
    rows = UserImportLine.filter(import_id=known.id, number__gt=known.position)
    return [_line(row) for row in await rows.order_by("number").limit(most)]


async def earlier(known: UserImport, line: Line) -> int | None:
    """The first line before this one that has the same username or address."""
    for column, value in (("username", line.username), ("email", line.email)):
        if value:
            same = UserImportLine.filter(
                import_id=known.id, number__lt=line.number, **{column: value}
            )
            row = await same.order_by("number").first().only("id", "number")
            if row is not None:
                return row.number
    return None


async def settle(known: UserImport, lines: Sequence[Line]) -> None:
    """Say what came of lines."""
    for each in lines:
        row = UserImportLine.filter(import_id=known.id, number=each.number)
        await row.update(
            outcome=each.outcome, fault=each.fault[:_LONGEST_FAULT], cells=dict(each.cells)
        )


async def lines(
    import_id: UUID,
    *,
    outcome: LineOutcome | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Line]:
    """Some lines of a file, in their order. Raises ``BadCursor``."""
    rows = UserImportLine.filter(import_id=import_id)
    if outcome is not None:
        rows = rows.filter(outcome=outcome)
    found = await paging.page(rows, Order.of("number"), cursor=cursor, limit=limit)
    return found.of(_line)


def _line(row: UserImportLine) -> Line:
    return Line(row.number, row.cells, row.username, row.email, row.outcome, row.fault)
