"""Files of tenants that operators have sent, to be read in by a job: how far each has come.

They are the operators' tenant's. A file comes in pieces, in order; once all are there a job reads
it, and everything goes after a day.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from tortoise import fields
from tortoise.queryset import QuerySet
from uuid_utils.compat import uuid4

from authgate.storage.postgres import turns
from authgate_tenants import TenantOwned

KEPT = timedelta(days=1)
"""For how long there is anything of a file."""

SILENCE = timedelta(minutes=2)
"""Who has not said for so long that they read does not read any more: another one begins."""

ATTEMPTS = 3
"""After as many it is given up."""

MOST = 5
"""Files that come, wait or are read at once."""

_LISTED = 100
_REMOVED_AT_ONCE = 200
_KIND = "imports"


class ImportState(StrEnum):
    """How far a file has come."""

    RECEIVING = "receiving"
    WAITING = "waiting"
    READING = "reading"
    DONE = "done"
    REFUSED = "refused"


_UNDER_WAY = (ImportState.RECEIVING, ImportState.WAITING, ImportState.READING)


class Overtaken(RuntimeError):
    """Another one reads the file, or it was given up."""


class ImportRow(TenantOwned):
    """A file that comes, or has come."""

    state = fields.CharEnumField(ImportState, max_length=16, default=ImportState.RECEIVING)
    slug = fields.CharField(63, default="")
    hosts = fields.BooleanField()
    check_only = fields.BooleanField()
    sealed_passphrase = fields.BinaryField(null=True)
    """Until the file is read, or refused; only the operators' tenant's key opens it."""
    requested_by = fields.CharField(128)
    requester = fields.CharField(64)
    """Their id."""
    reader = fields.UUIDField(null=True)
    """Who reads, or was the last to do so."""
    attempts = fields.IntField(default=0)
    pieces = fields.IntField(default=0)
    size = fields.BigIntField(default=0)
    rows = fields.BigIntField(default=0)
    fault = fields.CharField(512, default="")
    fault_line = fields.IntField(null=True)
    fault_part = fields.CharField(64, default="")
    brought_id = fields.UUIDField(null=True)
    brought_slug = fields.CharField(63, default="")
    brought_issuer = fields.CharField(512, default="", db_default="")
    unproven: list[str] | None = fields.JSONField(null=True)
    """Hosts that have to be proven again."""
    sha256 = fields.CharField(64, default="")
    created_at = fields.DatetimeField()
    touched_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "tenant_imports"
        unique_together = (("tenant_id", "id"),)
        indexes = (("expires_at",),)


class ImportPiece(TenantOwned):
    """A part of a file, as it was sent."""

    import_id = fields.UUIDField()
    number = fields.IntField()
    content = fields.BinaryField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "tenant_import_pieces"
        unique_together = (("tenant_id", "import_id", "number"),)
        indexes = (("expires_at",),)


@dataclass(frozen=True, slots=True)
class Import:
    """A file as it is known."""

    id: UUID
    state: ImportState
    slug: str
    hosts: bool
    check_only: bool
    requested_by: str
    pieces: int
    size: int
    rows: int
    fault: str
    fault_line: int | None
    fault_part: str
    brought_id: UUID | None
    brought_slug: str
    brought_issuer: str
    unproven: list[str]
    sha256: str
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, row: ImportRow) -> "Import":
        """The file of a row."""
        values = {name: getattr(row, name) for name in cls.__dataclass_fields__}
        return cls(**values | {"unproven": row.unproven or []})


async def add(
    import_id: UUID,
    *,
    slug: str,
    hosts: bool,
    check_only: bool,
    sealed_passphrase: bytes,
    by_id: str,
    by_name: str,
    now: datetime,
) -> Import:
    """Note that a file is to come."""
    row = await ImportRow.create(
        id=import_id,
        slug=slug,
        hosts=hosts,
        check_only=check_only,
        sealed_passphrase=sealed_passphrase,
        requested_by=by_name[:128],
        requester=by_id[:64],
        created_at=now,
        touched_at=now,
        expires_at=now + KEPT,
    )
    return Import.of(row)


async def every(*, now: datetime) -> list[Import]:
    """All that have not ended, the newest first."""
    rows = ImportRow.filter(expires_at__gt=now).order_by("-created_at", "-id")
    return [Import.of(row) for row in await rows.limit(_LISTED)]


async def has_room(*, now: datetime) -> bool:
    """Whether one more may come: in a unit of work, and nobody else adds one meanwhile."""
    await turns.take(_KIND)
    return await ImportRow.filter(state__in=_UNDER_WAY, expires_at__gt=now).count() < MOST


async def find(import_id: UUID, *, now: datetime) -> Import | None:
    """The file, if it has not ended."""
    row = await ImportRow.get_or_none(id=import_id, expires_at__gt=now)
    return None if row is None else Import.of(row)


async def receive(import_id: UUID, number: int, content: bytes, *, size: int) -> bool:
    """Keep the next piece, in a unit of work; ``False`` where another one is the next."""
    next_one = ImportRow.filter(id=import_id, state=ImportState.RECEIVING, pieces=number)
    row = await next_one.get_or_none()
    if row is None:
        return False
    if not await next_one.update(pieces=number + 1, size=row.size + size):
        return False
    await ImportPiece.create(
        import_id=import_id, number=number, content=content, expires_at=row.expires_at
    )
    return True


async def whole(import_id: UUID, *, touched_at: datetime) -> bool:
    """Nothing more comes: it can be read."""
    received = ImportRow.filter(id=import_id, state=ImportState.RECEIVING, pieces__gt=0)
    return await received.update(state=ImportState.WAITING, touched_at=touched_at) == 1


async def remove(import_id: UUID) -> ImportRow | None:
    """Forget a file that nobody reads, but for its pieces; ``None`` where somebody does."""
    row = await ImportRow.get_or_none(id=import_id)
    idle = ImportRow.filter(id=import_id).exclude(state=ImportState.READING)
    return row if row is not None and await idle.delete() else None


async def remove_pieces(row: ImportRow) -> None:
    """Forget what was sent of a file, some pieces at a time: a statement has seconds only."""
    for first in range(0, row.pieces, _REMOVED_AT_ONCE):
        await _range_of(row.id, first, _REMOVED_AT_ONCE).delete()


async def silent(*, now: datetime) -> list[UUID]:
    """Those that nobody has read for too long, the longest first."""
    under_way = (ImportState.WAITING, ImportState.READING)
    rows = ImportRow.filter(
        state__in=under_way, touched_at__lte=now - SILENCE, expires_at__gt=now
    ).order_by("touched_at")
    return [row.id for row in await rows.limit(MOST)]


async def begin(import_id: UUID, *, now: datetime) -> ImportRow | None:
    """Read it, in a unit of work; ``None`` where somebody else does, or has done so, where another
    file is read, or where too many attempts were in vain."""
    await turns.take(_KIND)
    row = await ImportRow.get_or_none(id=import_id, expires_at__gt=now)
    if row is None or row.state not in (ImportState.WAITING, ImportState.READING):
        return None
    # One at a time: a reader has a worker, or a share of a server, to itself for minutes.
    is_read = ImportRow.filter(state=ImportState.READING, touched_at__gt=now - SILENCE)
    if await is_read.exists():
        return None
    if row.attempts >= ATTEMPTS:
        await end(row, ImportState.REFUSED, fault=_given_up(row))
        await remove_pieces(row)
        return None
    former = _own(row)
    row.state, row.reader, row.attempts = ImportState.READING, uuid4(), row.attempts + 1
    is_ours = await former.update(
        state=row.state, reader=row.reader, attempts=row.attempts, rows=0, fault="", touched_at=now
    )
    return row if is_ours else None


async def touch(row: ImportRow, *, rows: int, now: datetime) -> None:
    """Say that it is being read, and how far. Raises ``Overtaken``."""
    if not await _own(row).update(rows=rows, touched_at=now):
        raise Overtaken


async def end(row: ImportRow, state: ImportState, **told: object) -> None:
    """Say what came of it; the passphrase stays no longer than it is needed. Raises
    ``Overtaken``."""
    sealed = row.sealed_passphrase if state is ImportState.WAITING else None
    if not await _own(row).update(state=state, sealed_passphrase=sealed, **told):
        raise Overtaken


async def pieces(import_id: UUID, first: int, count: int) -> list[bytes]:
    """Pieces of a file, in order from this number on, as far as none is missing."""
    rows = await _range_of(import_id, first, count).order_by("number")
    return [bytes(row.content) for number, row in enumerate(rows, first) if row.number == number]


def _own(row: ImportRow) -> QuerySet[ImportRow]:
    """The row, while it is what is known of it."""
    return ImportRow.filter(id=row.id, reader=row.reader, state=row.state)


def _range_of(import_id: UUID, first: int, count: int) -> QuerySet[ImportPiece]:
    return ImportPiece.filter(import_id=import_id, number__gte=first, number__lt=first + count)


def _given_up(row: ImportRow) -> str:
    last = f" The last time: {row.fault}" if row.fault else ""
    return f"Whoever read it was broken off each time.{last}"
