"""Files of the tenant that an owner has asked for: how far each has come, and what it holds.

A job writes one in pieces, and it is offered once the last of them is there. Whoever is killed
meanwhile has left an attempt, after which another one begins anew; after a day everything goes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from tortoise import fields
from uuid_utils.compat import uuid4

from authgate_tenants import TenantOwned

KEPT = timedelta(days=1)
"""For how long a file can be fetched."""

SILENCE = timedelta(minutes=2)
"""Who has not written for so long does not write any more: another one begins."""

ATTEMPTS = 5
"""After as many it is given up."""

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


class ExportRow(TenantOwned):
    """A file that was asked for."""

    state = fields.CharEnumField(ExportState, max_length=16, default=ExportState.WAITING)
    signing_keys = fields.BooleanField()
    sealed_passphrase = fields.BinaryField(null=True)
    """Until the file is written, or given up; only this tenant's key opens it."""
    requested_by = fields.CharField(128)
    attempt = fields.UUIDField(null=True)
    attempts = fields.IntField(default=0)
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
            created_at=row.created_at,
            expires_at=row.expires_at,
        )


async def add(
    export_id: UUID, *, signing_keys: bool, sealed_passphrase: bytes, by: str, now: datetime
) -> Export:
    """Note that a file is wanted."""
    row = await ExportRow.create(
        id=export_id,
        signing_keys=signing_keys,
        sealed_passphrase=sealed_passphrase,
        requested_by=by[:128],
        created_at=now,
        touched_at=now,
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
    under_way = (ExportState.WAITING, ExportState.WRITING)
    rows = ExportRow.filter(
        state__in=under_way, touched_at__lte=now - SILENCE, expires_at__gt=now
    ).order_by("touched_at")
    return [row.id for row in await rows.limit(MOST)]


async def begin(export_id: UUID, *, now: datetime) -> ExportRow | None:
    """Write it in a new attempt; ``None`` where somebody else does, or has done so, or where too
    many attempts were in vain."""
    row = await ExportRow.get_or_none(id=export_id, expires_at__gt=now)
    if row is None or row.state in (ExportState.READY, ExportState.FAILED):
        return None
    if row.state is ExportState.WRITING and row.touched_at + SILENCE > now:
        return None
    if row.attempts >= ATTEMPTS:
        await end(row, ExportState.FAILED)
        return None
    attempt, before = uuid4(), row.attempt
    former = ExportRow.filter(id=export_id, attempt=before, state=row.state)
    if not await former.update(
        state=ExportState.WRITING, attempt=attempt, attempts=row.attempts + 1,
        rows=0, size=0, touched_at=now,
    ):  # fmt: skip
        return None
    await ExportPiece.filter(attempt=before).delete()
    row.attempt, row.size = attempt, 0
    return row


async def write(row: ExportRow, number: int, content: bytes, *, rows: int, now: datetime) -> None:
    """Store a piece, and how far it has come: in a unit of work. Raises ``Overtaken``."""
    await ExportPiece.create(
        attempt=row.attempt, number=number, content=content, expires_at=row.expires_at
    )
    row.size += len(content)
    mine = ExportRow.filter(id=row.id, attempt=row.attempt)
    if not await mine.update(size=row.size, rows=rows, touched_at=now):
        raise Overtaken


async def end(row: ExportRow, state: ExportState, *, sha256: str = "") -> None:
    """Offer the file, have it written once more, or give it up; the passphrase stays no longer
    than it is needed."""
    sealed = row.sealed_passphrase if state is ExportState.WAITING else None
    mine = ExportRow.filter(id=row.id, attempt=row.attempt)
    is_mine = await mine.update(state=state, sha256=sha256, sealed_passphrase=sealed)
    if is_mine and state is not ExportState.READY:
        await ExportPiece.filter(attempt=row.attempt).delete()


async def has_piece(export: Export, number: int) -> bool:
    """Whether a file that is ready goes as far."""
    return await ExportPiece.filter(attempt=export.attempt, number=number).exists()


async def piece(export: Export, number: int) -> bytes | None:
    """A piece of a file that is ready; ``None`` past its end."""
    row = await ExportPiece.get_or_none(attempt=export.attempt, number=number)
    return None if row is None else bytes(row.content)
