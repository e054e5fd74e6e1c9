"""Files of tenants that operators send, piece by piece, and a job that reads them in.

Nothing of a tenant is there before all of it is: a job that is killed has left the file, which
another one reads from its beginning.
"""

import asyncio
import tempfile
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, cast
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from authgate import storage
from authgate.audit import Actor
from authgate.installation import Installation
from authgate.jobs import ReadImport, port
from authgate.operator.crossing import away
from authgate.portable.document import UnfitFile
from authgate.portable.imports import Brought, TenantIsHere, Wanted, bring_in, came_of, examine
from authgate.portable.passphrase import WrongPassphrase, check_passphrase
from authgate.storage.tenants import imports
from authgate.storage.tenants.imports import Import, ImportRow, ImportState
from authgate_tenants import current_tenant, use_tenant
from authgate_tenants.lifecycle import SlugTaken
from authgate_tenants.resolver import BadSlug, check_slug

_KIND = "import-passphrase"
_GZIP = 16 + zlib.MAX_WBITS
_GIGABYTE = 1_000_000_000
_SAYS_SO_SECONDS = 5.0
_IN_MEMORY = 4 * 1024 * 1024

LARGEST_PIECE = 1024 * 1024
"""Bytes of a piece, unpacked."""

_log = structlog.get_logger(__name__)


class UnfitPiece(ValueError):
    """A piece that is not packed as it has to be, is too large, or is not the next one."""


class TooManyImports(RuntimeError):
    """There are as many files as there may be."""


class NotReceiving(RuntimeError):
    """The file is read, or was."""


async def announce(
    parts: Installation,
    *,
    passphrase: str,
    slug: str,
    hosts: bool,
    check_only: bool,
    actor: Actor,
) -> Import:
    """A file is to come. Raises ``WeakPassphrase``, ``BadSlug`` and ``TooManyImports``."""
    check_passphrase(passphrase)
    if slug:
        check_slug(slug)
    now, import_id = parts.clock(), uuid7()
    cipher = await parts.encryption.cipher(current_tenant().id)
    if len(await imports.every(now=now)) >= imports.MOST:
        raise TooManyImports
    row = await ImportRow.create(
        id=import_id,
        slug=slug,
        hosts=hosts,
        check_only=check_only,
        sealed_passphrase=cipher.seal(
            kind=_KIND, object_id=str(import_id), plaintext=passphrase.encode()
        ),
        requested_by=actor.name[:128],
        requester=actor.id[:64],
        created_at=now,
        touched_at=now,
        expires_at=now + imports.KEPT,
    )
    return Import.of(row)


async def receive(parts: Installation, known: Import, number: int, packed: bytes) -> None:
    """Keep a piece. Raises ``UnfitPiece``."""
    try:
        unpacker = zlib.decompressobj(_GZIP)
        size = len(unpacker.decompress(packed, LARGEST_PIECE + 1))
    except zlib.error as error:
        raise UnfitPiece("It is no gzip.") from error
    if size > LARGEST_PIECE or not unpacker.eof or unpacker.unused_data:
        raise UnfitPiece(f"It is not one gzip of at most {LARGEST_PIECE} bytes.")
    if known.size + size > parts.settings.jobs.export_gigabytes * _GIGABYTE:
        raise UnfitPiece("The file is larger than the installation takes.")
    async with storage.transaction():
        if not await imports.receive(known.id, number, packed, size=size):
            raise UnfitPiece(f"The next piece is {known.pieces}, or nothing more is taken.")


async def start(parts: Installation, import_id: UUID) -> None:
    """All of it is there: have it read. Raises ``NotReceiving``."""
    now = parts.clock()
    touched_at = now if port.is_served() else now - imports.SILENCE
    if not await imports.whole(import_id, touched_at=touched_at):
        raise NotReceiving
    job = ReadImport(str(import_id))
    await storage.after_commit(partial(port.hint, job, tenant_id=current_tenant().id))


async def take_up(parts: Installation) -> None:
    """Read what somebody was killed over, or what no job came for, in the operators' scope."""
    for import_id in await imports.silent(now=parts.clock()):
        await read(parts, import_id)
        return  # the others have the next round


async def read(parts: Installation, import_id: UUID) -> None:
    """Read a file in, unless somebody does or has done so. Whatever comes of it is written down."""
    async with storage.transaction():
        row = await imports.begin(import_id, now=parts.clock())
    if row is None or row.sealed_passphrase is None:
        return
    try:
        brought = await _read(parts, row)
    except (UnfitFile, WrongPassphrase, TenantIsHere, SlugTaken, BadSlug) as error:
        place = error if isinstance(error, UnfitFile) else UnfitFile()
        await imports.end(
            row,
            ImportState.REFUSED,
            fault=_words(error)[:512],
            fault_line=place.line,
            fault_part=place.part or "",
        )
    except Exception:
        await imports.end(row, ImportState.WAITING)  # it is tried again
        raise
    else:
        await imports.end(
            row,
            ImportState.DONE,
            brought_id=brought.tenant_id,
            brought_slug=brought.slug,
            sha256=brought.sha256,
            rows=sum(brought.rows.values()),
        )


def _words(error: Exception) -> str:
    if isinstance(error, SlugTaken):
        return "There is a tenant of this slug: give it another one."
    return str(error)


@dataclass(slots=True)
class _Told:
    rows: int = 0


async def _read(parts: Installation, row: ImportRow) -> Brought:
    cipher = await parts.encryption.cipher(row.tenant_id)
    opened = cipher.open(
        kind=_KIND, object_id=str(row.id), sealed=bytes(row.sealed_passphrase or b"")
    )
    wanted, told = Wanted(opened.decode(), row.slug or None, row.hosts), _Told()
    actor = Actor("operator", row.requester, row.requested_by)
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spooled:
        file = cast(BinaryIO, spooled)
        await _unpack(row, file)
        async with _saying_so(parts, row, told), away():
            if row.check_only:
                return await examine(parts, file, wanted)
            try:
                return await bring_in(
                    parts,
                    file,
                    wanted,
                    actor=actor,
                    progress=partial(setattr, told, "rows"),
                    asked=row.id,
                )
            except TenantIsHere:
                # Whoever brought it may have been killed before they could say so.
                brought = await came_of(parts, file, wanted, row.id)
                if brought is None:
                    raise
                return brought


async def _unpack(row: ImportRow, file: BinaryIO) -> None:
    for number in range(row.pieces):
        packed = await imports.piece(row.id, number)
        if packed is None:
            raise UnfitFile("A piece of it is gone.")
        file.write(zlib.decompress(packed, _GZIP))


@asynccontextmanager
async def _saying_so(parts: Installation, row: ImportRow, told: _Told) -> AsyncIterator[None]:
    """Say from time to time that the file is being read, beside the transaction that does so."""
    tenant = current_tenant()

    async def say_so() -> None:
        while True:
            await asyncio.sleep(_SAYS_SO_SECONDS)
            with suppress(Exception), use_tenant(tenant):
                await imports.touch(row, rows=told.rows, now=parts.clock())

    saying = asyncio.create_task(say_so(), context=Context())
    try:
        yield
    finally:
        saying.cancel()
        await asyncio.wait([saying])
