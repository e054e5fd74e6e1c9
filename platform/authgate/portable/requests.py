"""Files that owners ask for: written by a job, with their progress to be seen, and fetched."""

import hashlib
import time
from contextlib import aclosing
from functools import partial
from uuid import UUID

from uuid_utils.compat import uuid7

from authgate import audit, storage
from authgate.audit import Actor, Event
from authgate.installation import Installation
from authgate.jobs import WriteExport, port
from authgate.portable.exports import Choice, pieces
from authgate.portable.passphrase import check_passphrase
from authgate.storage.tenants import exports
from authgate.storage.tenants.exports import Export, ExportRow, ExportState, Overtaken
from authgate_tenants import current_tenant

_KIND = "export-passphrase"
_PIECE = 512 * 1024
"""Bytes of a piece, or a page of rows more."""

LARGEST = 1024 * 1024 * 1024
"""Bytes of a file; whoever has more asks the operator, who writes into a file of their own."""


_SECONDS = 100.0
"""How long one is written: a job ends a little later."""


class TooManyExports(RuntimeError):
    """There are as many files as there may be, or one is being written."""


class TooLarge(RuntimeError):
    """The tenant has more than such a file may hold, or than can be written in time."""


async def request(
    parts: Installation, *, passphrase: str, signing_keys: bool, actor: Actor
) -> Export:
    """Have a file of the tenant in scope written. Raises ``WeakPassphrase`` and
    ``TooManyExports``."""
    check_passphrase(passphrase)
    now, tenant, export_id = parts.clock(), current_tenant(), uuid7()
    cipher = await parts.encryption.cipher(tenant.id)
    async with storage.transaction():
        there = await exports.every(now=now)
        under_way = (ExportState.WAITING, ExportState.WRITING)
        if len(there) >= exports.MOST or any(each.state in under_way for each in there):
            raise TooManyExports
        wanted = await exports.add(
            export_id,
            signing_keys=signing_keys,
            sealed_passphrase=cipher.seal(
                kind=_KIND, object_id=str(export_id), plaintext=passphrase.encode()
            ),
            by=actor.name,
            now=now,
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
    for export_id in await exports.silent(now=parts.clock()):
        await write(parts, export_id)
        return  # the others have the next round


async def write(parts: Installation, export_id: UUID) -> None:
    """Write the file in the scope of its tenant, unless somebody does or has done so."""
    async with storage.transaction():
        row = await exports.begin(export_id, now=parts.clock())
    if row is None or row.sealed_passphrase is None:
        return
    try:
        digest = await _written(parts, row, await _choice(parts, row))
    except Overtaken:
        return
    except TooLarge:
        await exports.end(row, ExportState.FAILED)
    except Exception:
        await exports.end(row, ExportState.WAITING)  # it is tried again
        raise
    else:
        await exports.end(row, ExportState.READY, sha256=digest)


async def fetched(export: Export, *, actor: Actor) -> None:
    """Write down that somebody takes a file along."""
    await audit.record(
        Event.TENANT_EXPORTED,
        actor=actor,
        resource=("tenant", str(current_tenant().id)),
        details={"fetched": str(export.id), "sha256": export.sha256},
    )


async def _choice(parts: Installation, row: ExportRow) -> Choice:
    cipher = await parts.encryption.cipher(row.tenant_id)
    opened = cipher.open(
        kind=_KIND, object_id=str(row.id), sealed=bytes(row.sealed_passphrase or b"")
    )
    return Choice(opened.decode(), row.signing_keys)


async def _written(parts: Installation, row: ExportRow, choice: Choice) -> str:
    digest, waiting, number, rows = hashlib.sha256(), bytearray(), 0, 0
    tenant, end = current_tenant(), time.monotonic() + _SECONDS
    async with aclosing(pieces(parts, tenant, choice)) as whole:
        async for piece in whole:
            digest.update(piece)
            waiting += piece
            rows += piece.count(b"\n")
            if time.monotonic() > end:
                raise TooLarge
            if len(waiting) >= _PIECE:
                await _store(parts, row, number, bytes(waiting), rows)
                waiting, number = bytearray(), number + 1
    await _store(parts, row, number, bytes(waiting), rows)
    return digest.hexdigest()


async def _store(
    parts: Installation, row: ExportRow, number: int, content: bytes, rows: int
) -> None:
    if row.size + len(content) > LARGEST:
        raise TooLarge
    async with storage.transaction():
        await exports.write(row, number, content, rows=rows, now=parts.clock())
