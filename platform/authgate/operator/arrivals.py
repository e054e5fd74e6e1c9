"""Files of tenants that operators send, piece by piece, and a job that reads them in.

Nothing of a tenant is there before all of it is: a job that is killed has left the file, which
another one reads from its beginning.
"""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from functools import partial
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from authgate import audit, storage
from authgate.audit import Actor, Event
from authgate.installation import Installation
from authgate.jobs import ReadImport, port
from authgate.operator.arriving import GZIP, Arriving
from authgate.operator.crossing import away
from authgate.portable.document import UnfitFile
from authgate.portable.imports import Brought, TenantIsHere, Wanted, bring_in, came_of, examine
from authgate.portable.passphrase import WrongPassphrase, check_passphrase
from authgate.storage.tenants import imports
from authgate.storage.tenants.imports import Import, ImportRow, ImportState, Overtaken
from authgate_tenants import current_tenant, use_tenant
from authgate_tenants.lifecycle import SlugTaken
from authgate_tenants.resolver import BadSlug, check_slug

_KIND = "import-passphrase"
_GIGABYTE = 1_000_000_000
_SAYS_SO_SECONDS = 5.0
_LATE_SECONDS = ReadImport.seconds - 5.0
"""Who is broken off then has had all the time that there is."""

LARGEST_PIECE = 1024 * 1024
"""Bytes of a piece, unpacked."""

_log = structlog.get_logger(__name__)


class UnfitPiece(ValueError):
    """A piece that is not packed as it has to be, is too large, or is not the next one."""


class TooManyImports(RuntimeError):
    """There are as many files as there may be."""


class NotReceiving(RuntimeError):
    """The file is read, or was."""


class NoRoomToRead(RuntimeError):
    """Whoever reads a file in has the only connection to the database for minutes."""


def check_room(parts: Installation) -> None:
    """Raises ``NoRoomToRead`` where nobody would be served while a file is read in."""
    database = parts.settings.database
    if database.is_sqlite or database.pool_size < 2:  # one reads, one imports
        raise NoRoomToRead


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
    async with storage.transaction():
        if not await imports.has_room(now=now):
            raise TooManyImports
        await audit.record(
            Event.TENANT_IMPORT_BEGUN,
            actor=actor,
            resource=("import", str(import_id)),
            details={"slug": slug, "with_hosts": hosts, "checked_only": check_only},
        )
        return await imports.add(
            import_id,
            slug=slug,
            hosts=hosts,
            check_only=check_only,
            sealed_passphrase=cipher.seal(
                kind=_KIND, object_id=str(import_id), plaintext=passphrase.encode()
            ),
            by_id=actor.id,
            by_name=actor.name,
            now=now,
        )


async def receive(parts: Installation, known: Import, number: int, packed: bytes) -> None:
    """Keep a piece. Raises ``UnfitPiece``."""
    try:
        unpacker = zlib.decompressobj(GZIP)
        size = len(unpacker.decompress(packed, LARGEST_PIECE + 1))
    except zlib.error as error:
        raise UnfitPiece("It is no gzip.") from error
    if not 0 < size <= LARGEST_PIECE or not unpacker.eof or unpacker.unused_data:
        raise UnfitPiece(f"It is not one gzip of 1 to {LARGEST_PIECE} bytes.")
    size = max(size, len(packed))  # whichever takes the room
    if known.size + size > parts.settings.jobs.export_gigabytes * _GIGABYTE:
        raise UnfitPiece("The file is larger than the installation takes.")
    async with storage.transaction():
        if not await imports.receive(known.id, number, packed, size=size):
            raise UnfitPiece(f"The next piece is {known.pieces}, or nothing more is taken.")


async def start(parts: Installation, import_id: UUID, *, actor: Actor) -> None:
    """All of it is there: have it read. Raises ``NotReceiving``."""
    now = parts.clock()
    # A server does a few jobs at once: that of its clock alone keeps nobody waiting.
    is_hinted = port.is_served() and parts.settings.jobs.runner != "in-process"
    async with storage.transaction():
        if not await imports.whole(
            import_id, touched_at=now if is_hinted else now - imports.SILENCE
        ):
            raise NotReceiving
        await audit.record(
            Event.TENANT_IMPORTED,
            actor=actor,
            resource=("import", str(import_id)),
            details={"state": ImportState.WAITING},
        )
        if is_hinted:
            job = ReadImport(str(import_id))
            await storage.after_commit(partial(port.hint, job, tenant_id=current_tenant().id))


async def remove(import_id: UUID, *, actor: Actor) -> bool:
    """Forget a file, and not what came of it; ``False`` where somebody reads it."""
    async with storage.transaction():
        row = await imports.remove(import_id)
        if row is None:
            return False
        await audit.record(
            Event.TENANT_IMPORT_REMOVED,
            actor=actor,
            resource=("import", str(import_id)),
            details={"state": row.state, "slug": row.slug, "size": row.size},
        )
    await imports.remove_pieces(row)
    return True


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
        await _end(row, *await _read(parts, row))
    except Overtaken:
        _log.warning("somebody else reads a tenant's file", file=str(row.id))


_Told = dict[str, object]


async def _read(parts: Installation, row: ImportRow) -> tuple[ImportState, _Told]:
    """What came of it. Raises ``Overtaken``; whatever else is raised lets it be tried again."""
    began = time.monotonic()
    try:
        brought = await _brought(parts, row)
    except (UnfitFile, WrongPassphrase, TenantIsHere, SlugTaken, BadSlug) as error:
        return ImportState.REFUSED, _refusal(error)
    except asyncio.CancelledError:
        is_late = time.monotonic() - began > _LATE_SECONDS
        # A process that ends is no fault of the file.
        attempts = row.attempts if is_late else row.attempts - 1
        with suppress(Overtaken):
            fault = "It took too long." if is_late else ""
            await imports.end(row, ImportState.WAITING, attempts=attempts, fault=fault)
        raise
    except Overtaken:
        raise
    except Exception as error:
        await imports.end(row, ImportState.WAITING, fault=f"{type(error).__name__}."[:512])
        raise
    return ImportState.DONE, _arrival(brought)


def _refusal(error: Exception) -> _Told:
    place = error if isinstance(error, UnfitFile) else UnfitFile()
    is_taken = isinstance(error, SlugTaken)
    words = "There is a tenant of this slug: give it another one." if is_taken else str(error)
    return {"fault": words[:512], "fault_line": place.line, "fault_part": place.part or ""}


def _arrival(brought: Brought) -> _Told:
    return {
        "brought_id": brought.tenant_id,
        "brought_slug": brought.slug,
        "brought_issuer": brought.issuer,
        "unproven": brought.unproven,
        "sha256": brought.sha256,
        "rows": sum(brought.rows.values()),
    }


async def _end(row: ImportRow, state: ImportState, told: _Told) -> None:
    async with storage.transaction():
        await imports.end(row, state, **told)
        await audit.record(
            Event.TENANT_IMPORTED,
            actor=_asked_by(row),
            resource=("import", str(row.id)),
            details={
                "state": state,
                "checked_only": row.check_only,
                "with_hosts": row.hosts,
                **{name: str(value) for name, value in told.items() if value},
            },
        )
    await imports.remove_pieces(row)


def _asked_by(row: ImportRow) -> Actor:
    return Actor("operator", row.requester, row.requested_by)


async def _brought(parts: Installation, row: ImportRow) -> Brought:
    cipher = await parts.encryption.cipher(row.tenant_id)
    opened = cipher.open(
        kind=_KIND, object_id=str(row.id), sealed=bytes(row.sealed_passphrase or b"")
    )
    wanted = Wanted(opened.decode(), row.slug or None, row.hosts)
    file, reading = Arriving(row), _Reading(parts, row)
    async with reading.said(), away():
        if row.check_only:
            return await examine(parts, file, wanted)
        try:
            return await bring_in(
                parts,
                file,
                wanted,
                actor=_asked_by(row),
                progress=partial(setattr, reading, "rows"),
                asked=row.id,
                confirm=reading.confirm,
            )
        except (TenantIsHere, SlugTaken):
            # Whoever brought it may have been killed before they could say so.
            brought = await came_of(parts, file, wanted, row.id)
            if brought is None:
                raise
            return brought


class _Reading:
    """That a file is being read, as it is said from time to time beside the transaction that does
    so. Who can't say it any more is broken off."""

    def __init__(self, parts: Installation, row: ImportRow) -> None:
        self._clock, self._row, self._tenant = parts.clock, row, current_tenant()
        self.rows = 0

    async def confirm(self) -> None:
        """Nobody else has begun, nor does for a while. Raises ``Overtaken``."""
        await asyncio.create_task(self._say(), context=Context())

    @asynccontextmanager
    async def said(self) -> AsyncIterator[None]:
        """Say so until the block ends. Raises ``Overtaken`` out of it."""
        limit = asyncio.timeout(None)
        try:
            async with limit:
                saying = asyncio.create_task(self._keep_saying(limit), context=Context())
                try:
                    yield
                finally:
                    saying.cancel()
                    await asyncio.wait([saying])
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise Overtaken from error

    async def _keep_saying(self, limit: asyncio.Timeout) -> None:
        while True:
            await asyncio.sleep(_SAYS_SO_SECONDS)
            try:
                await self._say()
            except Overtaken:
                limit.reschedule(0)
                return
            except Exception:  # noqa: BLE001  # it is asked again, and before the commit
                _log.warning("not said that a file is read", exc_info=True)

    async def _say(self) -> None:
        with use_tenant(self._tenant):
            await imports.touch(self._row, rows=self.rows, now=self._clock())
