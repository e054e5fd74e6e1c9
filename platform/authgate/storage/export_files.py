"""Files that somebody has asked for: how far each has come, and what it holds.

Jobs write one in pieces, each of them for a while, and it is offered once the last piece is there.
Whoever is killed meanwhile has left pieces behind which another one goes on; after a day everything
goes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, TypeVar, cast
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

_LOOKED_AT = 5


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


class ExportFile(TenantOwned):
    """A file that was asked for. What the kinds have in common; each has a table of its own."""

    counted: ClassVar[tuple[str, ...]] = ("rows", "size")
    """Columns that begin anew with the file."""
    passing: ClassVar[tuple[str, ...]] = ()
    """Columns that are kept no longer than the file is being written."""

    state = fields.CharEnumField(ExportState, max_length=16, default=ExportState.WAITING)
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
    """Bytes that its pieces take."""
    sha256 = fields.CharField(64, default="")
    created_at = fields.DatetimeField()
    touched_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()

    class Meta:
        abstract = True


class ExportPiece(TenantOwned):
    """A part of a file of any kind."""

    attempt = fields.UUIDField()
    number = fields.IntField()
    content = fields.BinaryField()
    expires_at = fields.DatetimeField()

    class Meta:
        table = "tenant_export_pieces"
        unique_together = (("tenant_id", "attempt", "number"),)
        indexes = (("expires_at",),)


Kind = TypeVar("Kind", bound=ExportFile)


def wanted(*, by: str, now: datetime, is_hinted: bool) -> dict[str, Any]:
    """The columns of a file that somebody asks for. Where nobody is told, the next round takes it
    up."""
    return {
        "requested_by": by[:128],
        "created_at": now,
        "touched_at": now if is_hinted else now - SILENCE,
        "expires_at": now + KEPT,
    }


async def silent(kind: type[ExportFile], *, now: datetime) -> list[UUID]:
    """Those that nobody has written for too long, the longest first."""
    rows = kind.filter(
        state__in=UNDER_WAY, touched_at__lte=now - SILENCE, expires_at__gt=now
    ).order_by("touched_at")
    return [row.id for row in await rows.limit(_LOOKED_AT)]


async def remove_before(kind: type[ExportFile], moment: datetime) -> None:
    """Remove files that were begun before this, and what is there of them."""
    rows = kind.filter(created_at__lt=moment)
    attempts = [row.attempt for row in await rows if row.attempt is not None]
    if attempts:
        await ExportPiece.filter(attempt__in=attempts).delete()
    await rows.delete()


async def begin(kind: type[Kind], export_id: UUID, *, schema: str, now: datetime) -> Kind | None:
    """Write it, from where it has come to; ``None`` where somebody else does, or has done so, or
    where too many attempts were in vain. What was begun in another shape than ``schema`` is begun
    anew."""
    row = await kind.get_or_none(id=export_id, expires_at__gt=now)
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
        row.attempt, row.position = uuid4(), None
        row.update_from_dict(dict.fromkeys(row.counted, 0))
    # Who was slow and no more may have stored a piece since: what was read is no longer so then.
    mine = kind.filter(id=export_id, writer=writer, state=row.state, touched_at=seen)
    if not await mine.update(
        state=ExportState.WRITING, attempt=row.attempt, attempts=row.attempts, writer=row.writer,
        position=row.position, touched_at=now,
        **{name: getattr(row, name) for name in row.counted},
    ):  # fmt: skip
        return None
    if is_new:
        await ExportPiece.filter(attempt=before).delete()
    return row


async def touch(row: ExportFile, *, now: datetime) -> None:
    """Say that somebody is still at it who has not stored anything yet. Raises ``Overtaken``."""
    await note(row, touched_at=now)


async def note(row: ExportFile, **columns: Any) -> None:
    """Write something down of a file that is being written. Raises ``Overtaken``."""
    if not await type(row).filter(id=row.id, writer=row.writer).update(**columns):
        raise Overtaken
    row.update_from_dict(columns)


async def used(kind: type[ExportFile], *, besides: UUID, now: datetime) -> int:
    """Bytes that the tenant's other files take. Of one that has failed nothing is kept."""
    there = kind.filter(expires_at__gt=now).exclude(id=besides)
    sizes = await there.exclude(state=ExportState.FAILED).values_list("size", flat=True)
    return sum(int(str(each)) for each in sizes)


async def write(
    row: ExportFile, content: bytes, *, position: Mapping[str, Any], now: datetime, **counted: int
) -> None:
    """Store the next piece, and how far the file has come: in a unit of work. ``counted`` is what
    it adds to columns besides the size. Raises ``Overtaken``."""
    number = await ExportPiece.filter(attempt=row.attempt).count()
    added = {"size": len(content), **counted}
    sums = {name: getattr(row, name) + more for name, more in added.items()}
    await note(row, **sums, attempts=0, position=dict(position), touched_at=now)
    await ExportPiece.create(
        attempt=row.attempt, number=number, content=content, expires_at=row.expires_at
    )


async def end(row: ExportFile, state: ExportState, *, sha256: str = "", **columns: Any) -> None:
    """Offer the file, have somebody go on with it, or give it up."""
    mine = type(row).filter(id=row.id, writer=row.writer)
    has_failed = state is ExportState.FAILED
    size = {"size": 0} if has_failed else {}
    gone = {} if state is ExportState.WAITING else dict.fromkeys(row.passing)
    is_mine = await mine.update(state=state, sha256=sha256, **size, **gone, **columns)
    if is_mine and has_failed:
        await ExportPiece.filter(attempt=row.attempt).delete()


async def remove(kind: type[ExportFile], **which: Any) -> int:
    """Have nothing be left of these files: whoever writes one is overtaken. How many there were."""
    found = await kind.filter(**which).select_for_update().only("id", "attempt")
    attempts = [row.attempt for row in found if row.attempt is not None]
    await kind.filter(id__in=[row.id for row in found]).delete()
    if attempts:
        await ExportPiece.filter(attempt__in=attempts).delete()
    return len(found)


async def written(row: ExportFile, number: int, *, most: int) -> list[bytes]:
    """Pieces of a file that is not ready yet, from this one on; none past what there is."""
    there = ExportPiece.filter(attempt=row.attempt, number__gte=number).order_by("number")
    contents = await there.limit(most).values_list("content", flat=True)
    return [bytes(cast("bytes", each)) for each in contents]


async def has_piece(attempt: UUID | None, number: int) -> bool:
    """Whether a file that is ready goes as far."""
    return await ExportPiece.filter(attempt=attempt, number=number).exists()


async def piece(attempt: UUID | None, number: int) -> bytes | None:
    """A piece of a file that is ready; ``None`` past its end."""
    row = await ExportPiece.get_or_none(attempt=attempt, number=number)
    return None if row is None else bytes(row.content)
