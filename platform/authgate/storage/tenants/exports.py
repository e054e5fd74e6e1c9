"""Files of the tenant that an owner has asked for: everything that it has."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from authgate.storage import export_files
from authgate.storage.export_files import ExportFile, ExportState

MOST = 5
"""Files that there are at once."""


class ExportRow(ExportFile):
    """A file that was asked for."""

    passing: ClassVar[tuple[str, ...]] = ("sealed_passphrase",)

    signing_keys = fields.BooleanField()
    sealed_passphrase = fields.BinaryField(null=True)
    """Until the file is written, or given up; only this tenant's key opens it."""

    class Meta:
        table = "tenant_exports"
        unique_together = (("tenant_id", "id"),)
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
        **export_files.wanted(by=by, now=now, is_hinted=is_hinted),
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
