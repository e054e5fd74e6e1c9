"""Files that owners ask for: written by a job, with their progress to be seen, and fetched."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from uuid import UUID

from uuid_utils.compat import uuid7

from authgate import audit, storage
from authgate.audit import Actor, Event
from authgate.installation import Installation
from authgate.jobs import WriteExport, port
from authgate.portable.document import schema
from authgate.portable.exports import Choice, Position, Writing
from authgate.portable.passphrase import check_passphrase
from authgate.storage.tenants import exports
from authgate.storage.tenants.exports import Export, ExportRow, ExportState, Overtaken
from authgate_tenants import current_tenant, lifecycle

_KIND = "export-passphrase"
_PIECE = 512 * 1024
"""Bytes of a piece, or a page of rows more."""

_AT_ONCE = 16
"""Pieces that are read together of what was written before."""

_SECONDS = 50.0
"""How long a job writes on one, once it has read what was written before; another one goes on
then."""

_TELLS_SECONDS = 15.0
"""Between two words that somebody is still reading that: far below the silence after which another
one begins."""

_GIGABYTE = 1_000_000_000


class TooManyExports(RuntimeError):
    """There are as many files as there may be, or one is being written."""


class TooLarge(RuntimeError):
    """The tenant has more than its files may hold."""


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
        if len(there) >= exports.MOST or any(each.state in exports.UNDER_WAY for each in there):
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
    for export_id in await exports.silent(now=parts.clock()):
        await write(parts, export_id)
        return  # the others have the next round


async def write(parts: Installation, export_id: UUID) -> None:
    """Write on the file in the scope of its tenant, unless somebody does or has done so. Where it
    takes longer than a job, another one goes on."""
    async with storage.transaction():
        row = await exports.begin(export_id, schema=schema(), now=parts.clock())
    if row is None or row.sealed_passphrase is None:
        return
    try:
        writing = await _gone_on(parts, row)
        await _write(parts, row, writing)
    except Overtaken:
        return
    except TooLarge:
        await exports.end(row, ExportState.FAILED)
    except Exception:
        await exports.end(row, ExportState.WAITING)  # it is tried again
        raise
    else:
        await _leave(row, writing)


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


async def _gone_on(parts: Installation, row: ExportRow) -> Writing:
    """The file as somebody has left it."""
    choice, tenant = await _choice(parts, row), current_tenant()
    former = Position.of(row.position) if row.position else None
    writing = await Writing.opened(parts, tenant, choice, former=former, since=row.created_at)
    number, told = 0, time.monotonic()
    while former and (contents := await exports.written(row, number, most=_AT_ONCE)):
        # In a thread: the requests of this process would wait for it.
        await asyncio.to_thread(_reread, writing, contents)
        number += len(contents)
        if time.monotonic() > told + _TELLS_SECONDS:
            await exports.touch(row, now=parts.clock())
            told = time.monotonic()
    return writing


def _reread(writing: Writing, contents: Sequence[bytes]) -> None:
    for each in contents:
        writing.reread(each)


async def _write(parts: Installation, row: ExportRow, writing: Writing) -> None:
    waiting, end = bytearray(), time.monotonic() + _SECONDS
    async with aclosing(writing.pieces()) as rest:
        async for piece in rest:
            waiting += piece
            is_late = time.monotonic() > end
            if len(waiting) < _PIECE and not is_late:
                continue
            await _store(parts, row, waiting, writing)
            waiting = bytearray()
            if is_late:
                return
    if waiting:
        await _store(parts, row, waiting, writing)


async def _store(parts: Installation, row: ExportRow, content: bytearray, writing: Writing) -> None:
    now, room = parts.clock(), parts.settings.jobs.export_gigabytes * _GIGABYTE
    async with storage.transaction():
        if row.size + len(content) + await exports.used(besides=row.id, now=now) > room:
            raise TooLarge
        await exports.write(
            row,
            bytes(content),
            rows=content.count(b"\n"),
            position=writing.position.told(),
            now=now,
        )


async def _leave(row: ExportRow, writing: Writing) -> None:
    """Offer the file, or let another job go on."""
    if writing.is_whole:
        await exports.end(row, ExportState.READY, sha256=writing.sha256)
        return
    await exports.end(row, ExportState.WAITING)
    await port.hint(WriteExport(str(row.id)), tenant_id=row.tenant_id)
