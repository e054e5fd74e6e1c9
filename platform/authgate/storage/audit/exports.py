"""Files of the audit log that somebody has asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from tortoise import fields

from authgate.storage import export_files
from authgate.storage.export_files import ExportFile, ExportState

MOST = 10
"""Files that there are at once."""


class LogFormat(StrEnum):
    """What a file is written as."""

    CSV = "csv"
    JSONL = "jsonl"


class AuditExportRow(ExportFile):
    """A file that was asked for."""

    counted: ClassVar[tuple[str, ...]] = ("rows", "size", "length")

    format = fields.CharEnumField(LogFormat, max_length=8)
    bom = fields.BooleanField(default=False)
    chosen: dict[str, Any] = fields.JSONField()
    """Which events, as ``chosen_events`` reads it."""
    until = fields.DatetimeField()
    """What happened from then on is not in it."""
    requester_type = fields.CharField(16)
    requester_id = fields.CharField(128)
    total = fields.BigIntField(null=True)
    """How many rows there will be; ``None`` where they are not counted."""
    length = fields.BigIntField(default=0)
    """Bytes of the file as it is taken: its pieces are packed."""

    class Meta:
        table = "audit_exports"
        unique_together = (("tenant_id", "id"),)
        indexes = (("expires_at",),)


@dataclass(frozen=True, slots=True)
class AuditExport:
    """A file as it is known."""

    id: UUID
    state: ExportState
    format: LogFormat
    bom: bool
    chosen: Mapping[str, Any]
    requested_by: str
    requester_type: str
    requester_id: str
    attempt: UUID | None
    rows: int
    total: int | None
    size: int
    """Bytes of the file as it is taken."""
    sha256: str
    created_at: datetime
    expires_at: datetime

    @property
    def percent(self) -> int:
        """How far it has come: all of it once it is ready, and not before."""
        if self.state is ExportState.READY:
            return 100
        return min(99, self.rows * 100 // self.total) if self.total else 0

    @classmethod
    def of(cls, row: AuditExportRow) -> "AuditExport":
        """The file of a row."""
        told = {name: getattr(row, name) for name in cls.__dataclass_fields__}
        return cls(**{**told, "size": row.length})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a file is to be."""

    format: LogFormat
    bom: bool
    chosen: Mapping[str, Any]


async def add(
    export_id: UUID, wanted: Wanted, *, by: tuple[str, str, str], now: datetime, is_hinted: bool
) -> AuditExport:
    """Note that somebody, of this type, id and name, wants a file of what has happened by now."""
    kind, id_, name = by
    row = await AuditExportRow.create(
        id=export_id,
        format=wanted.format,
        bom=wanted.bom,
        chosen=dict(wanted.chosen),
        until=now,
        requester_type=kind,
        requester_id=id_[:128],
        **export_files.wanted(by=name or id_ or kind, now=now, is_hinted=is_hinted),
    )
    return AuditExport.of(row)


async def every(*, now: datetime) -> list[AuditExport]:
    """All that have not ended, the newest first."""
    rows = AuditExportRow.filter(expires_at__gt=now).order_by("-created_at", "-id")
    return [AuditExport.of(row) for row in await rows.limit(MOST * 2)]


async def find(export_id: UUID, *, now: datetime) -> AuditExport | None:
    """The file, if it has not ended."""
    row = await AuditExportRow.get_or_none(id=export_id, expires_at__gt=now)
    return None if row is None else AuditExport.of(row)


async def remove(export_id: UUID) -> bool:
    """Have nothing be left of a file; whoever writes it stops. In a unit of work."""
    return await export_files.remove(AuditExportRow, id=export_id) > 0


async def forget(user_id: UUID) -> int:
    """Have nothing be left of what somebody has asked for who is no more; how many files. In a unit
    of work."""
    them = {"requester_type": "user", "requester_id": str(user_id)}
    return await export_files.remove(AuditExportRow, **them)
