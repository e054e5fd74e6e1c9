"""How a file comes to be: by one job after the other, each for a while, whoever is killed."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from authgate import storage
from authgate.installation import Installation
from authgate.jobs import port
from authgate.jobs.job import Job
from authgate.live import Kind
from authgate.storage import export_files
from authgate.storage.audit.exports import AuditExportRow
from authgate.storage.export_files import ExportFile, ExportState, Overtaken
from authgate.storage.tenants.exports import ExportRow

PIECE = 512 * 1024
"""Bytes of a piece before it is packed, or a page of rows more."""

AT_ONCE = 16
"""Pieces that are read together of what was written before."""

SECONDS = 50.0
"""How long a job writes on one, once it has read what was written before; another one goes on
then."""

TELLS_SECONDS = 15.0
"""Between two words that somebody is still reading that: far below the silence after which another
one begins."""

GIGABYTE = 1_000_000_000

_KINDS: tuple[type[ExportFile], ...] = (ExportRow, AuditExportRow)
"""Files that share what a tenant may have of them."""

Row = TypeVar("Row", bound=ExportFile)


class TooManyExports(RuntimeError):
    """There are as many files as there may be, or one is being written."""


class TooLarge(RuntimeError):
    """The tenant has more than its files may hold."""


class NotYet(RuntimeError):
    """What the file is to hold is not all there yet."""


class Lines(NamedTuple):
    """What follows in a file."""

    content: bytes
    rows: int


class Source(Protocol):
    """What a file is written from, wherever it has come to."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to be written."""

    @property
    def sha256(self) -> str:
        """Of all that was written."""

    def position(self) -> Mapping[str, Any]:
        """How far it has come with the lines that were taken."""

    def reread(self, content: bytes) -> None:
        """Take note of a piece that was written before; of all of them, before others follow."""

    def lines(self) -> AsyncGenerator[Lines]:
        """What follows, to the end. Raises ``NotYet``."""


class FileWriter(ABC, Generic[Row]):
    """Writes on one file in the scope of its tenant; a subclass for each kind."""

    def __init__(self, parts: Installation, row: Row) -> None:
        self._parts = parts
        self._row = row

    @abstractmethod
    async def opened(self) -> Source:
        """What it is written from, as somebody has left it."""

    @abstractmethod
    def job(self) -> Job:
        """Who goes on with it."""

    def packed(self, content: bytes) -> bytes:
        """A piece as it is stored; called in a thread, as ``unpacked`` is."""
        return content

    def unpacked(self, content: bytes) -> bytes:
        """The same piece again."""
        return content

    def counted(self, content: bytes, rows: int) -> Mapping[str, int]:
        """What a piece adds to the row's counts, by column, besides the size."""
        del content
        return {"rows": rows}

    async def write(self) -> None:
        """Write for a while. Where it takes longer another job goes on."""
        row = self._row
        try:
            source = await self.gone_on()
            await self._write(source)
        except Overtaken:
            return
        except TooLarge:
            await self._end(ExportState.FAILED)
        except NotYet:
            # Nothing was in vain; the next round looks again.
            since = self._parts.clock() - export_files.SILENCE
            await self._end(ExportState.WAITING, attempts=row.attempts - 1, touched_at=since)
        except Exception:
            await self._end(ExportState.WAITING)  # it is tried again
            raise
        else:
            await self.leave(source)

    async def gone_on(self) -> Source:
        """The file as somebody has left it. Raises ``Overtaken``."""
        row, source = self._row, await self.opened()
        number, told = 0, time.monotonic()
        while row.position and (contents := await export_files.written(row, number, most=AT_ONCE)):
            # In a thread: the requests of this process would wait for it.
            await asyncio.to_thread(self._reread, source, contents)
            number += len(contents)
            if time.monotonic() > told + TELLS_SECONDS:
                await export_files.touch(row, now=self._parts.clock())
                told = time.monotonic()
        return source

    def _reread(self, source: Source, contents: Sequence[bytes]) -> None:
        for each in contents:
            source.reread(self.unpacked(each))

    async def _write(self, source: Source) -> None:
        waiting, rows, end = bytearray(), 0, time.monotonic() + SECONDS
        async with aclosing(source.lines()) as rest:
            async for lines in rest:
                waiting += lines.content
                rows += lines.rows
                is_late = time.monotonic() > end
                if len(waiting) < PIECE and not is_late:
                    continue
                await self._store(bytes(waiting), rows, source)
                waiting, rows = bytearray(), 0
                if is_late:
                    return
        if waiting:
            await self._store(bytes(waiting), rows, source)

    async def _store(self, content: bytes, rows: int, source: Source) -> None:
        row, now = self._row, self._parts.clock()
        room = self._parts.settings.jobs.export_gigabytes * GIGABYTE
        packed = await asyncio.to_thread(self.packed, content)
        async with storage.transaction():
            used = [await export_files.used(each, besides=row.id, now=now) for each in _KINDS]
            if row.size + len(packed) + sum(used) > room:
                raise TooLarge
            await export_files.write(
                row,
                packed,
                position=source.position(),
                now=now,
                **self.counted(content, rows),
            )
            await self._parts.newsroom.publish(Kind.EXPORTS)

    async def _end(self, state: ExportState, **values: Any) -> None:
        async with storage.transaction():
            await export_files.end(self._row, state, **values)
            await self._parts.newsroom.publish(Kind.EXPORTS)

    async def leave(self, source: Source) -> None:
        """Offer the file, or let another job go on."""
        row = self._row
        if source.is_whole:
            await self._end(ExportState.READY, sha256=source.sha256)
            return
        await self._end(ExportState.WAITING)
        await port.hint(self.job(), tenant_id=row.tenant_id)
