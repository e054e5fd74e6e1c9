"""Files of the audit log: asked for by whoever may read it, written by a job, and fetched.

A file holds what had happened when it was asked for, in its order, however long it takes to write
and whatever happens meanwhile.
"""

import asyncio
import gzip
import hashlib
import time
from collections.abc import AsyncGenerator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from authgate import audit, storage
from authgate.audit import Actor, Event
from authgate.exports import audit_lines
from authgate.exports.writing import FileWriter, Lines, NotYet, Source, TooManyExports
from authgate.installation import Installation
from authgate.jobs import ExportAudit, port
from authgate.permissions import UserRole
from authgate.storage import export_files
from authgate.storage.audit import audit_feeds, export_rows, exports
from authgate.storage.audit.export_rows import Place
from authgate.storage.audit.exports import AuditExport, AuditExportRow, Wanted
from authgate.storage.export_files import UNDER_WAY
from authgate_tenants import current_tenant, lifecycle

_SHAPE = "1"
"""Of what is written: a file that was begun in another one is begun anew."""

_FAST = 1
"""Of gzip's levels: it packs the log to a tenth in a fifth of the time that the best one takes."""

_SETTLED_SECONDS = 1.0
"""What happened before a file was asked for is stored by then, unless a transaction is open."""

_PATIENCE_SECONDS = 10.0
"""How long such a transaction is waited for; the next round looks again."""

_SEAL_LOOKS = 25
"""How often is looked whether the youngest events are sealed: without it is a file all the same."""

_LOOKS_SECONDS = 0.2


async def request(parts: Installation, wanted: Wanted, *, actor: Actor) -> AuditExport:
    """Have a file of the tenant's log written; where nobody takes jobs it is written here. Raises
    ``TooManyExports``."""
    now, tenant, export_id = parts.clock(), current_tenant(), uuid7()
    async with storage.transaction():
        # Of those who ask at once each sees what the one before has asked for.
        await lifecycle.locked(tenant.id)
        there = await exports.every(now=now)
        if len(there) >= exports.MOST or any(each.state in UNDER_WAY for each in there):
            raise TooManyExports
        asked = await exports.add(
            export_id, wanted, by=(actor.type, actor.id, actor.name), now=now,
            is_hinted=port.is_served(),
        )  # fmt: skip
        await _record(Event.AUDIT_EXPORT_REQUESTED, asked, actor, {"chosen": dict(wanted.chosen)})
        job = ExportAudit(str(export_id))
        await storage.after_commit(partial(port.hint, job, tenant_id=tenant.id))
    return asked


async def write_here(parts: Installation, asked: AuditExport) -> AuditExport:
    """Write all of a file in this process, where nobody takes jobs."""
    found: AuditExport | None = asked
    while found is not None and found.state in UNDER_WAY:
        await write(parts, asked.id)
        found = await exports.find(asked.id, now=parts.clock())
    return found or asked


async def take_up(parts: Installation) -> None:
    """Write what somebody was killed over, or what no job came for, in the scope of the tenant."""
    for export_id in await export_files.silent(AuditExportRow, now=parts.clock()):
        await write(parts, export_id)
        return  # the others have the next round


async def write(parts: Installation, export_id: UUID) -> None:
    """Write on the file in the scope of its tenant, unless somebody does or has done so."""
    async with storage.transaction():
        row = await export_files.begin(AuditExportRow, export_id, schema=_SHAPE, now=parts.clock())
    if row is not None:
        await _LogWriter(parts, row).write()


async def remove(export: AuditExport, *, actor: Actor) -> bool:
    """Have nothing be left of a file, written or not; whether anything was."""
    async with storage.transaction():
        is_removed = await exports.remove(export.id)
        if is_removed:
            await removed(export, actor=actor)
    return is_removed


async def removed(export: AuditExport, *, actor: Actor) -> None:
    """Write down that nothing is left of a file."""
    await _record(Event.AUDIT_EXPORT_DELETED, export, actor, {})


def may_remove(requester: tuple[str, str], *, actor: Actor, role: UserRole) -> bool:
    """Whether somebody may: who asked for it, of this type and id, and who is above all readers."""
    is_theirs = requester == (actor.type, actor.id[:128])
    return is_theirs or role in (UserRole.OWNER, UserRole.ADMIN)


async def fetched(export: AuditExport, *, actor: Actor) -> None:
    """Write down that somebody takes a file along."""
    await _record(Event.AUDIT_EXPORT_DOWNLOADED, export, actor, {"sha256": export.sha256})


async def piece(export: AuditExport, number: int) -> bytes | None:
    """A part of a file that is ready, as it is taken: whole lines; ``None`` past its end."""
    packed = await export_files.piece(export.attempt, number)
    return None if packed is None else await asyncio.to_thread(gzip.decompress, packed)


async def _record(
    event: Event, export: AuditExport, actor: Actor, details: Mapping[str, Any]
) -> None:
    told = {"format": export.format.value, **details}
    resource = ("audit-export", str(export.id))
    await audit.record(event, actor=actor, resource=resource, details=told)


class _LogWriter(FileWriter[AuditExportRow]):
    async def opened(self) -> Source:
        if self._row.position is None:
            await self._settle()
            await export_files.note(self._row, total=await export_rows.count(self._row))
        return _Log(self._row)

    def job(self) -> ExportAudit:
        return ExportAudit(str(self._row.id))

    def packed(self, content: bytes) -> bytes:
        return gzip.compress(content, _FAST, mtime=0)

    def unpacked(self, content: bytes) -> bytes:
        return gzip.decompress(content)

    def counted(self, content: bytes, rows: int) -> Mapping[str, int]:
        return {"rows": rows, "length": len(content)}

    async def _settle(self) -> None:
        """Wait until all is stored that had happened when the file was asked for."""
        until, end = self._row.until, time.monotonic() + _PATIENCE_SECONDS
        young = (until - self._parts.clock()).total_seconds() + _SETTLED_SECONDS
        await asyncio.sleep(max(0.0, min(young, _SETTLED_SECONDS)))
        while await audit_feeds.oldest_transaction(self._parts.clock()) < until:
            if time.monotonic() > end:
                raise NotYet
            await asyncio.sleep(_LOOKS_SECONDS)
        for _ in range(_SEAL_LOOKS if port.is_served() else 0):
            if not await export_rows.unsealed(until):
                return
            await asyncio.sleep(_LOOKS_SECONDS)


class _Log:
    """What a file of the log is written from."""

    def __init__(self, row: AuditExportRow) -> None:
        self._row = row
        former = row.position
        self._place = Place.of(former["place"]) if former else None
        self.is_whole = bool(former and former["is_whole"])
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of all that was written."""
        return self._digest.hexdigest()

    def position(self) -> Mapping[str, Any]:
        """How far it has come, for whoever goes on."""
        place = self._place.told() if self._place else None
        return {"schema": _SHAPE, "place": place, "is_whole": self.is_whole}

    def reread(self, content: bytes) -> None:
        """Take note of a piece that was written before."""
        self._digest.update(content)

    async def lines(self) -> AsyncGenerator[Lines]:
        """What follows, a page of events after the other."""
        form = self._row.format
        begun = audit_lines.head(form, bom=self._row.bom) if self._place is None else b""
        while not self.is_whole:
            page = await export_rows.following(self._row, self._place)
            self.is_whole = page.place is None
            self._place = page.place or self._place
            content = begun + audit_lines.lines(form, page.events)
            begun = b""
            self._digest.update(content)
            if content:
                yield Lines(content, len(page.events))
