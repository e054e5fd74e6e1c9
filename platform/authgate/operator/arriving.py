"""A file that was sent in pieces, as a stream: no copy of it lies anywhere.

Threads read it. Pieces come through the loop, in the operators' scope and by a connection of their
own: that of whoever imports is in a transaction of another tenant.
"""

import asyncio
import io
import time
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import TYPE_CHECKING, BinaryIO, cast

from authgate.portable.document import UnfitFile
from authgate.storage import StorageUnavailable
from authgate.storage.tenants import imports
from authgate.storage.tenants.imports import ImportRow
from authgate_tenants import current_tenant, use_tenant

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP = 16 + zlib.MAX_WBITS
"""How a piece is packed, as zlib says it."""

_AT_ONCE = 8
_BUFFER = 256 * 1024
_PATIENCE_SECONDS = 5.0
"""How long it is asked again where all connections are in use. A transaction that is idle for
twice as long is ended."""
_PAUSE_SECONDS = 0.1
_SECONDS = 30.0
"""How long a thread waits for pieces at most."""


class Arriving:
    """A file, to be opened as often as it is read. It is made in the operators' scope."""

    def __init__(self, row: ImportRow) -> None:
        self._row = row
        self._tenant = current_tenant()
        self._loop = asyncio.get_running_loop()

    @contextmanager
    def __call__(self) -> Iterator[BinaryIO]:
        """From its beginning. Once the block has ended it is not asked for any more, by whatever
        thread: who was cancelled leaves one behind."""
        pieces = _Pieces(self)
        try:
            # Not closed: that would wait for such a thread, which waits for the loop.
            yield cast(BinaryIO, io.BufferedReader(pieces, _BUFFER))
        finally:
            pieces.are_over = True

    def after(self, first: int) -> list[bytes]:
        """Some pieces from this one on, none at the end; for threads. Raises ``UnfitFile``."""
        count = min(_AT_ONCE, self._row.pieces - first)
        if count <= 0:
            return []
        # The context of the thread is that of the transaction.
        asked = Context().run(asyncio.run_coroutine_threadsafe, self._ask(first, count), self._loop)
        try:
            found = asked.result(_SECONDS)
        finally:
            asked.cancel()
        if len(found) != count:
            raise UnfitFile("A piece of it is gone.")
        return found

    async def _ask(self, first: int, count: int) -> list[bytes]:
        end = time.monotonic() + _PATIENCE_SECONDS
        with use_tenant(self._tenant):
            while True:
                try:
                    return await imports.pieces(self._row.id, first, count)
                except StorageUnavailable:
                    if time.monotonic() > end:
                        raise
                await asyncio.sleep(_PAUSE_SECONDS)


class _Pieces(io.RawIOBase):
    """The pieces, one after the other."""

    def __init__(self, arriving: Arriving) -> None:
        self._arriving = arriving
        self._packed: deque[bytes] = deque()
        self._number = 0
        self._rest = memoryview(b"")
        self.are_over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        while not self._rest:
            if not self._packed and not self._more():
                return 0
            self._rest = memoryview(zlib.decompress(self._packed.popleft(), GZIP))
        room = memoryview(buffer)
        size = min(len(room), len(self._rest))
        room[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    def _more(self) -> bool:
        if self.are_over:
            raise OSError("Nobody reads this file any more.")
        found = self._arriving.after(self._number)
        self._packed.extend(found)
        self._number += len(found)
        return bool(found)
