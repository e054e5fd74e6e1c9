"""Files that owners ask for: written by a job, with their progress to be seen, and fetched."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from authgate import audit, storage
from authgate.audit import Actor, Event
from authgate.exports.writing import FileWriter, Lines, Source, TooManyExports
from authgate.installation import Installation
from authgate.jobs import WriteExport, port
from authgate.portable.document import schema
from authgate.portable.exports import Choice, Position, Writing
from authgate.portable.passphrase import check_passphrase
from authgate.storage import export_files
from authgate.storage.export_files import UNDER_WAY
from authgate.storage.tenants import exports
from authgate.storage.tenants.exports import Export, ExportRow
from authgate_tenants import current_tenant, lifecycle

_KIND = "export-passphrase"


async def request(
    parts: Installation, *, passphrase: str, signing_keys: bool, actor: Actor
) -> Export:
    """Have a file of the tenant in scope written. Raises ``WeakPassphrase`` and
    ``TooManyExports``."""
    check_passphrase(passphrase)
    now, tenant, export_id = parts.clock(), current_tenant(), uuid7()
    cipher = await parts.encryption.cipher(tenant.id)
    async with storage.transaction():
        # Of those who ask at once each sees what the one before has asked for.
        await lifecycle.locked(tenant.id)
        there = await exports.every(now=now)
        if len(there) >= exports.MOST or any(each.state in UNDER_WAY for each in there):
            raise TooManyExports
        wanted = await exports.add(
            export_id,
            signing_keys=signing_keys,
            sealed_passphrase=cipher.seal(
                kind=_KIND, object_id=str(export_id), plaintext=passphrase.encode()
            ),
            by=actor.name,
            now=now,
            is_hinted=port.is_served(),
        )
        await audit.record(
            Event.TENANT_EXPORTED,
            actor=actor,
            resource=("tenant", str(tenant.id)),
            details={"export": str(export_id), "sealed": True, "with_signing": signing_keys},
        )

        # No passphrase travels: the job finds it sealed beside what was asked for.
        job = WriteExport(str(export_id))
        await storage.after_commit(partial(port.hint, job, tenant_id=tenant.id))
    return wanted


async def take_up(parts: Installation) -> None:
    """Write what somebody was killed over, or what no job came for, in the scope of the tenant."""
    for export_id in await export_files.silent(ExportRow, now=parts.clock()):
        await write(parts, export_id)
        return  # the others have the next round


async def write(parts: Installation, export_id: UUID) -> None:
    """Write on the file in the scope of its tenant, unless somebody does or has done so. Where it
    takes longer than a job, another one goes on."""
    async with storage.transaction():
        row = await export_files.begin(ExportRow, export_id, schema=schema(), now=parts.clock())
    if row is not None and row.sealed_passphrase is not None:
        await TenantWriter(parts, row).write()


async def fetched(export: Export, *, actor: Actor) -> None:
    """Write down that somebody takes a file along."""
    await audit.record(
        Event.TENANT_EXPORTED,
        actor=actor,
        resource=("tenant", str(current_tenant().id)),
        details={"fetched": str(export.id), "sha256": export.sha256},
    )


class TenantWriter(FileWriter[ExportRow]):
    """Writes such a file."""

    async def opened(self) -> Source:
        """The tenant, with the keys that seal its secrets."""
        row, parts = self._row, self._parts
        cipher = await parts.encryption.cipher(row.tenant_id)
        opened = cipher.open(
            kind=_KIND, object_id=str(row.id), sealed=bytes(row.sealed_passphrase or b"")
        )
        former = Position.of(row.position) if row.position else None
        choice = Choice(opened.decode(), row.signing_keys)
        return _Whole(
            await Writing.opened(
                parts, current_tenant(), choice, former=former, since=row.created_at
            )
        )

    def job(self) -> WriteExport:
        """Who goes on with it."""
        return WriteExport(str(self._row.id))


class _Whole:
    """All that a tenant has, as a file is written from it."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self.reread = writing.reread

    @property
    def is_whole(self) -> bool:
        """Whether the last line was written as well."""
        return self._writing.is_whole

    @property
    def sha256(self) -> str:
        """Of all that was written."""
        return self._writing.sha256

    def position(self) -> Mapping[str, Any]:
        """How far it has come with the pieces that were taken."""
        return self._writing.position.told()

    async def lines(self) -> AsyncGenerator[Lines]:
        """What follows, to the end."""
        async with aclosing(self._writing.pieces()) as rest:
            async for piece in rest:
                yield Lines(piece, piece.count(b"\n"))
