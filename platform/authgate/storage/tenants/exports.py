"""Files of the tenant that an owner has asked for: how far each has come, and what it holds.

Jobs write one in pieces, each of them for a while, and it is offered once the last piece is there.
Whoever is killed meanwhile has left pieces behind which another one goes on; after a day everything
goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from tortoise import fields
from uuid_utils.compat import uuid4

from authgate_tenants import TenantOwned

KEPT = timedelta(days=1)
"""For how long a file can be fetched."""

SILENCE = timedelta(minutes=2)
"""Who has not written for so long does not write any more: another one begins."""

ATTEMPTS = 5
"""After as many that came no further it is given up."""

MOST = 5
"""Files that there are at once."""


class Overtaken(RuntimeError):
    """Another one writes it meanwhile, or it is gone."""


class ExportState(StrEnum):
    """How far a file has come."""

    WAITING = "waiting"
    WRITING = "writing"
    READY = "ready"
    FAILED = "failed"


UNDER_WAY = (ExportState.WAITING, ExportState.WRITING)
"""In which a file may still come."""


class ExportRow(TenantOwned):
    """A file that was asked for."""

    state = fields.CharEnumField(ExportState, max_length=16, default=ExportState.WAITING)
    signing_keys = fields.BooleanField()
    sealed_passphrase = fields.BinaryField(null=True)
    """Until the file is written, or given up; only this tenant's key opens it."""
    requested_by = fields.CharField(128)
    attempt = fields.UUIDField(null=True)
    """Whose pieces are the file's: a new one where somebody begins at its beginning."""
    attempts = fields.IntField(default=0)
    """How often somebody has begun since it came further."""
    writer = fields.UUIDField(null=True)
    """Who writes, or was the last to do so: nobody else stores anything."""
    position: dict[str, Any] | None = fields.JSONField(null=True)
    """How far it has come, for whoever goes on."""
    rows = fields.BigIntField(default=0)
    size = fields.BigIntField(default=0)
    sha256 = fields.CharField(64, default="")
    created_at = fields.DatetimeField()
    touched_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "tenant_exports"
        unique_together = (("tenant_id", "id"),)
        indexes = (("expires_at",),)


class ExportPiece(TenantOwned):
    """A part of a file."""

    attempt = fields.UUIDField()
    number = fields.IntField()
    content = fields.BinaryField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "tenant_export_pieces"
        unique_together = (("tenant_id", "attempt", "number"),)
        indexes = (("expires_at",),)


@dataclass(frozen=True, slots=True)
class Export:
    """A file as it is known."""

    id: UUID
    state: ExportState
    signing_keys: bool
    requested_by: str
    attempt: UUID | None
    rows: int
    size: int
    sha256: str
    part: str
    """The table that is written, or is next."""
    created_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, row: ExportRow) -> "Export":
        """The file of a row."""
        return cls(
            id=row.id,
            state=row.state,
            signing_keys=row.signing_keys,
            requested_by=row.requested_by,
            attempt=row.attempt,
            rows=row.rows,
            size=row.size,
            sha256=row.sha256,
            part=row.position["part"] if row.position else "",
            created_at=row.created_at,
            expires_at=row.expires_at,
        )


async def add(
    export_id: UUID,
    *,
    signing_keys: bool,
    sealed_passphrase: bytes,
    by: str,
    now: datetime,
    is_hinted: bool = True,
) -> Export:
    """Note that a file is wanted. Where nobody is told, the next round takes it up."""
    row = await ExportRow.create(
        id=export_id,
        signing_keys=signing_keys,
        sealed_passphrase=sealed_passphrase,
        requested_by=by[:128],
        created_at=now,
        touched_at=now if is_hinted else now - SILENCE,
        expires_at=now + KEPT,
    )
    return Export.of(row)


async def every(*, now: datetime) -> list[Export]:
    """All that have not ended, the newest first."""
    rows = ExportRow.filter(expires_at__gt=now).order_by("-created_at", "-id")
    return [Export.of(row) for row in await rows.limit(MOST * 2)]


async def find(export_id: UUID, *, now: datetime) -> Export | None:
    """The file, if it has not ended."""
    row = await ExportRow.get_or_none(id=export_id, expires_at__gt=now)
    return None if row is None else Export.of(row)


async def silent(*, now: datetime) -> list[UUID]:
    """Those that nobody has written for too long, the longest first."""
    rows = ExportRow.filter(
        state__in=UNDER_WAY, touched_at__lte=now - SILENCE, expires_at__gt=now
    ).order_by("touched_at")
    return [row.id for row in await rows.limit(MOST)]


async def begin(export_id: UUID, *, schema: str, now: datetime) -> ExportRow | None:
    """Write it, from where it has come to; ``None`` where somebody else does, or has done so, or
    where too many attempts were in vain. What another version of the database's shape has begun is
    begun anew."""
    row = await ExportRow.get_or_none(id=export_id, expires_at__gt=now)
    if row is None or row.state in (ExportState.READY, ExportState.FAILED):
        return None
    if row.state is ExportState.WRITING and row.touched_at + SILENCE > now:
        return None
    if row.attempts >= ATTEMPTS:
        await end(row, ExportState.FAILED)
        return None
    before, writer, seen = row.attempt, row.writer, row.touched_at
    is_new = row.position is None or row.position["schema"] != schema
    row.writer, row.attempts = uuid4(), row.attempts + 1
    if is_new:
        row.attempt, row.position, row.rows, row.size = uuid4(), None, 0, 0
    # Who was slow and no more may have stored a piece since: what was read is no longer so then.
    mine = ExportRow.filter(id=export_id, writer=writer, state=row.state, touched_at=seen)
    if not await mine.update(
        state=ExportState.WRITING, attempt=row.attempt, attempts=row.attempts, writer=row.writer,
        position=row.position, rows=row.rows, size=row.size, touched_at=now,
    ):  # fmt: skip
        return None
    if is_new:
        await ExportPiece.filter(attempt=before).delete()
    return row


async def touch(row: ExportRow, *, now: datetime) -> None:
    """Say that somebody is still at it who has not stored anything yet. Raises ``Overtaken``."""
    if not await ExportRow.filter(id=row.id, writer=row.writer).update(touched_at=now):
        raise Overtaken


async def used(*, besides: UUID, now: datetime) -> int:
    """Bytes that the tenant's other files take. Of one that has failed nothing is kept."""
    there = ExportRow.filter(expires_at__gt=now).exclude(id=besides)
    sizes = await there.exclude(state=ExportState.FAILED).values_list("size", flat=True)
    return sum(int(str(each)) for each in sizes)


async def write(
    row: ExportRow, content: bytes, *, rows: int, position: Mapping[str, Any], now: datetime
) -> None:
    """Store the next piece, and how far the file has come: in a unit of work. Raises
    ``Overtaken``."""
    number = await ExportPiece.filter(attempt=row.attempt).count()
    row.rows, row.size, row.attempts = row.rows + rows, row.size + len(content), 0
    mine = ExportRow.filter(id=row.id, writer=row.writer)
    if not await mine.update(
        size=row.size, rows=row.rows, attempts=0, position=dict(position), touched_at=now
    ):
        raise Overtaken
    await ExportPiece.create(
        attempt=row.attempt, number=number, content=content, expires_at=row.expires_at
    )


async def end(row: ExportRow, state: ExportState, *, sha256: str = "") -> None:
    """Offer the file, have somebody go on with it, or give it up; the passphrase stays no longer
    than it is needed."""
    sealed = row.sealed_passphrase if state is ExportState.WAITING else None
    mine = ExportRow.filter(id=row.id, writer=row.writer)
    has_failed = state is ExportState.FAILED
    size = {"size": 0} if has_failed else {}
    is_mine = await mine.update(state=state, sha256=sha256, sealed_passphrase=sealed, **size)
    if is_mine and has_failed:
        await ExportPiece.filter(attempt=row.attempt).delete()


async def written(row: ExportRow, number: int, *, most: int) -> list[bytes]:
    """Pieces of a file that is not ready yet, from this one on; none past what there is."""
    there = ExportPiece.filter(attempt=row.attempt, number__gte=number).order_by("number")
    contents = await there.limit(most).values_list("content", flat=True)
    return [bytes(cast("bytes", each)) for each in contents]


async def has_piece(export: Export, number: int) -> bool:
    """Whether a file that is ready goes as far."""
    return await ExportPiece.filter(attempt=export.attempt, number=number).exists()


async def piece(export: Export, number: int) -> bytes | None:
    """A piece of a file that is ready; ``None`` past its end."""
    row = await ExportPiece.get_or_none(attempt=export.attempt, number=number)
    return None if row is None else bytes(row.content)
